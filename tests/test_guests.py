"""A guest of a relay that requires tokens and uses TURN: a real browser, a real coturn."""

from playwright.sync_api import Browser

from tests.browser import begin_call
from tests.running import RunningRelay
from tests.servers.coturn import RunningCoturn

KEY = "the relay's own key, of 32 bytes."
SECRET = "what only both know"  # noqa: S105


def test_whoever_opens_the_page_gets_a_token_and_turn_without_asking(browser: Browser) -> None:
    responses: list[str] = []
    with RunningCoturn(SECRET) as coturn:
        turn = ("--turn-urls", f'["{coturn.urls[0]}"]', "--turn-secret", SECRET)
        with (
            RunningRelay("--port", "0", "--token-key", KEY, "--guests", *turn, scripted=True) as relay,
            browser.new_page() as page,
        ):
            page.on(
                "response", lambda answer: responses.append(f"{answer.request.method} {answer.url} {answer.status}")
            )
            begin_call(page, relay.address)
            page.click("#stop")
        guests = coturn.log.count(":guest-")
    assert f"POST {relay.address}/api/guest 200" in responses
    assert f"POST {relay.address}/api/sessions 201" in responses
    assert not [one for one in responses if one.endswith((" 401", " 403"))], "it requested what is not allowed"
    assert guests, "the browser did not use the TURN server"
    assert KEY not in "\n".join(relay.lines)
