"""Compares gaze correction systems on held-out renders and on real clips:

    python -m models.evaluate --scenes DIR --clips DIR --judge FILE --row none full=full.onnx --out DIR

A row is NAME=weights.onnx, none or geometric; rows of the same name are the same system trained from other seeds.
Prints tables in Markdown and, as its last line, the report as one JSON object; writes both, contact sheets and
training curves into --out. The same seed selects the same eyes. Sheets of clips show people: do not publish them.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
from tqdm import tqdm

from models.evaluation import curves, report, sheets
from models.evaluation.clips import clip_table, clips, films, judge_on_renders
from models.evaluation.clips.judge import Judge
from models.evaluation.figures import Metric, Result
from models.evaluation.renders import render_table, synthetic
from models.evaluation.renders.trials import choose, read_outlines
from models.evaluation.rows import Row
from relay.errors import ModelError
from relay.gaze.face import Angles

LINES = 16  # rows of a contact sheet
JUDGE_FACTOR = 4  # times as many pairs are searched for the judge: few turn along one axis only
SHOWN = {"up": Angles(pitch=10), "down": Angles(pitch=-10), "left": Angles(yaw=-15), "right": Angles(yaw=15)}


@dataclass(frozen=True)
class Plan:
    """What to evaluate. noise: whether landmarks get errors as large as MediaPipe's."""

    rows: tuple[Row, ...]
    out: Path
    scenes: Path | None
    split: str
    pairs: int
    seed: int
    noise: bool
    clips: Path | None
    judge: Path | None
    seconds: float
    curves: tuple[Path, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the evaluation. Returns the exit status."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    cv2.setNumThreads(1)  # as the relay does
    try:
        plan = Plan(**{**vars(asked), "rows": tuple(Row.parse(text) for text in asked.rows or ("none", "geometric"))})
        if plan.scenes is None and plan.clips is None and not plan.curves:
            raise ValueError("nothing to do: give --scenes, --clips or --curves")
        plan.out.mkdir(parents=True, exist_ok=True)
        results = evaluate(plan)
    except (ModelError, OSError, ValueError) as error:
        parser.error(str(error))
    about = {
        "split": plan.split if plan.scenes else None,
        "pairs": plan.pairs,
        "seed": plan.seed,
        "noise": plan.noise,
        "seconds_of_clips": plan.seconds if plan.clips else None,
    }
    report.write(plan.out, results, about)
    sys.stdout.write(report.to_markdown(results) + "\n")
    sys.stdout.write(json.dumps({"measured": "evaluate", "about": about, "rows": report.to_json(results)}) + "\n")
    return 0


def evaluate(plan: Plan) -> list[Result]:
    """Evaluate all rows on all data given."""
    metrics: list[list[Metric]] = [[] for _ in plan.rows]
    if plan.scenes is not None:
        _on_scenes(plan, plan.scenes, metrics)
    if plan.clips is not None:
        _on_clips(plan, plan.clips, metrics)
    if plan.curves:
        _draw_curves(plan)
    return [Result(row.name, tuple(found)) for row, found in zip(plan.rows, metrics, strict=True)]


def _on_scenes(plan: Plan, folder: Path, metrics: Sequence[list[Metric]]) -> None:
    outlines = read_outlines(folder, plan.split)
    choice = choose(outlines, plan.pairs, plan.seed)
    found = synthetic.measure(plan.rows, choice, plan.seed if plan.noise else None)
    for measured, known in zip(found, metrics, strict=True):
        known.extend(render_table.metrics_of(measured))
    if plan.judge:
        trials = judge_on_renders.usable(choose(outlines, JUDGE_FACTOR * plan.pairs, plan.seed).pairs)
        for judged, known in zip(judge_on_renders.measure(plan.rows, trials, Judge(plan.judge)), metrics, strict=True):
            known.extend(judge_on_renders.metrics_of(judged))
    shown = sheets.spread(choice.pairs, LINES)
    sheets.save(plan.out / "renders.png", sheets.rendered(shown, plan.rows))


def _on_clips(plan: Plan, folder: Path, metrics: Sequence[list[Metric]]) -> None:
    judge = Judge(plan.judge) if plan.judge else None
    paths = sorted(folder.glob("*.mp4"))
    if not paths:
        raise ValueError(f"no .mp4 in {folder}")
    reel = [films.read(path, plan.seconds) for path in tqdm(paths, desc="faces of the clips", disable=None)]
    for row, known in zip(plan.rows, metrics, strict=True):
        known.extend(clip_table.metrics_of(clips.measure(row, reel, judge)))
    for name, aim in SHOWN.items():
        sheets.save(plan.out / f"clips_{name}.png", sheets.filmed(reel, plan.rows, aim))


def _draw_curves(plan: Plan) -> None:
    runs = {folder.name: curves.read(folder / "curves.csv") for folder in plan.curves}
    names = sorted({name for run in runs.values() for name in run})
    curves.draw(runs, names, plan.out / "curves.png")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "scripts/evaluate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--row", dest="rows", action="extend", nargs="+", metavar="NAME[=FILE]", help="default: none geometric"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the report and the sheets")
    parser.add_argument("--scenes", type=Path, help="folder of rendered scenes")
    parser.add_argument("--split", choices=["test", "validation", "train"], default="test", help="which people")
    parser.add_argument("--pairs", type=int, default=400, help="pairs of rendered eyes")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of pairs")
    parser.add_argument("--noise", action="store_true", help="add landmark errors as large as MediaPipe's to renders")
    parser.add_argument("--clips", type=Path, help="folder of real videos")
    parser.add_argument(
        "--judge", type=Path, help="OpenSeeFace's gaze network, ONNX: an independent estimate of the iris"
    )
    parser.add_argument("--seconds", type=float, default=4.0, help="of each video [seconds]")
    parser.add_argument("--curves", type=Path, nargs="+", default=(), help="folders of training runs, to draw")
    return parser


if __name__ == "__main__":
    sys.exit(main())
