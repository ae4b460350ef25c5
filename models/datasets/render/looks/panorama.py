"""Prepares Blender's world panoramas: clipped, normalised in brightness, and blurred for reflections.

A panorama is (h, w, 3) linear light, rows from the zenith down, columns by Blender's equirectangular mapping.
Directions are in the world frame (y up), turned by the surroundings' angle.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.datasets.render.looks.lights import Light, Surroundings

Floats = NDArray[np.float32]
SIZE = (256, 512)


@dataclass(frozen=True)
class Panorama:
    """light: lights the scene. mirror: what smooth surfaces reflect, lamps included."""

    light: Floats
    mirror: Floats


def prepare(picture: Floats, world: Surroundings, lamps: tuple[Light, ...], seen_from: NDArray[np.float64]) -> Panorama:
    """Prepare a panorama of any size. seen_from: (3,) mm, world frame, position of the reflecting surfaces."""
    small = cv2.resize(picture, SIZE[::-1], interpolation=cv2.INTER_AREA)
    weight = np.cos((np.arange(SIZE[0]) + 0.5 - SIZE[0] / 2) / SIZE[0] * np.pi)[:, None]
    # A camera's white balance removes most of a light's colour.
    colour = (small * weight[..., None]).sum((0, 1))
    small = small * (colour.mean() / np.maximum(colour, 1e-6)) ** 0.9
    small = small / max(_mean(small, weight), 1e-6)
    peak = small.max(-1, keepdims=True)
    bounded = small * np.minimum(1, world.limit / np.maximum(peak, 1e-6))
    light = bounded / max(_mean(bounded, weight), 1e-6)
    mirror = np.minimum(light, world.limit).copy()
    for lamp in lamps:
        _paint(mirror, lamp, world, seen_from)
    blur = max(world.blur / 360 * SIZE[1], 0.6)
    wrapped = np.hstack([mirror[:, -64:], mirror, mirror[:, :64]])
    mirror = cv2.GaussianBlur(wrapped, (0, 0), blur)[:, 64:-64]
    return Panorama(light.astype(np.float32), mirror.astype(np.float32))


def _mean(picture: Floats, weight: NDArray[np.float64]) -> float:
    """Mean brightness over the sphere."""
    return float((picture.mean(-1) * weight).sum() / (weight.sum() * picture.shape[1]))


def _paint(mirror: Floats, lamp: Light, world: Surroundings, seen_from: NDArray[np.float64]) -> None:
    """Draw the lamp into the reflected panorama: a rectangle as bright as the lamp."""
    away = np.array(lamp.place) - seen_from
    distance = float(np.linalg.norm(away))
    column, row = place_of(away / distance, world.turn)
    wide, high = (np.degrees(np.arctan(side / 2 / distance)) / 360 * SIZE[1] for side in lamp.size)
    left, right = max(int(column - wide), 0), int(column + wide) + 1
    top, bottom = max(int(row - high), 0), int(row + high) + 1
    mirror[top:bottom, left:right] += lamp.radiance(distance) * np.array(lamp.colour, dtype=np.float32)


def place_of(direction: NDArray[np.float64], turn: float) -> tuple[float, float]:
    """Column and row of a (3,) unit direction of the world frame."""
    x, up, towards = direction
    y, z = -towards, up  # Blender's horizon is its xy plane
    angle = np.radians(turn)
    x, y = np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y
    u = np.arctan2(y, -x) / (2 * np.pi) + 0.5
    v = np.arcsin(np.clip(z, -1, 1)) / np.pi + 0.5
    return float(u * SIZE[1]), float((1 - v) * SIZE[0])
