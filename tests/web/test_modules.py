"""The page's pure modules, run in the browser they are written for. No relay: files come from the folder."""

from playwright.sync_api import Browser

from tests.web.folder import serve_folder


def test_an_insecure_address_is_explained(browser: Browser) -> None:
    page = browser.new_page()
    page.route("**", serve_folder)
    page.goto("http://eyeline.test/")
    alert = page.get_by_role("alert")
    alert.wait_for()
    assert "secure address" in alert.inner_text()
    assert page.get_by_role("button", name="Start camera").is_disabled()
    page.close()
