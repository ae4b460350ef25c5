"""What surfaces are made of. Plain data; `shaders` makes Blender's nodes of it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
Picture = NDArray[np.float32]  # (h, w, 3), 0..1, the first row at v = 0

PICTURE_SCALE = 1.6  # a skin picture of 1 means this factor


@dataclass(frozen=True)
class SkinMaterial:
    """Colour from the mesh's "colour" (times a picture, if any), mottled and bumped by noise that sticks to "rest".

    shine: 0..1. mottle: strength of uneven colour. bump: depth of pores and wrinkles, 0.1 mm. offset: where in the
    noise this person lies, mm. picture: linear factors over PICTURE_SCALE.
    """

    shine: float
    mottle: float
    freckles: float
    bump: float
    offset: float
    picture: Picture | None = field(default=None, compare=False)


@dataclass(frozen=True)
class BallMaterial:
    """The eyeball's picture (sRGB) times the mesh's "shade"; shine 0..0.5: how wet."""

    picture: Picture = field(compare=False)
    shine: float


@dataclass(frozen=True)
class FleshMaterial:
    """Lid edges and the inner corner: one colour (linear) times the mesh's "shade"; shine 0..0.5: how wet."""

    colour: Colour


@dataclass(frozen=True)
class ClearMaterial:
    """Cornea or lens: strength 0..1 of what water would mirror of the surroundings."""

    strength: float


@dataclass(frozen=True)
class Plain:
    """One colour (linear), some gloss."""

    colour: Colour
    roughness: float = 0.5
    specular: float = 0.5


Material = SkinMaterial | BallMaterial | FleshMaterial | ClearMaterial | Plain
