"""Fixtures of the browser tests: a page, and a page in a call."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.running import RunningRelay
from tests.web.driving import RECORD_MESSAGES, TIMEOUT_MS, start_call
from tests.web.folder import serve_folder

OpenPage = Callable[..., Page]

expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page without a relay, into which the modules in web/ can be imported."""
    page = browser.new_page()
    page.route("**", serve_folder)
    page.goto("http://eyeline.test/logo.svg")
    yield page
    page.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens an address in a fresh profile and records the page's data channels; all pages close with the test.

    script: JavaScript to run before the page's own.
    """
    contexts = []

    def open_(address: str, script: str = "") -> Page:
        contexts.append(browser.new_context(viewport={"width": 1280, "height": 800}))
        page = contexts[-1].new_page()
        page.set_default_timeout(TIMEOUT_MS)
        page.add_init_script(RECORD_MESSAGES + script)
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def live(browser: Browser, relay: RunningRelay) -> Iterator[Page]:
    """One page whose call continues through all tests of a module; each test restores its settings."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.add_init_script(RECORD_MESSAGES)
    page.goto(relay.address)
    start_call(page)
    yield page
    context.close()
