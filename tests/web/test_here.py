"""Where to warp: the choice, and a call in which the browser warps its own full picture."""

import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.clips import Clip
from tests.running import RunningRelay
from tests.stamp import __file__ as stamp_py
from tests.test_end_to_end import TURNED, Difference, compare, grab, poll
from tests.web.conftest import OpenPage
from tests.web.driving import LISTEN, PATIENCE, begin, expect_gaze, expect_notice, expect_showing, moves, wait_until
from tests.web.test_trouble import FALLS_BACK, WATCH, fallen_back

STAMP = Path(stamp_py).with_suffix(".js").read_text()
NO_WEBGL = """
for (const kind of [HTMLCanvasElement, OffscreenCanvas]) {
  const get = kind.prototype.getContext;
  kind.prototype.getContext = function (name, ...rest) {
    return name === 'webgl2' ? null : get.call(this, name, ...rest);
  };
}
"""

# Answers to offers arrive a second late.
SLOW_ANSWERS = """
const ask = window.fetch;
window.fetch = async (address, options) => {
  const answer = await ask(address, options);
  if (options.method === 'POST') await new Promise((soon) => setTimeout(soon, 1000));
  return answer;
};
"""


@pytest.fixture(scope="module")
def camera() -> Clip:
    """Larger than the copy that goes to the relay."""
    return Clip(width=960, height=540, eye_width=54, sway=16, seconds=6, blinks=(2.0, 4.5), numbered=True)


@pytest.fixture(scope="module")
def here(browser: Browser, relay: RunningRelay) -> Iterator[Page]:
    """A call that goes on through the tests of this module, warped in the browser."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(LISTEN + STAMP)
    page.goto(relay.address)
    choose(page, "This browser")
    begin(page)
    expect_gaze(page, "Gaze corrected")
    yield page
    context.close()


def choose(page: Page, place: str) -> None:
    page.get_by_role("radio", name=place).check(force=True)


def turned(page: Page, camera: Clip, wanted: int = 5) -> list[Difference]:
    """What was done to pictures whose eyes have risen; waits until there are enough of them."""
    found: list[Difference] = []

    def look() -> bool:
        pictures = grab(page, "#corrected", 5, camera)
        differences = [compare(number, picture, camera) for number, picture in pictures]
        found.extend(one for one in differences if one.rise > scaled(camera))
        return len(found) >= wanted

    poll(look)
    return found


def scaled(camera: Clip) -> float:
    """The least rise that counts, for eyes of this size."""
    return TURNED * camera.eye_width / 48


def cost(page: Page, row: str) -> list[str]:
    """What the table says of the relay and of this browser."""
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
    begin(page)
    assert page.evaluate("document.getElementById('corrected').srcObject.getAudioTracks().length") == 1


def test_an_older_relay_is_told_from_a_broken_one(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    problem = '{"status": 400, "code": "malformed", "title": "Bad Request", "detail": "returns: unknown"}'

    def be_older(route: Route) -> None:
        if "returns" in (route.request.post_data_json or {}):
            route.fulfill(status=400, body=problem)
        else:
            route.continue_()

    page.route("**/api/sessions", be_older)
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
    here.get_by_role("switch", name="Correct my gaze").check()
    corrected = turned(here, camera)
    here.get_by_role("switch", name="Correct my gaze").uncheck()
    expect_gaze(here, "correction is off")
    here.wait_for_timeout(1000)  # the effect fades
    passed = [compare(number, picture, camera) for number, picture in grab(here, "#corrected", 8, camera)]
    here.get_by_role("switch", name="Correct my gaze").check()
    assert median(one.rise for one in passed) < scaled(camera) / 2
    # Nothing but the eyes has changed, and no codec has been at it.
    assert median(one.outside for one in corrected) > median(one.outside for one in passed) - 1
    assert median(one.outside for one in passed) > 34


def test_only_a_small_copy_goes_and_no_picture_comes_back(here: Page) -> None:
    wait_until(here, "!Number.isNaN(parseFloat(document.querySelector('#both tbody').rows[0].cells[2].textContent))")
    assert float(cost(here, "Received")[1]) < 1
    assert float(cost(here, "Sent")[1]) < 1.3
    assert not cost(here, "Received")[0].isdigit(), "nothing is known yet of the relay"
    assert here.evaluate("document.getElementById('corrected').srcObject.getAudioTracks().length") == 0
    expect(here.get_by_role("switch", name="Play returned sound")).to_be_disabled()


def test_the_figures_and_the_strip_are_those_of_this_browser(here: Page, camera: Clip) -> None:
    here.get_by_text("More figures").click()
    expect(here.get_by_role("row", name="Picture")).to_contain_text(re.compile(f"{camera.width} . {camera.height}"))
    for row in ("Find the eyes", "Plan the turn", "Turn the eyes"):
        expect(here.get_by_role("row", name=re.compile(f"^{row}.*\\d"))).to_be_visible(timeout=PATIENCE)
    here.get_by_text("More figures").click()
    expect(here.locator("#ages")).to_contain_text("Shown with landmarks", timeout=PATIENCE)


def test_one_can_move_there_and_back_during_a_call(here: Page, camera: Clip) -> None:
    here.evaluate(WATCH)
    for place, index in (("Relay", 0), ("This browser", 1)):
        choose(here, place)
        expect_showing(here, "original")
        expect_showing(here, "corrected")
        expect_gaze(here, "Gaze corrected")
        assert turned(here, camera, 2)
        wait_until(here, f"!document.querySelector('#both tbody').rows[0].cells[{1 + index}].matches('.idle')")
        assert here.evaluate(f"document.querySelector('#both tbody').rows[0].cells[{2 - index}].matches('.idle')")
        assert float(cost(here, "Received")[1 - index]) > 0, "the last known figures of the other place are gone"
        expect(here.get_by_role("alert")).to_be_hidden()
    assert "nothing" not in here.evaluate("window.shown.map(({showing}) => showing)")


def test_one_can_change_ones_mind_while_it_connects(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address, SLOW_ANSWERS)
    begin(page)
    for place in ("This browser", "Relay", "This browser"):
        choose_and_be_heard(page, place, relay)
    choose(page, "Relay")
    expect_showing(page, "corrected")
    expect_gaze(page, "Gaze corrected")
    expect(page.get_by_role("alert")).to_be_hidden()
    assert page.evaluate("document.getElementById('corrected').srcObject.getAudioTracks().length") == 1
    page.get_by_role("button", name="Stop").click()
    mine = set(sessions(relay, "begins")[-4:])
    poll(lambda: mine <= set(sessions(relay, "closed by its client")))


def choose_and_be_heard(page: Page, place: str, relay: RunningRelay) -> None:
    """Choose, and wait until the relay has got the offer; its answer is still under way."""
    begun = len(sessions(relay, "begins"))
    choose(page, place)
    poll(lambda: len(sessions(relay, "begins")) > begun)


def sessions(relay: RunningRelay, what: str) -> list[str]:
    """Which ones the relay has said this of."""
    return [line.split()[3] for line in relay.lines if what in line]


def test_another_camera_is_followed(here: Page, camera: Clip) -> None:
    here.get_by_label("Camera", exact=True).select_option(index=1)
    expect_showing(here, "corrected")
    assert turned(here, camera, 2)
    here.get_by_label("Microphone", exact=True).select_option(index=1)
    expect_showing(here, "corrected")


@pytest.mark.timeout(240)
def test_a_lost_relay_leaves_the_raw_picture_and_a_new_one_is_found(
    here: Page, relay: RunningRelay, camera: Clip
) -> None:
    here.evaluate("window.local = document.getElementById('corrected').srcObject.getVideoTracks()[0]")
    here.evaluate(WATCH)
    relay.kill()
    expect_showing(here, "original")
    assert fallen_back(here) < FALLS_BACK
    expect_notice(here, "relay")
    expect_gaze(here, "Not corrected")
    assert moves(here, "original")
    # What a meeting would be given goes on as well, and is the camera's own picture.
    assert here.evaluate("window.local.readyState") == "live"
    raw = [compare(number, picture, camera) for number, picture in grab(here, "#corrected", 5, camera)]
    assert median(one.rise for one in raw) < scaled(camera) / 2
    with RunningRelay("--port", str(relay.port)):
        expect_showing(here, "corrected")
        expect_gaze(here, "Gaze corrected")
        expect(here.get_by_role("alert")).to_be_hidden()
        assert turned(here, camera, 2)
        here.get_by_role("button", name="Stop").click()
        assert here.evaluate("window.local.readyState") == "ended"
