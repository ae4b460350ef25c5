"""Quantises fields to signed bytes, and back (docs/protocol.md, "Fields"). Knows nothing of packets, frames or faces.

Each layer is sent on its own coarse grid, which covers the same patch. Its nodes are not local means: they are the
least squares fit of bilinear interpolation to the layer, with less than half of the means' error. The fit is
separable, so rows and columns each take one small matrix. The mask is sent as its logit: the logit has no edges, and a
coarse grid of it gives sharper edges than a fine grid of the mask itself.
"""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from relay.gaze.face import Field
from relay.gaze.spec import GRID

Layer = NDArray[np.float32]
Shape = tuple[int, int]  # rows, columns

ABSENT: Final[Shape] = (0, 0)
STEPS: Final = 127  # from zero to the scale; -128 is never written, and read as -127, as in a texture
MIN_SCALE: Final = 1e-9  # a smaller scale is invisible, and its steps would not be finite
LOGIT: Final = 8.0  # of a mask of 1 - 0.0003

_SCALES: Final = struct.Struct("<4f")


@dataclass(frozen=True)
class LayerFormat:
    """How a layer is sent. values: shape of a node's value; always: never absent; max_scale; shape: as sent."""

    values: tuple[int, ...]
    always: bool
    max_scale: float
    shape: Shape

    def allows(self, shape: Shape) -> bool:
        """Whether a packet may hold the layer in this shape."""
        if shape == ABSENT:
            return not self.always
        return all(2 <= side <= most for side, most in zip(shape, GRID, strict=True))


# In the order in which layers are sent. Their shapes were chosen by measurement: docs/protocol.md.
LAYER_FORMATS: Final = (
    LayerFormat(values=(2,), always=True, max_scale=4.0, shape=(18, 16)),  # flow, eye widths
    LayerFormat(values=(2,), always=False, max_scale=4.0, shape=(18, 16)),  # rest, eye widths
    LayerFormat(values=(), always=True, max_scale=2 * LOGIT, shape=(18, 16)),  # mask, its logit
    LayerFormat(values=(), always=False, max_scale=1.0, shape=(12, 16)),  # light, of the luma's range
)


def shapes_for(fields: Sequence[Field]) -> tuple[Shape, ...]:
    """The layers' shapes in a packet of these fields: absent where no field has the layer."""
    rest, light = any(one.rest is not None for one in fields), any(one.light is not None for one in fields)
    return tuple(
        form.shape if there else ABSENT for form, there in zip(LAYER_FORMATS, (True, rest, True, light), strict=True)
    )


def length_of(shapes: Sequence[Shape]) -> int:
    """Bytes of one field. Raises ValueError where no packet may hold such layers."""
    wrong = [shape for form, shape in zip(LAYER_FORMATS, shapes, strict=True) if not form.allows(shape)]
    if wrong:
        raise ValueError(f"grids of (rows, columns) {wrong}")
    return _SCALES.size + sum(prod((*shape, *form.values)) for form, shape in zip(LAYER_FORMATS, shapes, strict=True))


def to_bytes(field: Field, shapes: Sequence[Shape]) -> bytes:
    """A field of any grid. A layer that it lacks and shapes have is zero. Raises ValueError where one is not finite."""
    scales, parts = [], []
    for layer, shape, form in zip(_layers(field), shapes, LAYER_FORMATS, strict=True):
        scale, data = (
            (0.0, np.zeros((*shape, *form.values))) if layer is None else _quantise(layer, shape, form.max_scale)
        )
        scales.append(scale)
        parts.append(data.astype(np.int8).tobytes())
    return _SCALES.pack(*scales) + b"".join(parts)


def from_bytes(data: bytes, shapes: Sequence[Shape]) -> Field:
    """The field on the full grid of the spec. data: length_of(shapes) bytes. Raises ValueError."""
    layers, start = [], _SCALES.size
    for scale, shape, form in zip(_SCALES.unpack_from(data), shapes, LAYER_FORMATS, strict=True):
        if not 0 <= scale <= form.max_scale:
            raise ValueError(f"a layer with a scale of {scale}")
        size = prod((*shape, *form.values))
        nodes = np.frombuffer(data, np.int8, size, start).reshape(*shape, *form.values)
        layers.append(_restore(nodes, scale))
        start += size
    flow, rest, logit, light = layers
    return Field(
        flow=flow,
        mask=np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float32),
        rest=None if shapes[1] == ABSENT else rest,
        light=None if shapes[3] == ABSENT else light,
    )


def _layers(field: Field) -> tuple[Layer | None, ...]:
    """In the order and the units in which they are sent."""
    return field.flow, field.rest, _logit(field.mask), field.light


def _logit(mask: Layer) -> Layer:
    """0..1 -> -LOGIT..LOGIT."""
    least = 1 / (1 + np.exp(np.float32(LOGIT)))
    share = mask.clip(least, 1 - least)
    return np.asarray(np.log(share / (1 - share)), dtype=np.float32)


def _quantise(layer: Layer, shape: Shape, limit: float) -> tuple[float, Layer]:
    """The scale, and each node's steps. Values beyond +-limit are clipped.

    Where the layer is a bilinear one of that shape, no node's error exceeds scale / 254.
    """
    if not np.isfinite(layer).all():
        raise ValueError("a layer that is not finite")
    nodes = _resample(layer, shape, _fit).clip(-limit, limit)
    scale = float(np.abs(nodes).max())
    if scale < MIN_SCALE:
        return 0.0, np.zeros_like(nodes)
    return scale, np.rint(nodes * (STEPS / scale))


def _restore(data: NDArray[np.int8], scale: float) -> Layer:
    return _resample(np.maximum(data, -STEPS) * np.float32(scale / STEPS), GRID, interpolation)


@lru_cache(maxsize=64)
def interpolation(few: int, many: int) -> Layer:
    """(many, few): linear interpolation from the centres of `few` equal cells to those of `many`; ends are constant."""
    at = ((np.arange(many) + 0.5) * few / many - 0.5).clip(0, max(few - 1, 0))
    return np.asarray(np.maximum(0, 1 - np.abs(at[:, None] - np.arange(few))), dtype=np.float32)


@lru_cache(maxsize=64)
def _fit(many: int, few: int) -> Layer:
    """(few, many): least squares fit of interpolation() to `many` values; interpolation where those are fewer."""
    return interpolation(many, few) if few >= many else np.linalg.pinv(interpolation(few, many)).astype(np.float32)


def _resample(layer: Layer, shape: Shape, matrix: Callable[[int, int], Layer]) -> Layer:
    """(rows, columns) or (rows, columns, 2) -> the same on another shape. matrix(from, to): for one axis."""
    down, across = (matrix(many, few) for many, few in zip(layer.shape, shape, strict=False))
    planes = np.moveaxis(layer[..., None] if layer.ndim == 2 else layer, -1, 0)
    resampled = np.moveaxis(down @ planes @ across.T, 0, -1)
    return np.asarray(resampled.reshape(*shape, *layer.shape[2:]), dtype=np.float32)
