"""The page against a running relay: a call that works."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.running import RunningRelay
from tests.web.conftest import OpenPage
from tests.web.driving import (
    TIMEOUT_MS,
    expect_gaze,
    expect_relay_uses,
    expect_showing,
    last_settings,
    moves,
    start_call,
    wait_for,
    wait_until,
)

STORED = "JSON.parse(localStorage.getItem('eyeline.settings'))"
DEFAULTS = {"enabled": True, "mode": "natural", "strength": 100, "pitch": 8, "yaw": 0}


# The loudest sample of the returned audio; returns as soon as one is audible.
LOUDNESS = """
async (timeout) => {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context);
  context.createMediaStreamSource(document.querySelector("#corrected").srcObject).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let loudest = 0;
  for (const end = performance.now() + timeout; performance.now() < end && loudest <= 0.01; ) {
    await new Promise((soon) => setTimeout(soon, 20));
    analyser.getFloatTimeDomainData(samples);
    loudest = Math.max(loudest, ...samples.map(Math.abs));
  }
  await context.close();
  return loudest;
}
"""


def hold(page: Page, key: str) -> None:
    page.keyboard.down(key)
    expect_showing(page, "original")
    expect_gaze(page, "original shown while held")
    page.keyboard.up(key)
    expect_showing(page, "corrected")


def named(page: Page, name: str) -> Locator:
    return page.get_by_role("slider", name=name)


def test_it_loads_without_complaint_and_explains_itself(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page("about:blank")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    outside: list[str] = []
    page.on("request", lambda one: None if one.url.startswith(relay.address) else outside.append(one.url))
    page.goto(relay.address)
    expect(page.get_by_role("heading", name="Be seen looking at them")).to_be_visible()
    expect(page.get_by_text("towards the lens while you look at the screen")).to_be_visible()
    expect(page.locator("#version")).to_contain_text("Version")
    expect(page.get_by_role("alert")).to_be_hidden()
    assert complaints == []
    assert outside == []


def test_every_control_has_a_name(live: Page) -> None:
    live.locator("#compare").click()
    unnamed = re.findall(
        r"^\s*- (?:button|slider|combobox|radio|switch|checkbox|link|textbox)\b(?! \")", snapshot(live), re.M
    )
    assert unnamed == []
    for role, name in [
        ("button", "Stop"),
        ("button", "Hold to compare"),
        ("button", "Split view"),
        ("button", "Mirror"),
        ("slider", "Split: original on the left, corrected on the right"),
        ("switch", "Correct my gaze"),
        ("radio", "Teleprompter"),
        ("combobox", "Camera"),
        ("combobox", "Microphone"),
    ]:
        assert f'{role} "{name}' in snapshot(live), f"no {role} named {name}"
    live.locator("#compare").click()


def snapshot(page: Page) -> str:
    return page.locator("body").aria_snapshot()


def test_the_keyboard_reaches_everything_and_skips_to_the_picture(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the picture")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id"))
    assert {"start", "enabled", "strength", "pitch", "yaw", "reset", "camera", "microphone"} <= reached


def test_both_pictures_move_and_the_indicator_says_corrected(live: Page) -> None:
    expect_gaze(live, "Gaze corrected")
    expect(live.locator("#gaze")).to_have_attribute("data-altered", "true")
    assert moves(live, "original")
    assert moves(live, "corrected")
    assert live.evaluate("document.getElementById('corrected').muted"), "the own voice would echo"


def test_the_sound_comes_back(live: Page) -> None:
    assert live.evaluate(LOUDNESS, TIMEOUT_MS) > 0.01


def test_the_figures_live(live: Page) -> None:
    live.get_by_text("More figures").click()
    expect(live.locator("[data-figure=rate]")).to_have_text(re.compile(r"[1-9]\d* → [1-9]\d*"), timeout=TIMEOUT_MS)
    expect(live.locator("[data-figure=trip]")).to_have_text(re.compile(r"\d+"), timeout=TIMEOUT_MS)
    expect(live.locator("[data-figure=faces]")).to_have_text("1", timeout=TIMEOUT_MS)
    for row in ("Find the eyes", "Plan the turn", "Turn the eyes", "Corrected"):
        expect(live.get_by_role("row", name=re.compile(f"^{row}.*\\d"))).to_be_visible(timeout=TIMEOUT_MS)
    live.get_by_text("More figures").click()


def test_controls_change_what_the_relay_does(live: Page) -> None:
    expect_relay_uses(live, **DEFAULTS)
    named(live, "Strength").fill("40")
    named(live, "Vertical").fill("-3.5")
    live.get_by_role("radio", name="Teleprompter").check(force=True)
    expect_relay_uses(live, strength=40, pitch=-3.5, mode="teleprompter")
    live.get_by_role("switch", name="Correct my gaze").uncheck()
    expect_relay_uses(live, enabled=False)
    expect_gaze(live, "correction is off")
    live.get_by_role("switch", name="Correct my gaze").check()
    live.get_by_role("radio", name="Natural").check(force=True)
    named(live, "Strength").fill("100")
    live.get_by_role("button", name="Reset").click()
    expect_relay_uses(live, **DEFAULTS)
    expect_gaze(live, "Gaze corrected")


def test_a_fast_slider_ends_at_its_last_value(live: Page) -> None:
    slider = named(live, "Strength")
    slider.focus()
    for _ in range(25):
        slider.press("ArrowLeft")
    expect_relay_uses(live, strength=75)
    expect(slider).to_have_value("75")
    slider.fill("100")
    expect_relay_uses(live, strength=100)


def test_horizontal_means_what_one_sees(live: Page) -> None:
    named(live, "Horizontal").fill("5")
    expect(live.locator("output[for=yaw]")).to_have_text("5.0° right")
    expect_relay_uses(live, yaw=-5)  # right in a mirrored picture is the camera's left
    live.get_by_role("button", name="Mirror").click()
    expect(live.locator("output[for=yaw]")).to_have_text("5.0° left")
    expect(named(live, "Horizontal")).to_have_value("-5")
    assert last_settings(live)["yaw"] == -5
    assert live.evaluate("getComputedStyle(document.getElementById('corrected')).transform") == "none"
    live.get_by_role("button", name="Mirror").click()
    live.get_by_role("button", name="Reset").click()
    expect_relay_uses(live, yaw=0)


def test_the_split_moves_by_keyboard_and_by_dragging(live: Page) -> None:
    expect(live.locator("#split")).to_be_disabled()
    live.get_by_role("button", name="Split view").click()
    slider = named(live, "Split")
    slider.press("Home")
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "2 % original")
    clip = "getComputedStyle(document.querySelector('.layer')).clipPath"
    assert live.evaluate(clip) == "inset(0px 0px 0px 2%)"
    box = live.locator(".picture").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    live.mouse.move(box["x"] + box["width"] * 0.02, middle)
    live.mouse.down()
    live.mouse.move(box["x"] + box["width"] * 0.4, middle, steps=4)
    live.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=4)
    live.mouse.up()
    expect(slider).to_have_value("70")
    slider.fill("50")
    live.get_by_role("button", name="Split view").click()
    assert live.evaluate(clip) == "none"


def test_holding_shows_the_original(live: Page) -> None:
    button = live.get_by_role("button", name="Hold to compare")
    button.hover()
    live.mouse.down()
    expect_showing(live, "original")
    live.mouse.up()
    expect_showing(live, "corrected")
    hold(live, "c")
    button.focus()
    hold(live, "Space")


def test_choices_survive_a_reload(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    named(page, "Strength").fill("55")
    named(page, "Vertical").fill("4")
    page.get_by_label("Microphone", exact=True).select_option("none")
    start_call(page)
    page.get_by_role("button", name="Mirror").click()
    page.get_by_role("button", name="Split view").click()
    named(page, "Split").fill("20")
    page.get_by_text("Which stage works on which frame").click()
    wait_until(page, f"{STORED}.lines === false")
    page.reload()
    expect(named(page, "Strength")).to_have_value("55")
    expect(page.get_by_label("Microphone", exact=True)).to_have_value("none")
    start_call(page)
    expect_relay_uses(page, strength=55, pitch=4)
    expect(named(page, "Split")).to_have_value("20")
    expect(page.get_by_role("button", name="Mirror")).to_have_attribute("aria-pressed", "false")
    assert page.evaluate("document.getElementById('original').srcObject.getAudioTracks().length") == 0
    expect(page.locator("#lines")).to_be_visible()
    expect(page.locator("#strip")).to_be_hidden()
    assert page.evaluate(STORED) == {
        "strength": 55, "pitch": 4, "mirror": False, "compare": True, "split": 20, "microphone": "none", "lines": False
    }  # fmt: skip


def test_devices_can_be_changed_during_a_call(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    page.get_by_label("Microphone", exact=True).select_option("none")
    start_call(page)
    cameras = page.get_by_label("Camera", exact=True).locator("option").all_inner_texts()
    assert len(cameras) > 1
    assert cameras[0] == "Default camera"
    page.get_by_label("Camera", exact=True).select_option(index=1)
    expect_showing(page, "corrected")
    assert moves(page, "corrected")
    # There was no microphone in the offer: adding one takes a new connection, and the video continues.
    page.get_by_label("Microphone", exact=True).select_option(index=1)
    wait_until(page, "document.getElementById('corrected').srcObject?.getAudioTracks().length === 1")
    expect_showing(page, "corrected")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_stop_lets_go_of_the_camera_and_of_the_relay(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    opened: list[str] = []
    page.on("response", lambda one: opened.append(one.headers["location"]) if one.status == 201 else None)
    start_call(page)
    session = relay.address + opened[-1]
    assert page.request.get(session).ok
    page.evaluate("window.track = document.getElementById('original').srcObject.getVideoTracks()[0]")
    with page.expect_response(lambda one: one.request.method == "DELETE") as closing:
        page.get_by_role("button", name="Stop").click()
    assert closing.value.url == session
    assert closing.value.status == 204
    assert page.evaluate("window.track.readyState") == "ended"
    assert not page.evaluate("document.querySelector('#original').srcObject")
    expect_showing(page, "nothing")
    expect(page.locator("#stage")).to_have_attribute("data-phase", "idle")
    expect(page.get_by_role("button", name="Start camera")).to_be_focused()
    assert page.request.get(session).status == 404


def test_leaving_the_page_ends_the_session(open_page: OpenPage, relay: RunningRelay) -> None:
    page = open_page(relay.address)
    start_call(page)
    ended = len(closed_sessions(relay))
    page.goto("about:blank")
    wait_for(page, lambda: len(closed_sessions(relay)) > ended, "the relay has closed the session")


def closed_sessions(relay: RunningRelay) -> list[str]:
    return [line for line in relay.lines if "closed by its client" in line]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_nothing_is_wider_than_the_window(live: Page, width: int, height: int, scheme: str) -> None:
    live.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    live.set_viewport_size({"width": width, "height": height})
    assert live.evaluate("document.documentElement.scrollWidth") <= width
    assert live.locator("#gaze").is_visible()
    live.emulate_media(color_scheme="light")
    live.set_viewport_size({"width": 1280, "height": 800})
