"""For the tests of the local path: blank pages that can import its modules, and a relay's packets.

There is no relay: files are served from the folders, and pretending.js answers instead of the relay.
"""

import base64
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from playwright.sync_api import Browser, Page, Route

from relay.gaze.face import Field
from relay.gaze.geometry import ellipse, nodes
from relay.gaze.spec import GRID
from relay.gaze.wire.packets import (
    EyeLandmarks,
    FaceLandmarks,
    FieldPair,
    FieldSet,
    Landmarks,
    Stamp,
    encode_fields,
    encode_landmarks,
)
from relay.http.routes import PAGE_HEADERS
from tests.clips import Clip, Seen
from tests.deadlines import milliseconds
from tests.running import ROOT

FOLDERS = (Path(ROOT, "web"), Path(ROOT, "tests", "web"), Path(ROOT, "tests"))
READ_NUMBERS = Path(ROOT, "tests", "stamp.js").read_text()
LONGER_SIDE = 640  # of the copy that is sent to the relay, pixels
IMPORTS = "const {begin, watch, until, corrected, lumaOf, nearest, numberOn, Local} = await import('/pretending.js');"


def open_blank(browser: Browser, script: str = "") -> Page:
    """A page in a secure context, which camera and VideoFrame require. script: runs first."""
    page = browser.new_page()
    page.route("**", serve)
    page.add_init_script(f"globalThis.TIMEOUT_MS = {milliseconds(30)}; {script}")
    page.goto("http://localhost/")
    return page


def serve(route: Route) -> None:
    """Serve a module of the page or of its tests; else an empty page."""
    name = urlsplit(route.request.url).path.lstrip("/")
    path = next((folder / name for folder in FOLDERS if name and (folder / name).is_file()), None)
    headers = {**PAGE_HEADERS, "Content-Type": "text/javascript" if path else "text/html"}
    route.fulfill(body=path.read_text() if path else "<!doctype html><title>Local</title>", headers=headers)


def run(page: Page, script: str, argument: object = None) -> Any:
    """Run a script with the exports of pretending.js in scope, and the argument as `given`. Returns its result."""
    return page.evaluate(f"async (given) => {{ {IMPORTS} {script} }}", argument)


def packets_of(camera: Clip) -> dict[str, Any]:
    """The relay's packets for each frame: exact landmarks, and a field that lifts the eyes by 0.12 of their width."""
    lift = np.clip(2 - 2 * ellipse(nodes(GRID)), 0, 1)[..., None] * np.array([0, 0.12])
    field = Field(lift.astype(np.float32), np.ones(GRID, np.float32))
    fields = encode_fields(FieldSet(Stamp(0, 0.0, _copied(camera)), 0, (FieldPair(1, field, field),), 0))
    seen = [encode_landmarks(_landmarks(camera, number)) for number in range(len(camera))]
    return {"landmarks": [base64.b64encode(one).decode() for one in seen], "fields": base64.b64encode(fields).decode()}


def _landmarks(camera: Clip, number: int) -> Landmarks:
    """The landmarks of a camera frame, in the small copy."""
    ((right, left),) = camera.eyes(number)
    across = np.array([left.x - right.x, left.y - right.y])
    across /= np.hypot(*across)
    face = FaceLandmarks(1, _eye_landmarks(right, across, camera), _eye_landmarks(left, -across, camera))
    return Landmarks(Stamp(0, number / camera.rate, _copied(camera)), (face,), 0)


def _copied(camera: Clip) -> tuple[int, int]:
    """The size of the small copy."""
    scale = _scale(camera)
    return round(scale * camera.width), round(scale * camera.height)


def _scale(camera: Clip) -> float:
    return min(1, LONGER_SIDE / max(camera.width, camera.height))


def _eye_landmarks(seen: Seen, direction: Any, camera: Clip) -> EyeLandmarks:
    scale = _scale(camera)
    x, y = (direction * seen.width * scale).tolist()
    return EyeLandmarks((seen.x * scale, seen.y * scale), (x, y), openness=0.3, strength=1)
