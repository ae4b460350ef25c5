"""Test vectors for the browser's modules: the relay's results for some frames and packets.

Each subject is a file of tests/vectors. `python -m tests.web.vectors` writes them again; test_vectors.py compares them
with the present results. Frames are grey crops around the eyes, their rows stored as differences from pixel to pixel,
deflated, and quantised in steps of 4 of 255, less than a camera's noise, to keep the files small.
"""

import base64
import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np

from relay.config.lines import Lines
from relay.frame import Plane
from relay.gaze.face import Angles, Eye, Faces
from relay.gaze.geometric import Outline, geometric_field
from relay.gaze.geometry import Patch
from relay.gaze.motion.blink_guard import guard
from relay.gaze.motion.compensation import carry
from relay.gaze.motion.reference import MotionReference
from relay.gaze.motion.velocity import Velocity
from relay.gaze.warp import Placed, warp
from relay.gaze.wire.packets import WireError, decode
from relay.media.freshness import Ages, Fade
from tests.clips import Clip, to_frame
from tests.gaze.faces import face, faces, moved
from tests.gaze.moving import around, grey, shifted, texture
from tests.gaze.packets import mutants, vectors
from tests.gaze.sitters import filmed
from tests.portraits import Person

FOLDER = Path(__file__).parents[1] / "vectors"
PEOPLE = get_args(Person)
WIDTHS = (16.0, 24.0, 40.0)  # of an eye, pixels; from 36 on, 2 by 2 pixels are averaged into one
SIZE = (240, 160)
CENTRE = (120.0, 80.0)

# Rotation [degrees], scale and shift [pixels] of a head.
MOTIONS: Final[tuple[tuple[float, float, tuple[float, float]], ...]] = (
    (0, 1, (0, 0)),
    (0, 1, (4.3, -2.6)),
    (0, 1, (-9, 7)),
    (3, 1, (2, 1)),
    (-2, 1.04, (-3, 2)),
    (0, 0.96, (0, 5)),
)

Content = dict[str, Any]


def picture(y: Plane) -> Content:
    """A grey frame as JSON."""
    steps = np.diff(y, axis=1, prepend=np.uint8(0))
    data = base64.b64encode(zlib.compress(steps.tobytes(), 9)).decode()
    return {"width": y.shape[1], "height": y.shape[0], "data": data}


def places(found: Faces) -> list[Content]:
    """The faces as the page has them: each eye's patch and openness."""
    return [{"number": one.number, "right": _place(one.right), "left": _place(one.left)} for one in found.faces]


def _place(eye: Eye) -> Content:
    patch = Patch.of(eye)
    (x, y), (step_x, step_y) = patch.centre.tolist(), patch.basis[:, 0].tolist()
    values = {"x": x, "y": y, "stepX": step_x, "stepY": step_y, "openness": eye.openness}
    return {name: round(value, 4) for name, value in values.items()}


def motion() -> Content:
    """Moving textures and heads, where the relay's motion compensation puts the faces, and where they really are."""
    before, found = _coarse(texture(SIZE)), [faces(face(centre=CENTRE, width=width), size=SIZE) for width in WIDTHS]
    after = [_coarse(shifted(texture(SIZE), around(CENTRE, *one))) for one in MOTIONS]
    carried = [[carry(MotionReference.of(grey(before), one), one, grey(y)) for one in found] for y in after]
    return {
        "textures": {
            "before": picture(before),
            "faces": [places(one) for one in found],
            "after": [picture(y) for y in after],
            "carried": [[places(one) for one in each] for each in carried],
        },
        "heads": [_head(person, number) for person in PEOPLE for number in (0, 9, 21)],
        "blinks": [_blink(person) for person in PEOPLE],
        "pace": _velocity(),
    }


def _head(person: Person, number: int) -> Content:
    """A head that moves by half an eye width or more in a tenth of a second."""
    clip = Clip(people=(person,), width=320, height=240, eye_width=18, seconds=1.5, sway=30, tilt=0, zoom=0)
    return _sequence(clip, [number, number + 3])


def _blink(person: Person) -> Content:
    """Open eyes, and closed ones."""
    return _sequence(_sitter(person, 24), [20, 31])


def _sitter(person: Person, eye_width: float = 20, sway: float = 0) -> Clip:
    """A head in a small copy of the camera's frames; the lids are down at 1 s."""
    return Clip((person,), width=320, height=240, eye_width=eye_width, sway=sway, tilt=0, zoom=0, blinks=(1.0,))


def _sequence(clip: Clip, numbers: Sequence[int]) -> Content:
    """Crops of a clip around the eyes, and the eyes' places in the first and the last."""
    box = _around([filmed(clip, number) for number in numbers])
    planes = [_cut(to_frame(clip.frame(number)).y, box) for number in numbers]
    first, last = (places(_within(filmed(clip, number), box)) for number in (numbers[0], numbers[-1]))
    return {"pictures": [picture(y) for y in planes], "faces": first, "truth": last}


Box = tuple[int, int, int, int]  # left, top, right, bottom


def _around(each: Sequence[Faces]) -> Box:
    """The region that motion compensation uses around the eyes of the only face, with a margin."""
    eyes = [eye for found in each for eye in found.faces[0].eyes]
    centres, reach = np.array([eye.corners.mean(0) for eye in eyes]), 2 * max(eye.width for eye in eyes)
    low, high = np.floor(centres.min(0) - reach), np.ceil(centres.max(0) + reach)
    (left, top), (right, bottom) = np.maximum(low, 0).astype(int).tolist(), high.astype(int).tolist()
    return left, top, right, bottom


def _cut(y: Plane, box: Box) -> Plane:
    left, top, right, bottom = box
    return _coarse(y[top:bottom, left:right])


def _coarse(y: Plane) -> Plane:
    """Quantised in steps of 4."""
    return np.asarray(y // 4 * 4 + 2, np.uint8)


def _within(found: Faces, box: Box) -> Faces:
    """The faces in the coordinates of this crop."""
    left, top, right, bottom = box
    return replace(found, size=(right - left, bottom - top), faces=tuple(moved(f, (-left, -top)) for f in found.faces))


def _velocity() -> Content:
    """Two detections a tenth of a second apart, and where the relay extrapolates the face a tenth later."""
    first = faces(face(centre=(150, 120)), size=SIZE)
    then = faces(face(centre=(156, 117)), time=0.1, size=SIZE)
    carried = Velocity.between(first, then).carry(then, grey(texture(SIZE), 0.2))
    return {"first": places(first), "then": places(then), "carried": places(carried)}


def lids() -> Content:
    """Eyes that close while a head moves, with the relay's blink guard; and glances, which are no blinks."""
    return {
        "blinks": [_closing(person, width, now) for person in PEOPLE for width, now in NOW.items()],
        "glances": [_glance(person) for person in PEOPLE],
    }


# Frames of a clip of _sitter: the lids start to close at 27, are closed at 30 and open again at 36. NOW, by eye width:
# the frames that are compared with frame SEEN, just before.
REFERENCE_FRAME = 26
NOW = {16.0: (24, 28, 29, 30, 31, 33), 24.0: (24, 28, 30, 31), 38.0: (24, 28, 30)}


def _closing(person: Person, width: float, numbers: Sequence[int]) -> Content:
    """shares: the relay's result for the right and the left eye, in each frame but the first."""
    clip = _sitter(person, width, sway=10)
    box = _around([filmed(clip, number) for number in (REFERENCE_FRAME, *numbers)])
    before, found = _cut(to_frame(clip.frame(REFERENCE_FRAME)).y, box), _within(filmed(clip, REFERENCE_FRAME), box)
    after = [_cut(to_frame(clip.frame(number)).y, box) for number in numbers]
    shares = [[round(share, 4) for share in _guard_shares(before, found, y)] for y in after]
    return {
        "pictures": [picture(y) for y in (before, *after)],
        "faces": places(found),
        "numbers": numbers,
        "shares": shares,
    }


def _guard_shares(before: Plane, found: Faces, after: Plane) -> tuple[float, float]:
    """The relay's blink guard, given only what the browser knows of the lids."""
    estimated = replace(
        found,
        faces=tuple(
            replace(one, right=_with_estimated_lid(one.right), left=_with_estimated_lid(one.left))
            for one in found.faces
        ),
    )
    reference, frame = MotionReference.of(grey(before), estimated), grey(after)
    return guard(reference, estimated, carry(reference, estimated, frame), frame)[found.faces[0].number]


def _with_estimated_lid(eye: Eye) -> Eye:
    """The eye with its upper lid as the browser estimates it."""
    along = np.linspace(-0.5, 0.5, 9)[1:-1]
    heights = -0.62 * eye.openness * (1 - (2 * along) ** 2)
    upper = Patch.of(eye).to_pixels(np.column_stack([along, heights])).astype(np.float32)
    return replace(eye, upper=upper)


def _glance(person: Person) -> Content:
    """A face whose eyes turn to either side."""
    clip = _sitter(person)
    frame, found = to_frame(clip.frame(0)), filmed(clip, 0)
    box = _around([found])
    turned = [warp(frame, [_turned(eye, Angles(yaw=yaw)) for eye in found.faces[0].eyes]) for yaw in (-12, 12)]
    planes = [_cut(one.y, box) for one in (frame, *turned)]
    return {"pictures": [picture(y) for y in planes], "faces": places(_within(found, box))}


def _turned(eye: Eye, aim: Angles) -> Placed:
    patch = Patch.of(eye)
    return Placed(patch, geometric_field(Outline.of(eye, patch), patch.aim(aim)))


def fade() -> Content:
    """Ages as in a call, and the share of the correction at each."""
    chance = np.random.default_rng(4)
    columns = [chance.choice(kinds, 400).tolist() for kinds in ((1, 3, 5, 9), (2, 4, 7), (0.1, 0.2, 0.3, 0.6))]
    steps = [(*step, n / 30) for n, step in enumerate(zip(*columns, strict=True))]
    one = Fade(Lines(max_landmark_age=4, max_field_age=6))
    shares = [one(Ages(marks, field, oldest), time) for marks, field, oldest, time in steps]
    return {"maxLandmarkAge": 4, "maxFieldAge": 6, "steps": steps, "shares": shares}


MUTATED = ("landmarks of one face", "fields of small grids", "fields for nobody")


def refusals() -> Content:
    """Of each mutant of some packets, in order: whether the relay accepts it (1) or refuses it (0)."""
    return {
        vector.name: "".join(str(int(_accepts(mutant))) for mutant in mutants(vector.packet))
        for vector in vectors()
        if vector.name in MUTATED
    }


def _accepts(packet: bytes) -> bool:
    try:
        decode(packet)
    except WireError:
        return False
    return True


RECIPES: dict[str, Callable[[], Content]] = {"motion": motion, "lids": lids, "fade": fade, "refusals": refusals}


def read(name: str) -> Content:
    """A file of vectors."""
    content: Content = json.loads((FOLDER / f"{name}.json").read_text())
    return content


def write() -> None:
    """Write all files again."""
    for name, recipe in RECIPES.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(recipe()) + "\n")


if __name__ == "__main__":
    write()
