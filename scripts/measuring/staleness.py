"""The error of showing a frame with landmarks and a field of some frames earlier.

Measures every pair of ages up to --most, on sequences with known landmarks (sequences.py) and, with --clips, on real
films, against the sequential result of the same frame. Values are 95th percentiles over both eyes of all frames with
this motion, in % of an eye's width; for shut eyes, how far a stale field moves their lids. A heat map shows all pairs.
The last line is one JSON object. The thresholds are explained in bars.py.
"""

import argparse
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np

from relay.config.check import Check
from relay.config.engine import FieldMode
from relay.gaze.corrector import compute, run
from relay.gaze.face import Angles
from relay.gaze.network import load
from relay.media.stages import processors
from scripts.measuring.ages.ageing import VARIANTS, Cost, History, Reading
from scripts.measuring.ages.bars import CONTACT, LIFTED, Ages, Evidence, propose
from scripts.measuring.ages.heatmap import Column, Panel, draw
from scripts.measuring.ages.motions import Motion
from scripts.measuring.ages.sequences import SCENES, Scene, film
from scripts.measuring.report import describe_machine, print_json, print_table

KNOWN, FILMS = "known sequences", "real films"
AIM = Angles(pitch=8.0)  # the relay's default
SHIPPED = VARIANTS[-1]
DRAWN = (VARIANTS[0], SHIPPED)
PAIRS = (Ages(0, 1), Ages(0, 3), Ages(0, 6), Ages(1, 1), Ages(1, 2), Ages(2, 3), Ages(3, 4), Ages(4, 6), Ages(6, 6))


@dataclass(frozen=True)
class Job:
    """One take to be created or read, and measured, in a separate process: it must be small to pickle."""

    what: Scene | Path
    seconds: float
    field: FieldMode
    most: int
    every: int

    def __call__(self) -> list[Reading]:
        """Measure. Raises ModelError, FileNotFoundError, av.FFmpegError."""
        cv2.setNumThreads(1)  # as the relay does
        settings = Check.read(["--field", self.field], "staleness")
        maker = compute if self.field == "geometric" else partial(run, load(settings.weights, 1))
        if isinstance(self.what, Path):
            take = film(self.what, self.seconds)
        else:
            take = replace(self.what, seconds=self.seconds).take()
        return History(take, maker, AIM, self.most).readings(self.every)


def measure(jobs: Sequence[Job]) -> list[list[Reading]]:
    """The readings of each job, in parallel on all processors."""
    with ProcessPoolExecutor(processors(), mp_context=get_context("spawn")) as pool:
        return list(pool.map(_do, jobs))


def _do(job: Job) -> list[Reading]:
    return job()


def show(evidence: Evidence) -> None:
    """Print the tables."""
    most = evidence.most
    print(f"\n{evidence.name}: how far from the eye the patch lies, p95, % of eye width (pixels)")
    head = ["landmark age, frames", "readings", *(str(age) for age in range(1, most + 1))]
    print_table(head, [_place_row(evidence, motion, number) for motion, number in _rows(evidence, guarded=False)])
    print(f"\n{evidence.name}: how far from its sequential place the iris lies, p95, % of eye width")
    pairs = [pair for pair in PAIRS if max(pair.landmarks, pair.field) <= most]
    head = ["landmark / field age", *(f"{pair.landmarks}/{pair.field}" for pair in pairs)]
    print_table(head, [_pair_row(evidence, motion, number, pairs) for motion, number in _rows(evidence)])
    if evidence.count(Motion.BLINK, shut=True):
        print(f"\n{evidence.name}: shut eyes: a lid moved, p95, % of eye width (grey levels changed, mean)")
        head = ["landmark / field age", *(f"{age}/{age}" for age in range(most + 1))]
        print_table(head, [_lid_row(evidence, number) for number in range(len(VARIANTS))])


def _rows(evidence: Evidence, guarded: bool = True) -> Iterable[tuple[Motion, int]]:
    for motion in Motion:
        if evidence.count(motion):
            yield from ((motion, number) for number, one in enumerate(VARIANTS) if guarded or not one.guard)


def _place_row(evidence: Evidence, motion: Motion, number: int) -> list[object]:
    share, pixels = (evidence.p95(motion, cost)[number, 1:, 0] for cost in (Cost.PLACE, Cost.PLACE_PX))
    cells = [f"{100 * one:.1f} ({px:.1f})" for one, px in zip(share, pixels, strict=True)]
    return [f"{motion}, {VARIANTS[number].name}", evidence.count(motion), *cells]


def _pair_row(evidence: Evidence, motion: Motion, number: int, pairs: Sequence[Ages]) -> list[object]:
    iris = 100 * evidence.p95(motion, Cost.IRIS)[number]
    return [f"{motion}, {VARIANTS[number].name}", *(f"{iris[one.landmarks, one.field]:.2f}" for one in pairs)]


def _lid_row(evidence: Evidence, number: int) -> list[object]:
    lids = 100 * evidence.p95(Motion.BLINK, Cost.LIDS, shut=True)[number]
    grey = evidence.mean(Motion.BLINK, Cost.TOUCHED, shut=True)[number]
    return [
        VARIANTS[number].name,
        *(f"{one:.1f} ({levels:.1f})" for one, levels in zip(np.diag(lids), np.diag(grey), strict=True)),
    ]


def picture(evidence: Evidence, path: Path) -> None:
    """Draw the heat map. A still head is left out: its errors are negligible."""
    columns = []
    for motion in list(Motion)[1:]:
        shut = motion is Motion.BLINK
        if evidence.count(motion, shut):
            values = 100 * evidence.p95(motion, Cost.LIDS if shut else Cost.IRIS, shut)
            bar = 100 * (LIFTED if shut else evidence.contact)
            panels = [Panel(values[VARIANTS.index(one)], bar) for one in DRAWN]
            columns.append(Column("lids of shut eyes" if shut else f"iris, {motion}", panels))
    names = [f"motion {one.motion}{', guard' if one.guard else ''}" for one in DRAWN]
    title = f"{evidence.name}: distance from the sequential result, 95th percentile, % of eye width (green: threshold)"
    draw(columns, names, title, path)


def conclude(found: Sequence[Evidence]) -> dict[str, Any]:
    """Print which ages pass for each variant, and the proposed settings."""
    print(
        f"\nwhat passes: iris within {CONTACT} degrees, {100 * found[0].contact:.1f} % of an eye's width (see bars.py)"
    )
    every = {"all": found, "all, films held to every bar": [one.strict for one in found]}
    groups = {**{one.name: [one] for one in found}, **every}
    ages = [{name: propose(group, number) for name, group in groups.items()} for number in range(len(VARIANTS))]
    rows = [
        [variant.name, *(f"{one.landmarks}/{one.field}" for one in row.values())]
        for variant, row in zip(VARIANTS, ages, strict=True)
    ]
    print_table(["largest landmark / field age", *groups], rows)
    proposed, strict = (ages[VARIANTS.index(SHIPPED)][name] for name in every)
    print(f"proposed: --max-landmark-age {proposed.landmarks} --max-field-age {proposed.field}")
    return {"proposed": asdict(proposed), "films_held_to_every_bar": asdict(strict)}


def record(evidence: Evidence) -> dict[str, Any]:
    """The JSON of one kind of takes. Lists by landmark age, nested lists by field age."""
    cases = [
        {"motion": motion, "shut_eyes_only": shut, "readings": evidence.count(motion, shut), "variant": variant.name}
        | _figures(evidence, motion, shut, number)
        for motion, shut in [*((motion, False) for motion in Motion), (Motion.BLINK, True)]
        if evidence.count(motion, shut)
        for number, variant in enumerate(VARIANTS)
    ]
    return {"takes": evidence.name, "contact_pct": round(100 * evidence.contact, 2), "cases": cases}


def _figures(evidence: Evidence, motion: Motion, shut: bool, number: int) -> dict[str, Any]:
    """Statistics of one variant; pct: of the eye's width."""
    p95 = [evidence.p95(motion, cost, shut)[number] for cost in Cost]
    place_px, place, openness, iris, lids, aperture, grey, touched = p95
    return {
        "place_px_p95": place_px[:, 0].round(2).tolist(),
        "place_pct_p95": (100 * place[:, 0]).round(2).tolist(),
        "openness_pct_p95": (100 * openness[:, 0]).round(2).tolist(),
        "iris_pct_p95": (100 * iris).round(2).tolist(),
        "lids_pct_p95": (100 * lids).round(2).tolist(),
        "aperture_pct_p95": (100 * aperture).round(2).tolist(),
        "grey_p95": grey.round(2).tolist(),
        "touched_p95": touched.round(2).tolist(),
    }


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser("scripts/staleness", description=__doc__)
    parser.add_argument("--clips", type=Path, help="folder of real films (.mp4) with one face each")
    parser.add_argument("--scenes", type=int, help="number of known sequences, and of films (default: all)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each sequence and film [seconds]")
    parser.add_argument("--most", type=int, default=6, help="largest age [frames]")
    parser.add_argument("--every", type=int, default=1, help="measure each n-th frame")
    parser.add_argument("--field", choices=get_args(FieldMode), default="network", help="how fields are made")
    parser.add_argument("--out", type=Path, default=Path("staleness.png"), help="heat map; of films: NAME-clips.png")
    chosen = parser.parse_args()
    machine = describe_machine()
    found = gather(chosen)
    for number, one in enumerate(found):
        show(one)
        picture(one, chosen.out.with_stem(chosen.out.stem + ("-clips" if number else "")))
    conclusion = {"field": chosen.field, **conclude(found)}
    print_json("staleness", machine, [*(record(one) for one in found), conclusion])


def gather(chosen: argparse.Namespace) -> list[Evidence]:
    """Measure all requested takes. Exits where a folder has nothing to measure."""
    kinds: dict[str, list[Scene | Path]] = {KNOWN: list(SCENES[: chosen.scenes])}
    if chosen.clips:
        kinds[FILMS] = list(sorted(chosen.clips.glob("*.mp4"))[: chosen.scenes])
    whats = [what for kind in kinds.values() for what in kind]
    readings = iter(measure([Job(what, chosen.seconds, chosen.field, chosen.most, chosen.every) for what in whats]))
    found = [
        Evidence(name, [one for _ in kind for one in next(readings)], known=name == KNOWN)
        for name, kind in kinds.items()
    ]
    if empty := [one.name for one in found if not one.readings]:
        raise SystemExit(f"nothing to measure in: {', '.join(empty)}")
    return found


if __name__ == "__main__":
    main()
