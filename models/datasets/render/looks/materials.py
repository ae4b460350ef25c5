"""Materials of surfaces. Plain data; `shaders` turns it into Blender's nodes."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Colour = tuple[float, float, float]
Picture = NDArray[np.float32]  # (h, w, 3), 0..1, the first row at v = 0

PICTURE_SCALE = 1.6  # the factor that a skin texture value of 1 stands for


@dataclass(frozen=True)
class SkinMaterial:
    """Colour from the mesh's "colour" (times a texture, if any), with colour and bump noise in "rest" coordinates.

    shine: 0..1. mottle: strength of uneven colour. bump: depth of pores and wrinkles, 0.1 mm. offset: this person's
    offset in the noise, mm. picture: linear factors over PICTURE_SCALE.
    """

    shine: float
    mottle: float
    freckles: float
    bump: float
    offset: float
    picture: Picture | None = field(default=None, compare=False)


@dataclass(frozen=True)
class BallMaterial:
    """The eyeball's texture (sRGB) times the mesh's "shade"; shine 0..0.5: wetness."""

    picture: Picture = field(compare=False)
    shine: float


@dataclass(frozen=True)
class FleshMaterial:
    """Lid edges and the inner corner: one colour (linear) times the mesh's "shade"; shine 0..0.5: wetness."""

    colour: Colour


@dataclass(frozen=True)
class ClearMaterial:
    """Cornea or lens: strength 0..1 of the reflection, 1 as of water."""

    strength: float


@dataclass(frozen=True)
class Plain:
    """One colour (linear), some gloss."""

    colour: Colour
    roughness: float = 0.5
    specular: float = 0.5


Material = SkinMaterial | BallMaterial | FleshMaterial | ClearMaterial | Plain
