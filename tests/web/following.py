"""Small grey pictures and faces, handed to the browser's modules as the page would."""

import base64
import math
from typing import Any

from playwright.sync_api import Page

from relay.frame import Plane
from relay.gaze.face import Eye, Face, Faces
from relay.gaze.geometry import Patch

# luma(picture): what travelled, as the modules take it.
RIG = """
const {carry, drift, fit, paces, see} = await import('/motion.js');
const {guard} = await import('/guard.js');
const luma = ({data, width, height}) => ({data: Uint8Array.from(atob(data), (c) => c.charCodeAt(0)), width, height});
"""


def evaluate(page: Page, script: str, **values: Any) -> Any:
    """The result of a script that finds the modules' functions and these values by name."""
    names = ", ".join(values)
    return page.evaluate(f"async ({{{names}}}) => {{ {RIG} {script} }}", values)


def picture(y: Plane) -> dict[str, Any]:
    """A grey picture that can travel."""
    return {"data": base64.b64encode(y.tobytes()).decode(), "width": y.shape[1], "height": y.shape[0]}


def places(faces: Faces) -> list[dict[str, Any]]:
    """The faces as the page knows them: where each eye's patch lies, and how far it is open."""
    return [{"number": one.number, "right": _place(one.right), "left": _place(one.left)} for one in faces.faces]


def _place(eye: Eye) -> dict[str, float]:
    patch = Patch.of(eye)
    (x, y), (step_x, step_y) = patch.centre.tolist(), patch.basis[:, 0].tolist()
    return {"x": x, "y": y, "stepX": step_x, "stepY": step_y, "openness": eye.openness}


def apart(here: dict[str, Any], there: Face) -> float:
    """The farthest between the ends of both eyes, pixels."""
    ends = [
        (eye[side]["x"] + end * eye[side]["stepX"] / 2, eye[side]["y"] + end * eye[side]["stepY"] / 2)
        for eye in (here, places(Faces(0, (0, 0), faces=(there,)))[0])
        for side in ("right", "left")
        for end in (-1, 1)
    ]
    return max(math.dist(one, other) for one, other in zip(ends[:4], ends[4:], strict=True))
