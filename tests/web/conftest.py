"""A page of Eyeline in the browser: what the tests of the page start from."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.running import RunningRelay
from tests.web.driving import LISTEN, PATIENCE, begin
from tests.web.folder import serve_folder

OpenPage = Callable[..., Page]

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page of no relay, into which the modules in web/ can be imported."""
    page = browser.new_page()
    page.route("**", serve_folder)
    page.goto("http://eyeline.test/logo.svg")
    yield page
    page.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens an address in a fresh profile, the page's data channels overheard; all of them close with the test.

    script: JavaScript to run before the page's own.
    """
    contexts = []

    def open_(address: str, script: str = "") -> Page:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 800}))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.add_init_script(LISTEN + script)
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def live(browser: Browser, relay: RunningRelay) -> Iterator[Page]:
    """One page whose call goes on through all tests of a module; each leaves it as it was."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(LISTEN)
    page.goto(relay.address)
    begin(page)
    yield page
    context.close()
