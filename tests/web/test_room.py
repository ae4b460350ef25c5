"""The room page: real browsers in a real Janus, with the gaze corrected by a real relay that knows where the eyes are.

The room's modules and their handling of Janus' messages are tested without a browser: tests/web/room.
"""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.clips import Clip
from tests.deadlines import scaled
from tests.firefox import Firefox, MissingError
from tests.running import RunningRelay
from tests.servers.janus import Room, RunningJanus
from tests.servers.ports import Port
from tests.test_end_to_end import OUTPUT, TURNED, compare
from tests.web.conftest import OpenPage
from tests.web.driving import TIMEOUT_MS, expect_notice
from tests.web.rooms import (
    INSTRUMENT_PAGE,
    expect_audio,
    expect_frames,
    expect_nobody,
    expect_person,
    expect_silence,
    join,
    longest_gap,
    picture_of,
    tile_of,
    turn,
    wait_for,
)
from tests.web.test_trouble import without_camera

# From the last frame of a killed relay to the next one at the other participant, seconds; 0.4 to 0.8 are usual.
RAW_WITHIN = 10  # seconds; usually 1 to 2, of which a busy machine makes several

# Firefox's fake camera has the requested size and rate, so smaller ones are requested.
SMALL_CAMERA = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = ({video, ...rest}) =>
  ask({...rest, ...(video && {video: {width: 320, height: 240, frameRate: 15}})});
"""

Pages = tuple[Page, Page]


@dataclass(frozen=True)
class Place:
    """Janus and the relay of these tests; the relay publishes into the same Janus."""

    janus: RunningJanus
    relay: RunningRelay
    flags: tuple[str, ...]

    def room(self, query: str = "") -> str:
        """Address of the room page."""
        return f"{self.relay.address}/room.html?{query}"


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    rooms: dict[int | str, Room] = {1234: {}, 5: {"pin": "4711"}}
    with RunningJanus(rooms) as janus:
        flags = ["--room-janus", janus.address, "--room", "1234", "--no-admission"]
        flags += ["--meetings", json.dumps({"janus": janus.address})]
        port = Port()
        with RunningRelay("--port", str(port.number), *flags, scripted=True) as relay:
            yield Place(janus, relay, tuple(flags))
        port.release()


def picture(page: Page, name: str) -> None:
    """Screenshots for review: wide and narrow, light and dark."""
    OUTPUT.mkdir(exist_ok=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width, height in ((1280, 800), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
            page.screenshot(path=OUTPUT / f"{name}-{scheme}-{width}.png")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")


def test_before_joining_one_sees_oneself_and_everything_has_a_name(open_page: OpenPage, place: Place) -> None:
    page = open_page("about:blank")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(place.room())
    expect(page.get_by_text("Your eyes are turned towards the lens")).to_be_visible(timeout=TIMEOUT_MS)
    unnamed = re.findall(r"^\s*- (?:button|combobox|textbox|link)\b(?! \")", page.locator("body").aria_snapshot(), re.M)
    assert unnamed == []
    picture(page, "room-lobby")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the picture")).to_be_focused()
    reached = set()
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert {"name", "join", "camera", "microphone", "turn-microphone", "turn-camera", "turn-correction"} <= reached
    page.get_by_label("Your name").fill("Kim")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Leave")).to_be_focused(timeout=TIMEOUT_MS)
    expect_person(page, "Kim", corrected=True)
    expect(page.locator("body")).to_have_attribute("data-phase", "joined", timeout=TIMEOUT_MS)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Join")).to_be_focused(timeout=TIMEOUT_MS)
    page.reload()
    expect(page.get_by_label("Your name")).to_have_value("Kim", timeout=TIMEOUT_MS)
    assert complaints == []


def test_a_room_with_a_pin_asks_for_it(open_page: OpenPage, place: Place) -> None:
    page = open_page(place.room("room=5&name=Kim"), without_camera("NotFoundError"))
    expect(page.get_by_label("PIN")).to_be_hidden()
    page.get_by_role("button", name="Join").click()
    expect_notice(page, "This room asks for a PIN")
    expect(page.get_by_label("PIN")).to_be_focused()
    page.keyboard.type("4711")
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_attribute("data-phase", "joined", timeout=TIMEOUT_MS)
    page.goto(place.room("room=5&pin=4711&name=Kim"))
    join(page, "Kim")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("janus=ws://elsewhere.test/", "This page may not call that meeting server"),
        ("via=relay&room=1234&janus=/janus&relay=/nothing/", "This relay cannot publish into the room"),
    ],
)
def test_a_wrong_address_is_explained(open_page: OpenPage, place: Place, query: str, sentence: str) -> None:
    page = open_page(place.room(f"name=Kim&{query}"))
    if "via" not in query:
        page.get_by_role("button", name="Join").click()
    expect_notice(page, sentence)
    expect(page.get_by_role("button", name="Join")).to_be_visible()


def test_without_a_camera_one_can_join_all_the_same(open_page: OpenPage, place: Place) -> None:
    page = open_page(place.room(), without_camera("NotFoundError"))
    expect_notice(page, "No camera was found")
    expect(page.get_by_role("button", name="Camera")).to_have_attribute("aria-pressed", "false")
    join(page, "Kim")
    expect_person(page, "Kim", corrected=False)


def test_an_insecure_page_says_so(open_page: OpenPage, place: Place) -> None:
    page = open_page(place.room(), "Object.defineProperty(navigator, 'mediaDevices', {value: undefined});")
    expect_notice(page, "This page needs a secure address")


def test_firefox_sees_and_is_seen(open_page: OpenPage, place: Place) -> None:
    try:
        with Firefox() as firefox:
            firefox.prepare(SMALL_CAMERA + INSTRUMENT_PAGE)
            firefox.open(place.room("name=Fox"))
            wait_for(lambda: not firefox.evaluate("document.getElementById('join').disabled"), "Firefox's camera")
            ben = open_page(place.room(), INSTRUMENT_PAGE)
            join(ben, "Ben")
            firefox.click("#join")
            expect_frames(ben, "Fox")
            wait_for(lambda: firefox.evaluate("!!window.tile('Ben')"), "Firefox sees Ben")
            expect_frames(firefox, "Ben")
            wait_for(
                lambda: firefox.evaluate("window.tile('Ben').dataset.corrected") == "true", "and that Ben is corrected"
            )
            OUTPUT.mkdir(exist_ok=True)
            firefox.picture(OUTPUT / "room-firefox.png")
            turn(ben, "Leave")
            wait_for(lambda: not firefox.evaluate("!!window.tile('Ben')"), "Ben has left")
    except MissingError as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="module")
def pair(browser: Browser, place: Place) -> Iterator[Pages]:
    """Ana, published by the relay, and Ben, published by the page; in the room through all tests below."""
    ana, ben = (open_room(browser, place.room(query)) for query in ("via=relay", ""))
    join(ana, "Ana")
    join(ben, "Ben")
    expect_together(ana, ben)
    yield ana, ben
    for page in (ana, ben):
        page.context.close()


def open_room(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.add_init_script(INSTRUMENT_PAGE)
    page.goto(address)
    return page


def watchers(pair: Pages) -> tuple[tuple[Page, Page, str], ...]:
    """For each of the two: their page, the other page, their name."""
    return ((pair[0], pair[1], "Ana"), (pair[1], pair[0], "Ben"))


def expect_together(ana: Page, ben: Page) -> None:
    """Wait until each sees the other once, corrected."""
    for _, other, name in watchers((ana, ben)):
        expect_person(other, name, corrected=True)
        expect(other.locator("#grid .tile:not([hidden])")).to_have_count(2, timeout=TIMEOUT_MS)


def rise(page: Page, name: str, camera: Clip, count: int = 5) -> float:
    """By how much the irises of this participant rise, pixels; the median of some frames."""
    return median(compare(*picture_of(page, name, camera), camera).rise for _ in range(count))


def test_each_sees_and_hears_the_other_with_eyes_turned(pair: Pages, camera: Clip) -> None:
    turned = TURNED * camera.eye_width / 48
    for _, other, name in watchers(pair):
        assert expect_frames(other, name) == (camera.width, camera.height)
        expect_audio(other, name)
        wait_for(lambda: rise(other, name, camera) > turned, f"{name}'s eyes are turned")  # noqa: B023 - called at once
    picture(pair[1], "room-people")


def test_who_speaks_is_shown(pair: Pages) -> None:
    for speaks in ("true", "false"):
        expect(tile_of(pair[1], "Ana")).to_have_attribute("data-speaks", speaks, timeout=TIMEOUT_MS)


def test_a_muted_microphone_is_not_heard(pair: Pages) -> None:
    turn_both(pair, "Microphone")
    for page, other, name in watchers(pair):
        expect(page.get_by_role("button", name="Microphone")).to_have_attribute("aria-pressed", "false")
        expect_silence(other, name)
    turn_both(pair, "Microphone")
    for _, other, name in watchers(pair):
        expect_audio(other, name)


def turn_both(pair: Pages, what: str) -> None:
    for page in pair:
        turn(page, what)


def test_the_others_see_own_eyes_and_are_told_where_they_are_not_turned(pair: Pages, camera: Clip) -> None:
    turned = TURNED * camera.eye_width / 48
    for _, other, name in watchers(pair):
        expect(tile_of(other, name)).to_contain_text("eye contact")
    turn_both(pair, "Eye contact")
    for _, other, name in watchers(pair):
        expect_person(other, name, corrected=False)
        expect(tile_of(other, name)).not_to_contain_text("eye contact", use_inner_text=True)
        wait_for(lambda: rise(other, name, camera) < turned / 2, f"{name}'s own eyes")  # noqa: B023 - called at once
    turn_both(pair, "Eye contact")
    expect_together(*pair)


def test_without_a_camera_one_stays_in_the_room(pair: Pages) -> None:
    turn_both(pair, "Camera")
    for page, other, name in watchers(pair):
        expect_person(other, name, corrected=False)
        expect(tile_of(page, name)).to_have_attribute("data-blank", "true")
        wait_for(lambda: expect_frames(other, name, 2) == (640, 480), "the blank picture's size")  # noqa: B023 - called at once
    turn_both(pair, "Camera")
    expect_together(*pair)
    expect_frames(pair[1], "Ana")


def test_everybody_is_back_when_janus_is(pair: Pages, place: Place) -> None:
    place.janus.kill()
    for page, other, name in watchers(pair):
        expect_notice(page, "The meeting server cannot be reached")
        expect_nobody(other, name)
    place.janus.start()
    expect_together(*pair)
    for page, other, name in watchers(pair):
        expect_frames(other, name)
        expect(page.get_by_role("alert")).to_be_hidden(timeout=TIMEOUT_MS)


def test_a_lost_relay_leaves_the_raw_picture_in_the_room(pair: Pages, place: Place) -> None:
    ana, ben = pair
    for _, other, name in watchers(pair):
        other.evaluate(f"record('{name}')")
        wait_for(lambda: other.evaluate("window.shown.length") > 5, "a picture")  # noqa: B023 - called at once
    killed = time.time() * 1000
    place.relay.kill()
    for page, other, name in watchers(pair):
        expect_person(other, name, corrected=False)
        expect_frames(other, name)
        expect_notice(page, "The others see your own picture, uncorrected")
    still = {name: longest_gap(other, killed) for _, other, name in watchers(pair)}
    assert max(still.values()) < scaled(RAW_WITHIN), still
    with RunningRelay("--port", str(place.relay.port), *place.flags, scripted=True):
        expect_together(*pair)
        expect(ana.get_by_role("alert")).to_be_hidden(timeout=TIMEOUT_MS)
        turn(ben, "Leave")
        expect_nobody(ana, "Ben")
        expect(ben.get_by_role("button", name="Join")).to_be_focused()
        expect(ana.get_by_text("Nobody else is here yet")).to_be_visible()
