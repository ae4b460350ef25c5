"""Mines ordinary videos for real pairs: one eye of one person, one head pose, two gazes (Kononenko 2018).

    python -m models.datasets.real.pairs --out DIR [--every N] [--ships] [--licence TEXT] VIDEO...

One album for each video (see album.py), with its name. Two moments make a pair where the head pose is the same, the
eyes are open and sharp, both eyes have turned by about the same angle, and the skin around them can be registered. A
subset is taken that covers the range of turns evenly. Every video also gives eyes without pairs, a few of them shut.
Needs about 0.1 MB of memory for each face detected.
"""

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from models.datasets.real import album
from models.datasets.real.album import Album, Kind, Meta, Pair, Sighting, table
from models.datasets.real.observations import MODEL, OPEN, SHUT, UNREADABLE, Look, looks_of_video
from models.datasets.real.registration import Registration, register, turned
from relay.gaze.spec import MAX_AIM, ROTATION_PER_IRIS_RADIUS

HEAD_APART = 3.0  # degrees, each axis, maximum
GAZE_APART = 3.0  # degrees, minimum
EYES_DISAGREE = (2.5, 0.25)  # degrees, and share of the turn, maximum difference of both eyes
RESIDUAL = 0.04  # of the skin, maximum
LID_CONFLICT = 0.04  # openness: maximum opening while the eye turns down, or closing while it turns up (a grimace)
MAX_UNCERTAINTY = 0.08  # of the registration, iris radii: 2.6 degrees
BLINK = 0.25  # seconds before and after a closure in which lids move: iris landmarks are unreliable
MIN_SHARPNESS = 0.6  # of a video's median sharpness; frames below are blurred
USES = 10  # maximum pairs of one moment
BIN = 3.0  # degrees of turn, bin width for balancing
MOST_PAIRS = 600  # of one video
TRIES = 8  # candidates tried for each pair wanted
UNPAIRED, CLOSED = 400, 40  # eyes stored without pairs: open, and shut


@dataclass(frozen=True)
class Candidates:
    """m pairs of moments. moments: (m, 2) indices into the looks. turns: (m, 2) degrees, approximate: pitch, yaw.
    heads: (m,) degrees between the head poses.
    """

    moments: NDArray[np.intp]
    turns: NDArray[np.float64]
    heads: NDArray[np.float64]


Measured = tuple[int, int, tuple[Pair, Pair]]  # indices of two looks, and the pairs of the right and the left eye


def mine(looks: list[Look], meta: Meta, seed: int = 0) -> Album:
    """The album of a video's looks."""
    usable = _usable(looks)
    shut = [at for at, look in enumerate(looks) if max(one.eye.openness for one in look.eyes) <= SHUT]
    found = _measured([looks[at] for at in usable], seed)
    measured = [(usable[first], usable[second], both) for first, second, both in found]
    return build_album(looks, measured, [*_thinned(usable, UNPAIRED // 2), *_thinned(shut, CLOSED // 2)], meta)


def _usable(looks: list[Look]) -> list[int]:
    """The indices of looks with both eyes open, sharp, and not close to a blink."""
    if not looks:
        return []
    awake = _eyes_open(looks)
    sharpness = np.array([[one.sharpness for one in look.eyes] for look in looks])
    typical = np.median(sharpness[awake], axis=0) if awake.any() else np.inf
    return [int(at) for at in np.flatnonzero(awake & (sharpness >= MIN_SHARPNESS * typical).all(1))]


def _eyes_open(looks: list[Look]) -> NDArray[np.bool_]:
    """(n,) whether the eyes are open, and stay open for BLINK seconds before and after."""
    times = np.array([look.right.time for look in looks])
    numbers = np.array([look.right.number for look in looks])
    awake = np.array([look.openness >= OPEN for look in looks])
    for at in np.flatnonzero(~awake):
        awake &= (np.abs(times - times[at]) > BLINK) | (numbers != numbers[at])
    return awake


def candidates_of(looks: list[Look]) -> Candidates:
    """All pairs of moments of one person with one head pose and two gazes, from landmarks alone."""
    gazes = np.array([np.mean([in_socket(eye) for eye in one.eyes], axis=0) for one in looks]).reshape(-1, 2)
    return candidates(looks, gazes, np.array([one.right.number for one in looks]))


def candidates(looks: list[Look], gazes: NDArray[np.float64], groups: NDArray[np.generic]) -> Candidates:
    """All pairs of looks of one group with one head pose and two gazes. gazes: (n, 2) degrees. groups: (n,)."""
    heads = np.array([(one.right.head.pitch, one.right.head.yaw, one.right.head.roll) for one in looks]).reshape(-1, 3)
    first, second = np.triu_indices(len(looks), 1)
    turns, apart = gazes[second] - gazes[first], np.abs(heads[second] - heads[first]).max(1, initial=0)
    fit = (apart < HEAD_APART) & (groups[first] == groups[second])
    fit &= (np.hypot(*turns.T) > GAZE_APART) & (np.abs(turns) < MAX_AIM).all(1)
    return Candidates(np.column_stack([first, second])[fit], turns[fit], apart[fit])


def in_socket(sighting: Sighting) -> tuple[float, float]:
    """Pitch and yaw of an iris relative to the middle of the corners, degrees, in the picture's axes. Approximate."""
    eye = sighting.eye
    right, down = (eye.iris - eye.corners.mean(0)) / (ROTATION_PER_IRIS_RADIUS * eye.iris_radius)
    pitch, yaw = np.degrees(np.arcsin(np.clip([-down, right], -1, 1)))
    return float(pitch), float(yaw)


def balanced(candidates: Candidates, seed: int) -> NDArray[np.intp]:
    """(m, 2) all moments, ordered round-robin over the bins of turns, smallest head movement first.

    Half of them are reversed.
    """
    generator = np.random.default_rng(seed)
    order = generator.permutation(len(candidates.moments))
    order = order[np.argsort(np.round(candidates.heads[order]), kind="stable")]
    back = generator.random(len(order)) < 0.5
    moments, turns = candidates.moments[order], candidates.turns[order]
    moments[back], turns[back] = moments[back, ::-1], -turns[back]
    bins = np.unique(np.round(turns / BIN), axis=0, return_inverse=True)[1].ravel()
    place = np.zeros(len(bins), dtype=np.intp)
    for one in range(bins.max(initial=-1) + 1):
        inside = bins == one
        place[inside] = np.arange(inside.sum())
    return np.asarray(moments[np.argsort(place, kind="stable")])


def _measured(usable: list[Look], seed: int) -> list[Measured]:
    """Up to MOST_PAIRS / 2 pairs of looks whose eyes could be measured; the pairs' indices are not set yet."""
    found: list[Measured] = []
    uses: Counter[int] = Counter()
    wanted = MOST_PAIRS // 2
    for first, second in balanced(candidates_of(usable), seed)[: TRIES * wanted].tolist():
        if len(found) == wanted:
            break
        if max(uses[first], uses[second]) < USES and (both := measure(usable[first], usable[second])):
            found.append((first, second, both))
            uses.update((first, second))
    return found


def measure(first: Look, second: Look) -> tuple[Pair, Pair] | None:
    """The pairs of the right and the left eye between two looks at one person; None where they are unreliable."""
    registered = register_skin(first, second)
    if registered is None:
        return None
    right, left = (pair_of(*eyes) for eyes in zip(first.eyes, second.eyes, registered, strict=True))
    turns = np.array([(pair.correction.pitch, pair.correction.yaw) for pair in (right, left)])
    size = float(np.hypot(*turns.mean(0)))
    agree = np.hypot(*(turns[0] - turns[1])) <= EYES_DISAGREE[0] + EYES_DISAGREE[1] * size
    opened = [other.eye.openness - one.eye.openness for one, other in zip(first.eyes, second.eyes, strict=True)]
    calm = min(np.sign(turns[:, 0]) * opened) > -LID_CONFLICT
    return (right, left) if agree and calm and size > GAZE_APART and np.abs(turns).max() < MAX_AIM else None


def register_skin(first: Look, second: Look) -> tuple[Registration, Registration] | None:
    """Registration of the skin around the right and the left eye to the second look; None where it fails."""
    found = []
    for one, other in zip(first.eyes, second.eyes, strict=True):
        registered = register((one.crop, one.eye), (other.crop, other.eye))
        if (
            registered is None
            or registered.residual > RESIDUAL
            or registered.uncertainty > MAX_UNCERTAINTY * one.eye.iris_radius
        ):
            return None
        found.append(registered)
    return found[0], found[1]


def pair_of(first: Sighting, second: Sighting, registered: Registration) -> Pair:
    """The pair with its turn measured from the irises; its indices are not set yet."""
    # Both show the same iris at about the same distance.
    radius = (first.eye.iris_radius + second.eye.iris_radius / float(np.hypot(*registered.similarity[:, 0]))) / 2
    return Pair(
        0, 0, turned(first.eye, second.eye, registered.similarity, radius), registered.similarity, registered.residual
    )


def build_album(looks: list[Look], measured: list[Measured], unpaired: list[int], meta: Meta) -> Album:
    """The album with the eyes of all pairs, and those of the looks at the indices `unpaired`; each eye once."""
    kept = dict.fromkeys(at for first, second, _ in measured for at in (first, second)) | dict.fromkeys(unpaired)
    places = {at: 2 * count for count, at in enumerate(kept)}
    pairs = [
        replace(pair, first=places[first] + side, second=places[second] + side)
        for first, second, both in measured
        for side, pair in enumerate(both)
    ]
    return Album.of(meta, [sighting for at in kept for sighting in looks[at].eyes], pairs)


def _thinned(places: list[int], most: int) -> list[int]:
    """At most that many, evenly spaced, and at most every third."""
    return places[:: max(3, -(-len(places) // most))]


def main(arguments: list[str]) -> str | None:
    """Make the missing albums. Returns an error message where a video cannot be read."""
    chosen = _parse(arguments)
    paths = [chosen.out / f"{video.stem}.npz" for video in chosen.videos]
    for video, path in zip(chosen.videos, paths, strict=True):
        if path.exists():
            continue
        meta = Meta(video.name, chosen.person or video.stem, Kind.VIDEO, chosen.ships, chosen.licence)
        looks = looks_of_video(video, chosen.every, chosen.model)
        try:
            album.write(path, mine(list(tqdm(looks, desc=video.name, unit="face")), meta))
        except UNREADABLE as error:
            return f"{video}: {error}"
    tqdm.write(table([(path, album.read(path)) for path in paths]))
    return None


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="models.datasets.real.pairs", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("videos", type=Path, nargs="+", metavar="VIDEO")
    parser.add_argument("--out", type=Path, required=True, help="folder for the albums")
    parser.add_argument("--every", type=int, default=1, help="use every n-th frame only")
    parser.add_argument("--person", help="who is shown; default: the video's name")
    parser.add_argument("--ships", action="store_true", help="weights trained with this may be published")
    parser.add_argument("--licence", default="not stated", help="what allows its use, as text")
    parser.add_argument("--model", type=Path, default=MODEL, help="face_landmarker.task")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
