"""The local path's pure modules: which frame is meant, how old it is, what is placed and counted. No camera."""

import base64
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from relay.config.lines import Lines
from relay.media.freshness import Ages, Fade
from tests.gaze.packets import fields, landmarks, pack
from tests.web.local import open_blank


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = open_blank(browser)
    yield page
    page.close()


def run(page: Page, script: str, argument: object = None) -> Any:
    return page.evaluate(f"async (given) => {{ {script} }}", argument)


JUDGE = """const {Stamps} = await import('/stamps.js'), {call, judge} = await import('/stamping.js');
    const stamps = new Stamps();
    return [judge(stamps, call(given.call), given.how), stamps.kind];"""


@pytest.mark.parametrize("jitter", [0, 0.5, 6])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_encoder_tells_which_frame_is_meant_exactly(page: Page, jitter: float, seed: int) -> None:
    """The 32 bits of the RTP clock are full in the middle of the call."""
    off, kind = run(page, JUDGE, {"call": {"seed": seed, "jitter": jitter}})
    assert kind == "rtp"
    assert set(off[4:]) == {0}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_without_the_encoder_the_time_of_arrival_and_the_cameras_own_unrest_tell(page: Page, seed: int) -> None:
    how = {"hears": ["frame", "told"], "trip": 60}
    off, kind = run(page, JUDGE, {"call": {"seed": seed, "jitter": 3}, "how": how})
    assert kind == "time"
    assert set(off[60:]) == {0}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_of_a_camera_without_unrest_the_time_of_arrival_tells_to_a_frame(page: Page, seed: int) -> None:
    how = {"hears": ["frame", "told"], "trip": 60}
    off, _ = run(page, JUDGE, {"call": {"seed": seed, "jitter": 0}, "how": how})
    assert {abs(one) for one in off[30:-4]} <= {0, 1}  # the last frames have no later one to be taken for


def test_a_frame_that_never_came_is_not_mistaken_for_its_neighbour(page: Page) -> None:
    off, _ = run(page, JUDGE, {"call": {"jitter": 2, "drop": 0.2}})
    assert set(off[4:]) == {0, None}
    assert 0.1 < off[4:].count(None) / len(off[4:]) < 0.3


def test_another_connection_has_another_clock(page: Page) -> None:
    script = """const {Stamps} = await import('/stamps.js'), {call, judge} = await import('/stamping.js');
        const stamps = new Stamps();
        judge(stamps, call());
        stamps.forget();
        const between = stamps.kind;
        return [between, judge(stamps, call({seed: 5, offset: 12_345}))];"""
    between, off = run(page, script)
    assert between == "none"
    assert set(off[4:]) == {0}


def test_corrections_fade_as_the_relays_do(page: Page) -> None:
    chance = np.random.default_rng(4)
    columns = (chance.choice(kinds, 400).tolist() for kinds in ((1, 3, 5, 9), (2, 4, 7), (0.1, 0.2, 0.3, 0.6)))
    steps = [(*step, n / 30) for n, step in enumerate(zip(*columns, strict=True))]
    limits = Lines(max_landmark_age=4, max_field_age=6)
    fade = Fade(limits)
    script = """const {Fade} = await import('/freshness.js');
        const fade = new Fade({maxLandmarkAge: 4, maxFieldAge: 6});
        return given.map(([landmarks, field, oldest, time]) => fade.share({landmarks, field, oldest}, time));"""
    wanted = [fade(Ages(marks, field, oldest), time) for marks, field, oldest, time in steps]
    assert run(page, script, steps) == pytest.approx(wanted, abs=1e-9)
    assert {0.0, 1.0} < set(wanted)


def test_lost_and_late_packets_are_counted_over_the_wrap_and_late_ones_left_alone(page: Page) -> None:
    script = """const {Newest} = await import('/fields.js');
        const newest = new Newest();
        const taken = [65533, 65534, 1, 65535, 0, 3, 3].map((count) => newest.take({count}));
        return [taken, newest.lost, newest.late, newest.packet.count];"""
    assert run(page, script) == [[True, True, True, False, False, True, False], 3, 3, 3]


PLACE = """const {place} = await import('/fields.js'), {decode} = await import('/wire.js');
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
    const [seen, made] = given.map(bytes).map(decode);
    return place(seen.faces, made, (number, side) => side === 'left' ? 0.5 : 1).map(({field, ...rest}) => rest);"""


def test_fields_are_placed_at_the_eyes_of_the_same_face_with_the_relays_strength(page: Page) -> None:
    seen, made = landmarks(2), fields(1)
    made["faces"][0]["number"] = seen["faces"][1]["number"]
    right, left = run(page, PLACE, [base64.b64encode(pack(one)).decode() for one in (seen, made)])
    (_, face) = seen["faces"]
    for placed, eye, mirrored in ((right, face["right"], False), (left, face["left"], True)):
        assert [placed[key] for key in ("x", "y", "stepX", "stepY")] == [eye[k] for k in ("x", "y", "stepX", "stepY")]
        assert placed["mirrored"] is mirrored
        assert placed["face"] == face["number"]
    assert right["gain"] == face["right"]["strength"]
    assert left["gain"] == pytest.approx(face["left"]["strength"] / 2)


def test_luma_is_the_mean_of_the_pixels_that_make_one(page: Page) -> None:
    script = """const {lumaOf} = await import('/luma.js');
        const [width, height, stride] = [1928, 12, 1960];
        const data = Uint8Array.from({length: 7 + stride * height}, (_, at) => (at * 37) % 256);
        const picture = {data, format: 'I420', layout: [{offset: 7, stride}], width, height};
        const {data: small, ...size} = lumaOf(picture);
        return [[...data], [...small], size];"""
    data, small, size = run(page, script)
    assert size == {"width": 642, "height": 4, "factor": 3}
    for row in range(4):
        for column in range(642):
            pixels = [data[7 + 1960 * (3 * row + y) + 3 * column + x] for y in range(3) for x in range(3)]
            assert small[642 * row + column] == math.floor((sum(pixels) + 4) / 9)


def test_figures_are_those_of_the_last_seconds_and_counts_those_of_all(page: Page) -> None:
    script = """const {Tally} = await import('/tally.js');
        const tally = new Tally();
        for (let frame = 0; frame < 600; frame++) {
          const at = frame * 1000 / 30, took = frame < 300 ? 400 : 4;
          tally.arrive(at);
          if (frame % 10 === 3) { tally.drop(); continue; }
          const verdict = frame % 2 ? 'corrected' : 'no_face';
          tally.depart({frame, at: at + took, landmarks: frame - 2, field: frame - 3, verdict}, at, at + 1);
        }
        return [tally.report(20_000), tally.take(), tally.take()];"""
    report, told, nothing = run(page, script)
    assert report["frames"] == {"in": 600, "out": 540, "dropped": 60, "corrected": 240, "passed": {"no_face": 300}}
    assert report["fps_in"] == pytest.approx(30, abs=0.5)
    assert report["fps_out"] == pytest.approx(27, abs=0.5)
    assert report["delay_ms"]["p95"] == pytest.approx(4)
    assert report["stages_ms"]["warp"]["p50"] == pytest.approx(3)
    assert report["age_frames"] == {"landmarks": {"p50": 2, "p95": 2}, "field": {"p50": 3, "p95": 3}}
    assert told["shown"][-1]["frame"] == 599
    assert {span["line"] for span in told["spans"]} == {"warp"}
    assert nothing == {"spans": [], "shown": []}
