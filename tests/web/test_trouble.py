"""What the page says and does when something is missing, refuses or goes away."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import FLAGS
from tests.running import RunningRelay
from tests.web.conftest import OpenPage
from tests.web.driving import begin, expect_gaze, expect_notice, expect_relay_uses, expect_showing, moves

# From the relay's last word to the camera's own picture, milliseconds. The page takes 0.6 to 0.75 s; the rest is for
# a machine that is busy with other things.
FALLS_BACK = 2000

WATCH = """
window.shown = [];
new MutationObserver(() => window.shown.push({at: performance.now(), showing: stage.dataset.showing}))
  .observe(stage, {attributeFilter: ['data-showing']});
"""


def without_camera(error: str, kinds: str = "[]") -> str:
    """A script that lets the browser answer every request for a camera with this error."""
    return f"""
        navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{error}'); }};
        navigator.mediaDevices.enumerateDevices =
          async () => {kinds}.map((kind) => ({{kind, deviceId: kind, label: ''}}));
    """


@pytest.fixture(scope="module")
def relay(model: object) -> Iterator[RunningRelay]:
    """A relay with one place."""
    with RunningRelay("--port", "0", "--max-sessions", "1") as relay:
        yield relay


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("NotFoundError", "No camera was found"),
        ("NotReadableError", "The camera is in use"),
        ("UnknownError", "The camera could not be started"),
    ],
)
def test_a_camera_that_cannot_be_had(open_page: OpenPage, relay: RunningRelay, error: str, sentence: str) -> None:
    page = open_page(relay.address, without_camera(error, "['audioinput']"))
    page.get_by_role("button", name="Start camera").click()
    expect_notice(page, sentence)
    expect(page.get_by_role("button", name="Start camera")).to_be_enabled()


def test_a_refused_camera(browser: Browser, chromium: Path, relay: RunningRelay) -> None:
    flags = [flag for flag in FLAGS if flag != "--use-fake-ui-for-media-stream"]  # which would say yes
    strict = browser.browser_type.launch(executable_path=chromium, args=flags)
    try:
        page = strict.new_page()
        page.goto(relay.address)
        page.get_by_role("button", name="Start camera").click()
        expect_notice(page, "The camera was refused")
        expect_showing(page, "nothing")
    finally:
        strict.close()


def test_a_microphone_that_cannot_be_had_costs_the_sound_only(open_page: OpenPage, relay: RunningRelay) -> None:
    script = """
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wish) => {
          if (wish.audio) throw new DOMException('', 'NotFoundError');
          return ask(wish);
        };"""
    page = open_page(relay.address, script)
    begin(page)
    expect_notice(page, "no sound is sent")
    page.get_by_role("button", name="Fine").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    page.get_by_role("button", name="Stop").click()


def test_a_camera_that_is_pulled_out(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    begin(page)
    page.evaluate("document.getElementById('original').srcObject.getVideoTracks()[0].dispatchEvent(new Event('ended'))")
    expect_notice(page, "The camera was disconnected")
    expect_showing(page, "nothing")


def test_a_full_relay_is_asked_again(open_page: OpenPage, relay: RunningRelay) -> None:
    first, second = open_page(relay.address), open_page(relay.address)
    begin(first)
    second.get_by_role("button", name="Start camera").click()
    expect_notice(second, "The relay is full")
    expect_showing(second, "original")
    assert moves(second, "original")
    first.get_by_role("button", name="Stop").click()
    expect_showing(second, "corrected")
    expect(second.get_by_role("alert")).to_be_hidden()


def test_an_offer_the_relay_refuses_is_not_repeated(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    problem = '{"status": 422, "code": "unsupported_codec", "title": "x", "detail": "no codec in common"}'
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.method)
        route.fulfill(status=422, body=problem)

    page.route("**/api/sessions", refuse)
    page.get_by_role("button", name="Start camera").click()
    expect_notice(page, "share no video format")
    page.wait_for_timeout(1000)
    assert len(asked) == 1
    page.get_by_role("button", name="Try again").click()
    page.wait_for_timeout(1000)
    assert len(asked) == 2


def test_an_unreachable_relay(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    page.route("**/api/**", lambda route: route.abort())
    page.get_by_role("button", name="Start camera").click()
    expect_notice(page, "The relay cannot be reached")
    expect_gaze(page, "Not corrected")
    assert moves(page, "original")
    page.unroute("**/api/**")
    page.get_by_role("button", name="Try now").click()
    expect_showing(page, "corrected")


def test_a_relay_that_is_killed_and_comes_back(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    begin(page)
    page.get_by_role("slider", name="Strength").fill("60")
    expect_relay_uses(page, strength=60)
    page.evaluate(WATCH)
    relay.kill()
    expect_showing(page, "original")
    assert fallen_back(page) < FALLS_BACK
    assert moves(page, "original")
    expect_notice(page, "relay")
    expect_gaze(page, "Not corrected")
    with RunningRelay("--port", str(relay.port)):
        expect_showing(page, "corrected")
        expect_relay_uses(page, strength=60)
        expect(page.get_by_role("alert")).to_be_hidden()
        assert moves(page, "corrected")
        assert "nothing" not in page.evaluate("window.shown.map(({showing}) => showing)")
        page.get_by_role("button", name="Stop").click()


def fallen_back(page: Page) -> float:
    """Milliseconds from the relay's last word to the original picture."""
    script = """(shown.findLast(({showing}) => showing === 'original')?.at ?? 0)
        - Math.max(...heard.map(({at}) => at))"""
    return float(page.evaluate(script))
