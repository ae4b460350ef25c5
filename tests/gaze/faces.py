"""Synthetic faces, for tests that need no image."""

from dataclasses import replace

import numpy as np

from relay.gaze.face import Angles, Eye, Face, Faces, Head, Side


def eye(
    side: Side = Side.RIGHT,
    centre: tuple[float, float] = (100.0, 80.0),
    width: float = 40.0,
    openness: float = 0.3,
    look: tuple[float, float] = (0.0, 0.0),
) -> Eye:
    """A level eye. look: offset of the iris in eye widths, image's x and y."""
    towards_nose = 1 if side is Side.RIGHT else -1
    along = np.linspace(-0.5, 0.5, 9)[1:-1]
    lid = openness / 2 * (1 - (2 * along) ** 2)

    def place(x: object, y: object) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        pixels = np.column_stack([np.asarray(x) * towards_nose, np.asarray(y)]) * width + centre
        return pixels.astype(np.float32)

    return Eye(
        side=side,
        corners=place([-0.5, 0.5], [0, 0]),
        upper=place(along, -lid),
        lower=place(along, lid),
        iris=np.array(centre, dtype=np.float32) + np.array(look, dtype=np.float32) * width,
        iris_radius=0.21 * width,
        openness=openness,
    )


def face(
    number: int = 1,
    centre: tuple[float, float] = (200.0, 150.0),
    width: float = 40.0,
    openness: float = 0.3,
    gaze: tuple[float, float] = (-8.0, 0.0),
    head: tuple[float, float, float] = (0.0, 0.0, 0.0),
    confidence: float = 1.0,
) -> Face:
    """A face. gaze: pitch, yaw; head: pitch, yaw, roll; degrees."""
    x, y = centre
    return Face(
        number=number,
        right=eye(Side.RIGHT, (x - width, y), width, openness),
        left=eye(Side.LEFT, (x + width, y), width, openness),
        head=Head(*head),
        gaze=Angles(*gaze),
        confidence=confidence,
    )


def faces(*people: Face, time: float = 0.0, size: tuple[int, int] = (640, 480)) -> Faces:
    """The landmark line's result for these faces."""
    return Faces(time=time, size=size, faces=people)


def moved(one: Face, step: tuple[float, float]) -> Face:
    """The same face, shifted by a step in pixels."""
    shift = np.array(step, dtype=np.float32)

    def move(an_eye: Eye) -> Eye:
        points = {name: getattr(an_eye, name) + shift for name in ("corners", "upper", "lower", "iris")}
        return replace(an_eye, **points)

    return replace(one, right=move(one.right), left=move(one.left))
