"""What the local path does with each frame, decided by web/display.js: a call made of numbers, no pictures."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.gaze.packets import fields, landmarks, pack
from tests.web.local import open_blank

# Plays a call of ten seconds. Every packet told by the relay is what `given` says, stamped with its frame; `silent` are
# seconds between which none comes; eyes move to the right at `pace`, pixels of the small picture a second. Gives a plan
# for every frame: [seconds, verdict, age of the landmarks, gain, placed].
PLAY = """
    const {Display} = await import('/display.js'), {call} = await import('/stamping.js');
    const {wishes = {}, silent = [99, 99], calls = {}, seen, made, forget = 99, pace = 0} = given;
    const display = new Display({maxLandmarkAge: 8, maxFieldAge: 10, motion: 'off', guard: false, ...wishes});
    const plans = [];
    let forgotten = false;
    const {events, truth} = call({jitter: 2, ...calls});
    const numbers = new Map([...truth.keys()].map((rtp, number) => [rtp, number]));
    const tell = (text, rtp, at, eyes = []) => {
      const packet = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
      const view = new DataView(packet);
      view.setUint32(12, rtp, true);
      view.setUint16(4, numbers.get(rtp), true);
      const way = pace * (truth.get(rtp) - 7_777_000 - 5_000) / 1000;
      for (const eye of eyes) view.setFloat32(eye, view.getFloat32(eye, true) + way, true);
      display.receive(packet, at);
    };
    for (const [at, kind, value] of events) {
      const seconds = (at - 5000) / 1000;
      if (!forgotten && seconds > forget) { display.forget(); forgotten = true; }
      if (kind === 'sent') display.sent(value, at);
      if (kind === 'told' && !(seconds > silent[0] && seconds < silent[1])) {
        tell(seen, value, at, pace ? [28, 48] : []);
        tell(made, value, at);
      }
      if (kind !== 'frame') continue;
      const frame = display.arrive({time: value, at, width: 1280, height: 720});
      const {placed, verdict, landmarks} = display.plan(frame);
      const where = placed.map(({x, y, stepX, stepY}) => [x, y, stepX, stepY]);
      plans.push([seconds, verdict, landmarks === null ? null : frame.index - landmarks, placed[0]?.gain ?? 0, where]);
    }
    return {plans, packets: display.tally.packets, stamps: display.stamps};"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = open_blank(browser)
    yield page
    page.close()


def play(page: Page, seen: dict[str, Any], made: dict[str, Any], **given: object) -> Any:
    packets = {"seen": base64.b64encode(pack(seen)).decode(), "made": base64.b64encode(pack(made)).decode()}
    return page.evaluate(f"async (given) => {{ {PLAY} }}", packets | given)


def one_face() -> tuple[dict[str, Any], dict[str, Any]]:
    """Packets of one face that can be corrected in full."""
    seen, made = landmarks(1), fields(1)
    for side in ("right", "left"):
        seen["faces"][0][side] |= {"strength": 1.0, "openness": 20_000 / 65_535}
    return seen, made


def test_fields_are_placed_at_the_newest_landmarks_scaled_to_the_full_picture(page: Page) -> None:
    """Claims 24 and 25: the local device warps its own frame, with the field at the landmarks it was last sent."""
    seen, made = one_face()
    played = play(page, seen, made)
    _, verdict, age, gain, placed = played["plans"][-20]
    assert (verdict, gain) == ("corrected", 1)
    assert 2 <= age <= 6  # the call's packets take 85 to 165 ms
    eyes = [seen["faces"][0][side] for side in ("right", "left")]
    assert placed == [pytest.approx([2 * eye[key] for key in ("x", "y", "stepX", "stepY")]) for eye in eyes]


def test_nothing_is_done_before_the_first_packets(page: Page) -> None:
    plans = play(page, *one_face())["plans"]
    verdicts = [verdict for _, verdict, *_ in plans]
    assert verdicts[0] == "warming_up"
    assert set(verdicts[: verdicts.index("corrected")]) == {"warming_up"}
    assert set(verdicts[verdicts.index("corrected") :]) == {"corrected"}


def test_the_correction_fades_when_packets_stop_and_comes_back_with_them(page: Page) -> None:
    """Claim 26: beyond the ages that are set, 150 ms to the original; the limits here are 8 and 10 frames."""
    plans = play(page, *one_face(), silent=[4, 6])["plans"]
    gains = {round(seconds, 2): gain for seconds, _, _, gain, _ in plans}
    before, after = ([gain for at, gain in gains.items() if low < at < high] for low, high in ((1, 4), (4.6, 6)))
    assert set(before) == {1}
    assert set(after) == {0}
    falling = [gain for at, gain in gains.items() if 4 < at < 4.6]
    assert falling == sorted(falling, reverse=True)
    assert 3 <= sum(0 < gain < 1 for gain in falling) <= 6
    rising = [gain for at, gain in gains.items() if 6 < at < 6.6]
    assert rising == sorted(rising)
    assert 3 <= sum(0 < gain < 1 for gain in rising) <= 6
    assert {verdict for at, verdict, *_ in plans if 4.6 < at < 6} == {"late"}


@pytest.mark.parametrize(("limits", "corrected"), [((2, 10), False), ((8, 2), False), ((8, 10), True)])
def test_each_limit_alone_keeps_a_correction_back(page: Page, limits: tuple[int, int], corrected: bool) -> None:
    """Claim 26. The packets of this call are at least 5 frames old."""
    wishes = {"maxLandmarkAge": limits[0], "maxFieldAge": limits[1]}
    plans = play(page, *one_face(), wishes=wishes, calls={"delay": [170, 200]})["plans"]
    assert {verdict for at, verdict, *_ in plans if 2 < at < 9} == {"corrected" if corrected else "late"}


def test_eyes_go_on_at_half_their_pace_where_no_picture_can_be_followed(page: Page) -> None:
    """60 pixels a second of the small picture are 4 of the large one from frame to frame."""
    stay, drift = (play(page, *one_face(), pace=60, wishes={"motion": how})["plans"] for how in ("off", "velocity"))
    for (_, verdict, age, _, placed), (*_, carried) in list(zip(stay, drift, strict=True))[100:200]:
        assert verdict == "corrected"
        for eye in (0, 1):
            assert carried[eye][0] - placed[eye][0] == pytest.approx(0.5 * 4 * age, abs=1.5)
            assert carried[eye][1:] == placed[eye][1:]


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({"openness": 0.0, "strength": 0.0}, "eyes_closed"),
        ({"openness": 20_000 / 65_535, "strength": 0.0}, "held_back"),
    ],
)
def test_why_nothing_is_done_to_a_face_is_said(page: Page, change: dict[str, float], verdict: str) -> None:
    seen, made = one_face()
    for side in ("right", "left"):
        seen["faces"][0][side] |= change
    assert play(page, seen, made)["plans"][-20][1] == verdict


def test_nobody_seen_is_nobody_corrected(page: Page) -> None:
    assert play(page, landmarks(0), fields(0))["plans"][-20][1] == "no_face"


def test_another_connection_begins_with_nothing(page: Page) -> None:
    plans = play(page, *one_face(), silent=[3.9, 6], forget=4)["plans"]
    verdicts = [verdict for at, verdict, *_ in plans if 4.05 < at < 6]
    assert set(verdicts) == {"warming_up"}
    assert plans[-20][1] == "corrected"


def test_packets_about_frames_that_never_came_are_counted_and_do_no_harm(page: Page) -> None:
    played = play(page, *one_face(), calls={"drop": 0.3, "jitter": 2})
    assert played["packets"]["unmatched"] > 40
    assert {verdict for at, verdict, *_ in played["plans"] if 2 < at < 9} == {"corrected"}
