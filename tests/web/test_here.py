"""Where to warp: the choice, and a call in which the browser warps its own full-size frames.

Changing the place while connecting, and losing the relay meanwhile: call.test.js, test_library.py.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.clips import Clip
from tests.running import RunningRelay
from tests.scripted import SMALL
from tests.stamp import __file__ as stamp_py
from tests.test_end_to_end import TURNED, Difference, compare, grab, poll
from tests.web.conftest import OpenPage
from tests.web.driving import (
    RECORD_MESSAGES,
    TIMEOUT_MS,
    expect_gaze,
    expect_notice,
    expect_showing,
    moves,
    start_call,
    wait_until,
)

STAMP = Path(stamp_py).with_suffix(".js").read_text()
NO_WEBGL = """
for (const kind of [HTMLCanvasElement, OffscreenCanvas]) {
  const get = kind.prototype.getContext;
  kind.prototype.getContext = function (name, ...rest) {
    return name === 'webgl2' ? null : get.call(this, name, ...rest);
  };
}
"""


@pytest.fixture(scope="module")
def camera() -> Clip:
    """SMALL, enlarged: larger than the copy that is sent to the relay."""
    factor = 2.25
    size = {name: round(factor * getattr(SMALL, name)) for name in ("width", "height", "eye_width", "sway")}
    return replace(SMALL, **size)


@pytest.fixture(scope="module")
def relay() -> Iterator[RunningRelay]:
    """A relay that finds the eyes in the small copy."""
    with RunningRelay("--port", "0", "--pipeline", "sequential", scripted=True) as relay:
        yield relay


@pytest.fixture(scope="module")
def here(browser: Browser, relay: RunningRelay) -> Iterator[Page]:
    """A call through all tests of this module; it began with the relay warping, and now the browser warps."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.add_init_script(RECORD_MESSAGES + STAMP)
    page.goto(relay.address)
    start_call(page)
    wait_until(page, "!document.querySelector('#both tbody').rows[0].cells[1].matches('.idle')")
    choose(page, "This browser")
    wait_until(page, "!document.querySelector('#both tbody').rows[0].cells[2].matches('.idle')")
    expect_showing(page, "corrected")
    expect_gaze(page, "Gaze corrected")
    yield page
    context.close()


def choose(page: Page, place: str) -> None:
    page.get_by_role("radio", name=place).check(force=True)


def measure(page: Page, camera: Clip) -> list[Difference]:
    """How the next frames were changed."""
    return [compare(number, picture, camera) for number, picture in grab(page, "#corrected", 5, camera)]


def min_rise(camera: Clip) -> float:
    """The least rise that counts as turned, for eyes of this size."""
    return TURNED * camera.eye_width / 48


def cost(page: Page, row: str) -> list[str]:
    """The table's values for the relay and for this browser."""
    cells: list[str] = page.get_by_role("row", name=re.compile(f"^{row}")).locator("td").all_inner_texts()
    return cells


def test_the_choice_is_remembered(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    expect(page.get_by_role("radio", name="Relay")).to_be_checked()
    expect(page.get_by_text("The relay sends the corrected picture back")).to_be_visible()
    page.get_by_role("radio", name="Relay").press("ArrowRight")
    expect(page.get_by_text("sends only where to move the pixels")).to_be_visible()
    expect(page.get_by_text("The relay sends the corrected picture back")).to_be_hidden()
    page.reload()
    expect(page.get_by_role("radio", name="This browser")).to_be_checked()
    assert page.evaluate("JSON.parse(localStorage.getItem('eyeline.settings')).where") == "here"


def test_a_browser_that_cannot_warp_is_told_why(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address, NO_WEBGL + "localStorage.setItem('eyeline.settings', '{\"where\": \"here\"}');")
    expect(page.get_by_role("radio", name="This browser")).to_be_disabled()
    expect(page.get_by_role("radio", name="Relay")).to_be_checked()
    expect(page.locator("#where-why")).to_contain_text("WebGL 2")


def test_an_older_relay_is_told_from_a_broken_one(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    problem = '{"status": 400, "code": "malformed", "title": "Bad Request", "detail": "returns: unknown"}'

    def refuse_returns(route: Route) -> None:
        if "returns" in (route.request.post_data_json or {}):
            route.fulfill(status=400, body=problem)
        else:
            route.continue_()

    page.route("**/api/sessions", refuse_returns)
    choose(page, "This browser")
    page.get_by_role("button", name="Start camera").click()
    expect_notice(page, "cannot leave the warping to this browser")
    expect_showing(page, "original")
    assert moves(page, "original")
    page.get_by_role("button", name="Warp at the relay").click()
    expect_showing(page, "corrected")
    expect(page.get_by_role("radio", name="Relay")).to_be_checked()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_the_full_picture_is_warped_here(here: Page, camera: Clip) -> None:
    corrected: list[Difference] = []

    def enough() -> bool:
        corrected.extend(one for one in measure(here, camera) if one.rise > min_rise(camera))
        return len(corrected) >= 5

    poll(enough)
    here.get_by_role("switch", name="Correct my gaze").uncheck()
    expect_gaze(here, "correction is off")
    passed: list[Difference] = []

    def faded() -> bool:
        passed[:] = measure(here, camera)
        return median(one.rise for one in passed) < min_rise(camera) / 2

    poll(faded)
    here.get_by_role("switch", name="Correct my gaze").check()
    # Nothing but the eyes has changed, and the frames have passed no codec.
    assert median(one.outside for one in corrected) > median(one.outside for one in passed) - 1
    assert median(one.outside for one in passed) > 34


def test_only_a_small_copy_goes_and_no_picture_comes_back(here: Page) -> None:
    wait_until(here, "!Number.isNaN(parseFloat(document.querySelector('#both tbody').rows[0].cells[2].textContent))")
    assert float(cost(here, "Received")[1]) < 1
    assert float(cost(here, "Sent")[1]) < 1.3
    assert float(cost(here, "Received")[0]) > 0, "the last known values of the other place are gone"
    assert here.evaluate("document.querySelector('#both tbody').rows[0].cells[1].matches('.idle')")
    assert here.evaluate("document.getElementById('corrected').srcObject.getAudioTracks().length") == 0
    expect(here.get_by_role("switch", name="Play returned sound")).to_be_disabled()


def test_the_figures_and_the_strip_are_those_of_this_browser(here: Page, camera: Clip) -> None:
    here.get_by_text("More figures").click()
    expect(here.get_by_role("row", name="Picture")).to_contain_text(re.compile(f"{camera.width} . {camera.height}"))
    for row in ("Find the eyes", "Plan the turn", "Turn the eyes"):
        expect(here.get_by_role("row", name=re.compile(f"^{row}.*\\d"))).to_be_visible(timeout=TIMEOUT_MS)
    here.get_by_text("More figures").click()
    expect(here.locator("#ages")).to_contain_text("Shown with landmarks", timeout=TIMEOUT_MS)


def test_back_at_the_relay_the_sound_makes_the_journey_again(here: Page) -> None:
    choose(here, "Relay")
    wait_until(here, "document.querySelector('#both tbody').rows[0].cells[2].matches('.idle')")
    expect_showing(here, "corrected")
    expect_gaze(here, "Gaze corrected")
    assert here.evaluate("document.getElementById('corrected').srcObject.getAudioTracks().length") == 1
    expect(here.get_by_role("alert")).to_be_hidden()
