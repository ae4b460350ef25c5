"""The browser's warper compared with the relay's: the same frames, packets of fields and places."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from relay.frame import Frame
from relay.gaze.eye_crop import crop_eye
from relay.gaze.face import Angles, Eye, Face, Field, Side
from relay.gaze.geometric import Outline, geometric_field
from relay.gaze.geometry import Patch, ellipse
from relay.gaze.network import Network
from relay.gaze.spec import GRID
from relay.gaze.warp import Placed, warp
from relay.gaze.wire.packets import FieldPair, FieldSet, Stamp, decode, encode_fields
from tests.clips import Clip, to_frame
from tests.gaze.faces import eye
from tests.gaze.sitters import filmed
from tests.running import ROOT
from tests.scripted import SMALL
from tests.web.local import serve

WEIGHTS = Path(ROOT, "models", "weights", "eyeline.onnx")
CLIP = Clip(width=320, height=240, eye_width=40, tilt=0, zoom=0)
AIM = Angles(pitch=9, yaw=-6)

LIMIT = 2.0  # of 255, mean inside the ellipses: the relay resamples chroma at half its resolution
USUAL = 1.0

Pixels = NDArray[np.uint8]  # (height, width, 3), RGB


@dataclass(frozen=True)
class Place:
    """A patch, the number of its field among FIELDS, and a gain."""

    patch: Patch
    field: int
    gain: float = 1.0

    def to_script(self) -> dict[str, object]:
        """As web/warp/drawing/warp.js takes it."""
        (x, y), (step_x, step_y) = self.patch.centre.tolist(), self.patch.basis[:, 0].tolist()
        mirrored = bool(np.linalg.det(self.patch.basis) < 0)
        where = {"x": x, "y": y, "stepX": step_x, "stepY": step_y, "mirrored": mirrored}
        return {**where, "gain": self.gain, "field": self.field}


@dataclass(frozen=True)
class Sitter:
    """A real face in a frame, and a packet of fields for it: the network's, right and left, then geometric ones."""

    frame: Frame
    face: Face
    packet: bytes

    @property
    def fields(self) -> list[Field]:
        """The fields of the packet, as the relay decodes them."""
        read = decode(self.packet)
        assert isinstance(read, FieldSet)
        return [field for pair in read.faces for field in (pair.right, pair.left)]

    def places(self, first: int = 0, gain: float = 1.0) -> list[Place]:
        """Right and left eye; first: the number of the right one's field."""
        return [Place(Patch.of(one), first + n, gain) for n, one in enumerate(self.face.eyes)]


@pytest.fixture(scope="module")
def sitter() -> Sitter:
    frame, (face,) = to_frame(CLIP.frame(7)), filmed(CLIP, 7).faces
    patches = [Patch.of(one) for one in face.eyes]
    crops = [crop_eye(frame, one, patch) for one, patch in zip(face.eyes, patches, strict=True)]
    learned = Network(WEIGHTS)(crops, [patch.aim(AIM) for patch in patches])
    made = [geometric(one) for one in face.eyes]
    return Sitter(frame, face, pack([*learned, *made]))


def geometric(one: Eye) -> Field:
    patch = Patch.of(one)
    return geometric_field(Outline.of(one, patch), patch.aim(AIM))


def steady(step: tuple[float, float] = (0, 0), light: float = 0) -> Field:
    """A uniform field. step: of both layers, eye widths."""
    steps = np.full((*GRID, 2), step, dtype=np.float32)
    return Field(steps, np.full(GRID, 0.5, dtype=np.float32), steps, np.full(GRID, light, dtype=np.float32))


def tilted(side: Side, centre: tuple[float, float], width: float, angle: float) -> Patch:
    """angle: degrees clockwise."""
    patch = Patch.of(eye(side, centre, width))
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return replace(patch, basis=np.array([[cosine, -sine], [sine, cosine]]) @ patch.basis)


def pack(fields: Sequence[Field]) -> bytes:
    pairs = [FieldPair(n, *pair) for n, pair in enumerate(zip(fields[::2], fields[1::2], strict=True))]
    return encode_fields(FieldSet(Stamp(0, 0.0, (640, 480)), 0, tuple(pairs), 0))


@pytest.fixture(scope="module")
def camera() -> Clip:
    return SMALL


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.route("**", serve)
    page.goto("http://localhost/")  # as secure as https: else there is no VideoFrame
    yield page
    page.close()


def job(sitter: Sitter, places: Sequence[Place]) -> dict[str, object]:
    """The job format of warping.js."""
    frame = sitter.frame
    planes = b"".join(plane.tobytes() for plane in frame.planes)
    return {
        "frame": {"width": frame.width, "height": frame.height, "planes": base64.b64encode(planes).decode()},
        "packet": base64.b64encode(sitter.packet).decode(),
        "places": [place.to_script() for place in places],
    }


def run(page: Page, script: str, *jobs: dict[str, object]) -> Any:
    """script: the body of a function of `jobs`, with the module warping.js as `rig`."""
    return page.evaluate(f"async (jobs) => {{ const rig = await import('/warping.js'); {script} }}", list(jobs))


def pixels(text: str, frame: Frame) -> Pixels:
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(frame.height, frame.width, 4)[..., :3]


def draw(page: Page, sitter: Sitter, *each: Sequence[Place]) -> list[Pixels]:
    """The frame as the browser warps it with each of these lists."""
    shown = run(page, "return jobs.map(rig.draw);", *(job(sitter, places) for places in each))
    return [pixels(text, sitter.frame) for text in shown]


def by_relay(sitter: Sitter, places: Sequence[Place]) -> Sitter:
    """The sitter with the frame as the relay warps it."""
    placed = [Placed(one.patch, sitter.fields[one.field], one.gain) for one in places]
    return replace(sitter, frame=warp(sitter.frame, placed))


def distance(frame: Frame, patch: Patch) -> NDArray[np.float64]:
    """(height, width): of each pixel from the patch's centre, squared, 1 on the ellipse."""
    rows, columns = np.indices((frame.height, frame.width))
    return np.asarray(ellipse(patch.to_eye(np.stack([columns, rows], -1) + 0.5)))


def difference(one: Pixels, other: Pixels, where: NDArray[np.bool_]) -> float:
    """Mean, of 255."""
    return float(np.abs(one[where].astype(float) - other[where]).mean())


def outside(frame: Frame, places: Sequence[Place]) -> NDArray[np.bool_]:
    """Which pixels lie outside all ellipses; the margin is for float32 rounding."""
    return np.asarray(np.min([distance(frame, place.patch) for place in places], axis=0) >= 1 + 1e-5)


def check(page: Page, sitter: Sitter, *each: Sequence[Place], limit: float = USUAL) -> list[float]:
    """Compare the browser with the relay, for each of these lists. Returns the mean change inside the ellipses of each.

    All are drawn in one call.
    """
    jobs = [job(sitter, []), *(job(sitter, places) for places in each)]
    jobs += [job(by_relay(sitter, places), []) for places in each]
    raw, *shown = (pixels(text, sitter.frame) for text in run(page, "return jobs.map(rig.draw);", *jobs))
    compared = zip(each, shown, shown[len(each) :], strict=False)
    return [_compare(sitter.frame, *one, raw=raw, limit=limit) for one in compared]


def _compare(
    frame: Frame, places: Sequence[Place], warped: Pixels, relays: Pixels, *, raw: Pixels, limit: float
) -> float:
    """The mean change inside the ellipses."""
    untouched = outside(frame, places)
    assert np.array_equal(warped[untouched], raw[untouched]), places
    if untouched.all():
        return 0.0
    assert difference(warped, relays, ~untouched) <= limit, places
    return difference(warped, raw, ~untouched)


def test_real_eyes_look_as_the_relay_makes_them(page: Page, sitter: Sitter) -> None:
    """Turned by the network, and by the geometric field; with gain 1 and 0.5."""
    gains = [1.0, 0.5, 1.0, 0.5]
    changes = check(
        page, sitter, *(sitter.places(first, gain) for first, gain in zip((0, 0, 2, 2), gains, strict=True))
    )
    for change, gain in zip(changes, gains, strict=True):
        assert change > 6 * gain


ODD = {
    "half outside on the left": tilted(Side.RIGHT, (0, 120), 60, 0),
    "half outside on the right": tilted(Side.LEFT, (319.5, 50), 60, 20),
    "above": tilted(Side.LEFT, (150, -20), 90, -30),
    "in a corner, upside down": tilted(Side.RIGHT, (320, 240), 90, 180),
    "wholly outside": tilted(Side.RIGHT, (150, 340), 60, 0),
    "tiny": tilted(Side.LEFT, (135, 110), 3, 10),
    "huge": tilted(Side.RIGHT, (160, 120), 200, 45),
}


def test_odd_places_are_drawn_as_the_relay_does(page: Page, sitter: Sitter) -> None:
    changes = dict(zip(ODD, check(page, sitter, *([Place(patch, 1)] for patch in ODD.values())), strict=True))
    assert [name for name, change in changes.items() if change == 0] == ["wholly outside"]


def test_any_place_is_drawn_as_the_relay_does(page: Page, sitter: Sitter) -> None:
    random = np.random.default_rng(0)
    assert min(check(page, sitter, *([_anywhere(sitter, random)] for _ in range(40)))) > 0


def _anywhere(sitter: Sitter, random: np.random.Generator) -> Place:
    """Somewhere around an eye, of any size and angle."""
    x, y = sitter.face.eyes[random.integers(2)].corners.mean(axis=0) + random.normal(0, 12, 2)
    width, angle = float(np.exp(random.uniform(2, 4.6))), random.uniform(-180, 180)
    patch = tilted(list(Side)[random.integers(2)], (x, y), width, angle)
    return Place(patch, int(random.integers(4)), random.uniform(0.3, 1))


def test_what_lies_outside_the_ellipse_can_be_drawn_into_it(page: Page, sitter: Sitter) -> None:
    pulled = replace(sitter, packet=pack([steady((0.5, 0.2)), steady((-0.2, -0.5))]))
    place = tilted(Side.RIGHT, (133, 106), 60, 15)
    assert min(check(page, pulled, *([Place(place, field, 0.9)] for field in (0, 1)), limit=LIMIT)) > 6


def test_nothing_to_apply_changes_nothing(page: Page, sitter: Sitter) -> None:
    raw, same = draw(page, sitter, [], sitter.places(gain=0))
    assert np.array_equal(raw, same)


def test_fields_that_move_nothing_change_nothing(page: Page, sitter: Sitter) -> None:
    still = replace(sitter, packet=pack([steady(), steady()]))
    raw, same = draw(page, still, [], still.places())
    assert np.array_equal(raw, same)


def test_light_is_added_in_steps_of_the_stored_luma(page: Page, sitter: Sitter) -> None:
    lit, gains = replace(sitter, packet=pack([steady(light=20 / 255), steady(light=20 / 255)])), (1.0, 0.5)
    each = [lit.places(gain=gain) for gain in gains]
    check(page, lit, *each)
    raw, *shown = draw(page, lit, [], *each)
    for places, warped, gain in zip(each, shown, gains, strict=True):
        unclipped = ~outside(lit.frame, places) & (raw.max(axis=-1) < 220)
        assert unclipped.sum() > 1000
        brighter = warped[unclipped].astype(float) - raw[unclipped]
        assert np.abs(brighter - gain * 20 * 255 / 219).max() < 1  # studio range: 219 steps from black to white


def test_where_patches_meet_the_later_one_is_seen_and_each_shows_the_picture_as_it_came(
    page: Page, sitter: Sitter
) -> None:
    x, y = sitter.face.right.corners.mean(axis=0)
    first, second = (Place(tilted(Side.RIGHT, (x + 20 * n, y + 10 * n), 50, 45), n) for n in range(2))
    of_first, of_second, both = draw(page, sitter, [first], [second], [first, second])
    inside = ~outside(sitter.frame, [second])
    assert np.array_equal(both, np.where(inside[..., None], of_second, of_first))
    assert difference(of_first, of_second, inside) > 1


def test_fields_are_told_apart_and_uploaded_once(page: Page, sitter: Sitter) -> None:
    learned, geometric = sitter.places(), sitter.places(first=2)
    script = """
        const {Warper} = await import('/warp/drawing/warp.js');
        const proto = WebGL2RenderingContext.prototype, {createTexture, texImage2D} = proto;
        const counts = {made: 0, uploads: 0};
        proto.createTexture = function () { counts.made += 1; return createTexture.call(this); };
        proto.texImage2D = function (...words) { counts.uploads += 1; return texImage2D.apply(this, words); };
        const canvas = new OffscreenCanvas(1, 1), warper = new Warper(canvas), shown = [], rows = [];
        const [one, other] = jobs.map(({packet, places}) => rig.placedOf(packet, places));
        for (const placed of [one, one, other, other, one]) {
          rig.drawFrame(warper, jobs[0].frame, placed);
          shown.push(rig.pixelsOf(canvas));
          rows.push({...counts});
        }
        warper.close();
        Object.assign(proto, {createTexture, texImage2D});
        return [shown, rows];"""
    shown, counts = run(page, script, job(sitter, learned), job(sitter, geometric))
    one, other = draw(page, sitter, learned, geometric)
    for text, expected in zip(shown, (one, one, other, other, one), strict=True):
        assert np.array_equal(pixels(text, sitter.frame), expected)
    # Two uploads for the frame, then four for each new field; textures are reused after a field is dropped.
    assert [count["uploads"] for count in counts] == [8, 8, 16, 16, 24]
    assert [count["made"] for count in counts] == [10] * 5


def test_the_picture_may_change_its_size(page: Page, sitter: Sitter) -> None:
    small = replace(sitter, frame=to_frame(Clip(width=200, height=120, eye_width=24).frame(7)))
    places = [Place(tilted(Side.RIGHT, (90, 60), 30, 10), 0)]
    script = """
        const {Warper} = await import('/warp/drawing/warp.js');
        const canvas = new OffscreenCanvas(1, 1), warper = new Warper(canvas);
        return jobs.map(({frame, packet, places}) => {
          rig.drawFrame(warper, frame, rig.placedOf(packet, places));
          return rig.pixelsOf(canvas);
        });"""
    order = [sitter, small, sitter]
    for text, one in zip(run(page, script, *(job(one, places) for one in order)), order, strict=True):
        assert np.array_equal(pixels(text, one.frame), draw(page, one, places)[0])


def test_a_lost_context_is_said_and_draws_nothing_until_it_is_restored(page: Page, sitter: Sitter) -> None:
    script = """
        const {Warper} = await import('/warp/drawing/warp.js');
        const canvas = new OffscreenCanvas(1, 1), bench = new OffscreenCanvas(1, 1), warper = new Warper(canvas, bench);
        const events = [], found = [], happens = (name) => new Promise((resolve) => {
          warper.addEventListener(name, () => { events.push([name, warper.lost]); resolve(); }, {once: true});
        });
        const placed = rig.placedOf(jobs[0].packet, jobs[0].places);
        const draw = (through) => {
          found.push([warper.lost, rig.drawFrame(warper, jobs[0].frame, through), rig.pixelsOf(canvas)]);
        };
        draw(placed);
        const lost = happens('lost'), restored = happens('restored');
        const switcher = bench.getContext('webgl2').getExtension('WEBGL_lose_context');
        switcher.loseContext();
        draw([]);
        await lost;
        await new Promise((resolve) => setTimeout(resolve)); // it cannot be restored during the event
        draw([]);
        switcher.restoreContext();
        await restored;
        draw([]);
        draw(placed);
        warper.close();
        draw([]);
        return {events, found};"""
    result = run(page, script, job(sitter, sitter.places()))
    assert result["events"] == [["lost", True], ["restored", False]]
    states = [(lost, drawn) for lost, drawn, _ in result["found"]]
    assert states == [(False, True), (True, False), (True, False), (False, True), (False, True), (True, False)]
    first, at_once, later, raw, again, closed = (pixels(text, sitter.frame) for _, _, text in result["found"])
    expected = draw(page, sitter, sitter.places(), [])
    assert np.array_equal(first, expected[0])
    assert np.array_equal(raw, expected[1])
    for untouched in (at_once, later, again, closed):
        assert np.array_equal(untouched, first)


def test_it_works_in_a_worker(page: Page, sitter: Sitter) -> None:
    script = """
        const worker = new Worker('/warping.js', {type: 'module'});
        worker.postMessage(jobs[0]);
        const answer = await new Promise((resolve, reject) => {
          worker.onmessage = ({data}) => resolve(data);
          worker.onerror = (event) => reject(new Error(event.message));
        });
        worker.terminate();
        return answer;"""
    answer = run(page, script, job(sitter, sitter.places()))
    assert np.array_equal(pixels(answer, sitter.frame), draw(page, sitter, sitter.places())[0])


def test_a_video_element_is_drawn_onto_a_canvas_of_the_page(page: Page, sitter: Sitter, camera: Clip) -> None:
    script = """
        const {Warper} = await import('/warp/drawing/warp.js');
        const video = document.createElement('video'), canvas = document.createElement('canvas');
        video.srcObject = await navigator.mediaDevices.getUserMedia({video: {width: 320, height: 240}});
        await video.play();
        await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
        video.pause();
        const warper = new Warper(canvas), size = [video.videoWidth, video.videoHeight];
        const [raw, warped] = [[], rig.placedOf(jobs[0].packet, jobs[0].places)].map((placed) => {
          warper.draw(video, ...size, placed);
          return rig.pixelsOf(canvas);
        });
        for (const track of video.srcObject.getTracks()) track.stop();
        warper.close();
        return {size, raw, warped};"""
    places = sitter.places()
    result = run(page, script, job(sitter, places))
    assert result["size"] == [camera.width, camera.height] == list(sitter.frame.size)
    raw, warped = (pixels(result[name], sitter.frame) for name in ("raw", "warped"))
    untouched = outside(sitter.frame, places)
    assert np.array_equal(raw[untouched], warped[untouched])
    assert difference(raw, warped, ~untouched) > 2
