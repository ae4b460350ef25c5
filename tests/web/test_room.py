"""The room page: real browsers in a real Janus, with eyes turned by a real relay."""

import base64
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.clips import Clip
from tests.firefox import Firefox, MissingError
from tests.portraits import Picture
from tests.running import ROOT, RunningRelay
from tests.servers.janus import Room, RunningJanus
from tests.stamp import read_number
from tests.test_end_to_end import OUTPUT, TURNED, compare, poll
from tests.web.conftest import OpenPage
from tests.web.driving import PATIENCE, expect_notice
from tests.web.rooms import (
    OVERHEAR,
    expect_frames,
    expect_nobody,
    expect_person,
    join,
    loudness,
    tile_of,
    turn,
    wait_for,
)
from tests.web.test_trouble import without_camera

# From the last picture of a relay that dies to the next one at the other end, seconds; 0.4 to 0.8 are needed.
RAW_WITHIN = 2.0

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
def place(model: object) -> Iterator[Place]:
    rooms: dict[int | str, Room] = {1234: {}, 5: {"pin": "4711"}, 6: {"publishers": 1}}
    with RunningJanus(rooms) as janus:
        flags = ["--room-janus", janus.address, "--room", "1234", "--no-admission"]
        flags += ["--meetings", json.dumps({"janus": janus.address})]
        with RunningRelay("--port", "0", *flags) as relay:
            yield Place(janus, relay, tuple(flags))


def pictures(page: Page, name: str, camera: Clip) -> list[tuple[int, Picture]]:
    """Some of what is shown of this person just now, in the camera's size, with the numbers. His tile may change."""
    found = []
    for text in page.evaluate(f"window.pictures('{name}', 5)"):
        jpeg = np.frombuffer(base64.b64decode(text), np.uint8)
        shown = cast("Picture", cv2.imdecode(jpeg, cv2.IMREAD_COLOR))[:, :, ::-1]
        number = read_number(shown)
        if number is not None and shown.shape[:2] == (camera.height, camera.width):
            found.append((number, shown))
    return found


def picture(page: Page, name: str) -> None:
    """What it looks like, for people: wide and narrow, light and dark."""
    OUTPUT.mkdir(exist_ok=True)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width, height in ((1280, 800), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_timeout(100)
            page.screenshot(path=OUTPUT / f"{name}-{scheme}-{width}.png")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="light")


def open_room(browser: Browser, address: str) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(path=ROOT / "tests" / "stamp.js")
    page.add_init_script(OVERHEAR)
    page.goto(address)
    return page


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
    stored = page.evaluate("JSON.stringify(localStorage)")
    assert json.loads(json.loads(stored)["eyeline.room"]) == {
        "name": "Kim", "camera": True, "microphone": True, "correction": True
    }  # fmt: skip
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Join")).to_be_focused(timeout=PATIENCE)
    page.reload()
    expect(page.get_by_label("Your name")).to_have_value("Kim", timeout=PATIENCE)
    assert complaints == []


def test_a_room_with_a_pin_asks_for_it(open_page: OpenPage, place: Place) -> None:
    page = open_page(place.room("room=5&name=Kim"))
    expect(page.get_by_label("PIN")).to_be_hidden()
    page.get_by_role("button", name="Join").click()
    expect_notice(page, "This room asks for a PIN")
    expect(page.get_by_label("PIN")).to_be_focused()
    page.keyboard.type("4711")
    page.keyboard.press("Enter")
    expect(page.locator("body")).to_have_attribute("data-phase", "joined", timeout=PATIENCE)
    expect(page.get_by_role("alert")).to_be_hidden()
    page.goto(place.room("room=5&pin=4711&name=Kim"))
    join(page, "Kim")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("room=99", "There is no such room"),
        ("janus=ws://elsewhere.test/", "This page may not call that meeting server"),
        ("janus=elsewhere", "address cannot be used"),
        ("via=relay&room=1234&janus=/janus&relay=/nothing/", "This relay cannot publish into the room"),
    ],
)
def test_a_wrong_address_is_explained(open_page: OpenPage, place: Place, query: str, sentence: str) -> None:
    page = open_page(place.room(f"name=Kim&{query}"))
    if "via" not in query:
        page.get_by_role("button", name="Join").click()
    expect_notice(page, sentence)
    expect(page.get_by_role("button", name="Join")).to_be_visible()


def test_a_full_room_lets_one_in_later(open_page: OpenPage, place: Place) -> None:
    first = open_page(place.room("room=6"))
    join(first, "Ana")
    second = open_page(place.room("room=6&name=Ben"))
    second.get_by_role("button", name="Join").click()
    expect_notice(second, "The room is full")
    turn(first, "Leave")
    expect(second.locator("body")).to_have_attribute("data-phase", "joined", timeout=PATIENCE)
    expect(second.get_by_role("alert")).to_be_hidden()


def test_without_a_camera_one_can_join_all_the_same(open_page: OpenPage, place: Place) -> None:
    page = open_page(place.room(), without_camera("NotFoundError"))
    expect_notice(page, "No camera was found")
    expect(page.get_by_role("button", name="Camera")).to_have_attribute("aria-pressed", "false")
    join(page, "Kim")
    expect_person(page, "Kim", corrected=False)


def test_an_insecure_page_says_so(open_page: OpenPage, place: Place) -> None:
    page = open_page(place.room(), "Object.defineProperty(navigator, 'mediaDevices', {value: undefined});")
    expect_notice(page, "This page needs a secure address")


def test_two_of_one_name_are_told_apart(open_page: OpenPage, place: Place) -> None:
    first, second = (open_page(place.room()) for _ in range(2))
    join(first, "Kim")
    join(second, "Kim")
    expect_person(first, "Kim 2", corrected=True)
    expect_person(second, "Kim", corrected=True)


def test_many_tiles_fit_any_window(open_page: OpenPage, place: Place) -> None:
    page = open_page(place.room())
    script = """async ([width, height]) => {
        const {fit} = await import('/room-grid.js');
        return [1, 2, 3, 5, 9, 16].map((count) => ({count, ...fit(count, {width, height}, 4 / 3)}));
    }"""
    for width, height in ((1280, 700), (390, 700), (844, 300)):
        for one in page.evaluate(script, [width, height]):
            rows = -(-one["count"] // one["columns"])
            across = one["columns"] * one["width"] + 10 * (one["columns"] - 1)
            down = rows * one["width"] * 3 / 4 + 10 * (rows - 1)
            assert across <= width
            assert one["width"] >= 132
            assert down <= height or (across + 10 + 132 > width), "there would be room for one more column"


@pytest.mark.timeout(240)
def test_firefox_sees_and_is_seen(open_page: OpenPage, place: Place) -> None:
    try:
        with Firefox() as firefox:
            firefox.open(place.room("name=Fox"))
            firefox.evaluate(OVERHEAR)  # in time: Janus is called when one joins
            wait_for(lambda: not firefox.evaluate("document.getElementById('join').disabled"), "Firefox's camera")
            ben = open_page(place.room(), OVERHEAR)
            join(ben, "Ben")
            firefox.click("#join")
            expect_frames(ben, "Fox", rate=5)
            wait_for(lambda: firefox.evaluate("!!window.tile('Ben')"), "Firefox sees Ben")
            expect_frames(firefox, "Ben", rate=5)
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
    ana, ben = open_room(browser, place.room("via=relay")), open_room(browser, place.room())
    join(ana, "Ana")
    join(ben, "Ben")
    expect_together(ana, ben)
    yield ana, ben
    for page in (ana, ben):
        page.context.close()


def expect_together(ana: Page, ben: Page) -> None:
    """Each sees the other once, with eyes turned."""
    for page, other in ((ana, "Ben"), (ben, "Ana")):
        expect_person(page, other, corrected=True)
        expect(page.locator("#grid .tile:not([hidden])")).to_have_count(2, timeout=PATIENCE)


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("looking", "name"), [(1, "Ana"), (0, "Ben")], ids=["via the relay", "via the page"])
def test_each_sees_and_hears_the_other_with_eyes_turned(pair: Faces, looking: int, name: str, camera: Clip) -> None:
    page = pair[looking]
    watched = expect_frames(page, name)
    assert (watched.width, watched.height) == (640, 480)
    wait_for(lambda: loudness(page, name) > 1e-4, "there is sound")
    rises: list[float] = []

    def turned_often() -> bool:
        rises.extend(compare(number, shown, camera).rise for number, shown in pictures(page, name, camera))
        return sum(rise > TURNED for rise in rises) >= 5

    poll(turned_often)
    picture(page, "room-people")


def test_who_speaks_is_shown(pair: Faces) -> None:
    # The microphone beeps every second.
    expect(tile_of(pair[1], "Ana")).to_have_attribute("data-speaks", "true", timeout=PATIENCE)
    expect(tile_of(pair[1], "Ana")).to_have_attribute("data-speaks", "false", timeout=PATIENCE)


def test_a_muted_microphone_is_not_heard(pair: Faces) -> None:
    for page, other, name in ((pair[0], pair[1], "Ana"), (pair[1], pair[0], "Ben")):
        turn(page, "Microphone")
        expect(page.get_by_role("button", name="Microphone")).to_have_attribute("aria-pressed", "false")
        wait_for(lambda: 0 <= loudness(other, name) < 1e-6, "silence")  # noqa: B023 - called at once
        turn(page, "Microphone")
        wait_for(lambda: loudness(other, name) > 1e-4, "sound")  # noqa: B023


def test_the_others_are_told_whether_eyes_are_turned(pair: Faces) -> None:
    for page, other, name in ((pair[0], pair[1], "Ana"), (pair[1], pair[0], "Ben")):
        expect(tile_of(other, name)).to_contain_text("eye contact")
        turn(page, "Eye contact")
        expect_person(other, name, corrected=False)
        expect(tile_of(other, name)).not_to_contain_text("eye contact", use_inner_text=True)
        expect_frames(other, name, rate=5)
        turn(page, "Eye contact")
    expect_together(*pair)


def test_without_a_camera_one_stays_in_the_room(pair: Faces) -> None:
    for page, other, name in ((pair[0], pair[1], "Ana"), (pair[1], pair[0], "Ben")):
        turn(page, "Camera")
        expect_person(other, name, corrected=False)
        expect_frames(other, name, rate=0.5)
        assert page.evaluate("tile('" + name + "').dataset.blank") == "true"
        turn(page, "Camera")
    expect_together(*pair)
    expect_frames(pair[1], "Ana", rate=5)


@pytest.mark.timeout(240)
def test_everybody_is_back_when_janus_is(pair: Faces, place: Place) -> None:
    place.janus.kill()
    for page, other in ((pair[0], "Ben"), (pair[1], "Ana")):
        expect_notice(page, "The meeting server cannot be reached")
        expect_nobody(page, other)
    place.janus.start()
    expect_together(*pair)
    for page, other in ((pair[0], "Ben"), (pair[1], "Ana")):
        expect_frames(page, other, rate=5)
        expect(page.get_by_role("alert")).to_be_hidden(timeout=PATIENCE)


@pytest.mark.timeout(240)
def test_a_lost_relay_leaves_the_raw_picture_in_the_room(pair: Faces, place: Place) -> None:
    ana, ben = pair
    for page, other in ((ana, "Ben"), (ben, "Ana")):
        expect_frames(page, other, rate=5)
        page.evaluate(f"record('{other}')")
        wait_for(lambda page=page: page.evaluate("window.shown.length") > 5, "a picture")  # type: ignore[misc]
    killed = time.time() * 1000
    place.relay.kill()
    expect_person(ben, "Ana", corrected=False)
    expect_person(ana, "Ben", corrected=False)
    for page, other in ((ana, "Ben"), (ben, "Ana")):
        expect_frames(page, other, rate=5)
        expect_notice(page, "The others see your own picture, uncorrected")
    still = {name: standstill(page, killed) for page, name in ((ben, "Ana"), (ana, "Ben"))}
    assert max(still.values()) < RAW_WITHIN, still
    with RunningRelay("--port", str(place.relay.port), *place.flags):
        expect_together(*pair)
        expect(ana.get_by_role("alert")).to_be_hidden(timeout=PATIENCE)
        turn(ben, "Leave")
        expect_nobody(ana, "Ben")
        expect(ben.get_by_role("button", name="Join")).to_be_focused()
        expect(ana.get_by_text("Nobody else is here yet")).to_be_visible()


def standstill(page: Page, killed: float) -> float:
    """Longest time without another picture from the kill on, seconds; the last of them are the camera's own."""
    shown = page.evaluate("window.shown")
    times = [one["at"] for one in shown]
    first = max(index for index, at in enumerate(times) if at <= killed)
    assert not shown[-1]["corrected"]
    return float(max(after - before for before, after in pairwise(times[first:]))) / 1000
