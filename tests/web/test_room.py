"""The room page: real browsers in a real Janus, with eyes turned by a real relay that knows where they are.

What the room does by itself, and what it makes of what Janus says, is tested without a browser: room-*.test.js.
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
from tests.web.driving import PATIENCE, expect_notice
from tests.web.rooms import (
    OVERHEAR,
    expect_frames,
    expect_nobody,
    expect_person,
    expect_silence,
    expect_sound,
    join,
    picture_of,
    standstill,
    tile_of,
    turn,
    wait_for,
)
from tests.web.test_trouble import without_camera

# From the last picture of a relay that dies to the next one at the other end, seconds; 0.4 to 0.8 are needed.
RAW_WITHIN = 2.0

# Firefox's own camera would be as large and fast as it was asked for.
SMALL_CAMERA = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = ({video, ...rest}) =>
  ask({...rest, ...(video && {video: {width: 320, height: 240, frameRate: 15}})});
"""

Faces = tuple[Page, Page]


@dataclass(frozen=True)
class Place:
    """Where the tests meet; the relay publishes into the same Janus."""

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
    """What it looks like, for people: wide and narrow, light and dark."""
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
    expect(page.get_by_text("Your eyes are turned towards the lens")).to_be_visible(timeout=PATIENCE)
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
    expect(page.get_by_role("button", name="Leave")).to_be_focused(timeout=PATIENCE)
    expect_person(page, "Kim", corrected=True)
    expect(page.locator("body")).to_have_attribute("data-phase", "joined", timeout=PATIENCE)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Join")).to_be_focused(timeout=PATIENCE)
    page.reload()
    expect(page.get_by_label("Your name")).to_have_value("Kim", timeout=PATIENCE)
    assert complaints == []


def test_a_room_with_a_pin_asks_for_it(open_page: OpenPage, place: Place) -> None:
    page = open_page(place.room("room=5&name=Kim"), without_camera("NotFoundError"))
    expect(page.get_by_label("PIN")).to_be_hidden()
    page.get_by_role("button", name="Join").click()
    expect_notice(page, "This room asks for a PIN")
    expect(page.get_by_label("PIN")).to_be_focused()
    page.keyboard.type("4711")
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_attribute("data-phase", "joined", timeout=PATIENCE)
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
            firefox.prepare(SMALL_CAMERA + OVERHEAR)
            firefox.open(place.room("name=Fox"))
            wait_for(lambda: not firefox.evaluate("document.getElementById('join').disabled"), "Firefox's camera")
            ben = open_page(place.room(), OVERHEAR)
            join(ben, "Ben")
            firefox.click("#join")
            expect_frames(ben, "Fox")
            wait_for(lambda: firefox.evaluate("!!window.tile('Ben')"), "Firefox sees Ben")
            expect_frames(firefox, "Ben")
            wait_for(
                lambda: firefox.evaluate("window.tile('Ben').dataset.corrected") == "true", "and that he is corrected"
            )
            OUTPUT.mkdir(exist_ok=True)
            firefox.picture(OUTPUT / "room-firefox.png")
            turn(ben, "Leave")
            wait_for(lambda: not firefox.evaluate("!!window.tile('Ben')"), "Ben has left")
    except MissingError as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="module")
def pair(browser: Browser, place: Place) -> Iterator[Faces]:
    """Ana, whose picture the relay publishes, and Ben, who publishes his own; in the room through all tests below."""
    ana, ben = (open_room(browser, place.room(query)) for query in ("via=relay", ""))
    join(ana, "Ana")
    join(ben, "Ben")
    expect_together(ana, ben)
    yield ana, ben
    for page in (ana, ben):
        page.context.close()


def open_room(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(OVERHEAR)
    page.goto(address)
    return page


def watchers(pair: Faces) -> tuple[tuple[Page, Page, str], ...]:
    """Each of the two: who is seen, by whom, under which name."""
    return ((pair[0], pair[1], "Ana"), (pair[1], pair[0], "Ben"))


def expect_together(ana: Page, ben: Page) -> None:
    """Each sees the other once, with eyes turned."""
    for _, other, name in watchers((ana, ben)):
        expect_person(other, name, corrected=True)
        expect(other.locator("#grid .tile:not([hidden])")).to_have_count(2, timeout=PATIENCE)


def rise(page: Page, name: str, camera: Clip, count: int = 5) -> float:
    """By how much the irises of this person have risen, pixels; the median of some pictures."""
    return median(compare(*picture_of(page, name, camera), camera).rise for _ in range(count))


def test_each_sees_and_hears_the_other_with_eyes_turned(pair: Faces, camera: Clip) -> None:
    turned = TURNED * camera.eye_width / 48
    for _, other, name in watchers(pair):
        assert expect_frames(other, name) == (camera.width, camera.height)
        expect_sound(other, name)
        wait_for(lambda: rise(other, name, camera) > turned, f"{name}'s eyes are turned")  # noqa: B023 - called at once
    picture(pair[1], "room-people")


def test_who_speaks_is_shown(pair: Faces) -> None:
    for speaks in ("true", "false"):
        expect(tile_of(pair[1], "Ana")).to_have_attribute("data-speaks", speaks, timeout=PATIENCE)


def test_a_muted_microphone_is_not_heard(pair: Faces) -> None:
    turn_both(pair, "Microphone")
    for page, other, name in watchers(pair):
        expect(page.get_by_role("button", name="Microphone")).to_have_attribute("aria-pressed", "false")
        expect_silence(other, name)
    turn_both(pair, "Microphone")
    for _, other, name in watchers(pair):
        expect_sound(other, name)


def turn_both(pair: Faces, what: str) -> None:
    for page in pair:
        turn(page, what)


def test_the_others_see_own_eyes_and_are_told_where_they_are_not_turned(pair: Faces, camera: Clip) -> None:
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


def test_without_a_camera_one_stays_in_the_room(pair: Faces) -> None:
    turn_both(pair, "Camera")
    for page, other, name in watchers(pair):
        expect_person(other, name, corrected=False)
        expect(tile_of(page, name)).to_have_attribute("data-blank", "true")
        wait_for(lambda: expect_frames(other, name, 2) == (640, 480), "the blank picture's size")  # noqa: B023 - called at once
    turn_both(pair, "Camera")
    expect_together(*pair)
    expect_frames(pair[1], "Ana")


def test_everybody_is_back_when_janus_is(pair: Faces, place: Place) -> None:
    place.janus.kill()
    for page, other, name in watchers(pair):
        expect_notice(page, "The meeting server cannot be reached")
        expect_nobody(other, name)
    place.janus.start()
    expect_together(*pair)
    for page, other, name in watchers(pair):
        expect_frames(other, name)
        expect(page.get_by_role("alert")).to_be_hidden(timeout=PATIENCE)


def test_a_lost_relay_leaves_the_raw_picture_in_the_room(pair: Faces, place: Place) -> None:
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
    still = {name: standstill(other, killed) for _, other, name in watchers(pair)}
    assert max(still.values()) < scaled(RAW_WITHIN), still
    with RunningRelay("--port", str(place.relay.port), *place.flags, scripted=True):
        expect_together(*pair)
        expect(ana.get_by_role("alert")).to_be_hidden(timeout=PATIENCE)
        turn(ben, "Leave")
        expect_nobody(ana, "Ben")
        expect(ben.get_by_role("button", name="Join")).to_be_focused()
        expect(ana.get_by_text("Nobody else is here yet")).to_be_visible()
