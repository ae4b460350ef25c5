"""How long each stage takes in the real pipeline, fed with a face at the pace of a camera.

For 480p, 720p and 1080p, one and two faces, both pipeline modes: median and 95th percentile over the last five
seconds of each run, in milliseconds. `delay` is from the decoded to the corrected frame; `age` is how many frames
before the shown one its landmarks and its field were made. Decoding and encoding are not part of it.
"""

import argparse
import asyncio
import time
from fractions import Fraction
from itertools import product
from typing import Any, get_args

import av
import cv2

from relay import config
from relay.gaze.corrector import Corrector
from relay.gaze.face import Faces
from relay.media.mailbox import ClosedError
from relay.media.pipeline import Pipeline
from relay.media.stages import Hands
from relay.metrics import Meter, Percentiles, Statistics
from scripts.report import describe_machine, print_json, print_table
from tests.clips import Clip
from tests.portraits import Person

SIZES = {480: (640, 480), 720: (1280, 720), 1080: (1920, 1080)}
RATE = 30
TICKS = 90_000  # a second, as in RTP


def film(height: int, faces: int) -> list[av.VideoFrame]:
    """Two seconds that loop, as a decoder gives them."""
    width, height = SIZES[height]
    people: list[Person] = ["astronaut"] * faces
    clip = Clip(tuple(people), width, height, RATE, seconds=2.0, eye_width=height / 15, sway=height / 20)
    return [av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p") for picture in clip.frames()]


async def run(
    frames: list[av.VideoFrame], mode: config.PipelineMode, settings: config.Serve, seconds: float
) -> tuple[Statistics, str]:
    """Feed the frames for so long; what that took, and what the network ran on, empty without one."""
    hands, meter = Hands.hire(), Meter(mode, time.monotonic())
    corrector = hands.landmarks.submit(Corrector, settings, settings.correction).result()  # as a session does it
    seen: list[int] = [0]

    def saw(faces: Faces) -> None:
        seen[0] = len(faces.faces)

    pipeline = Pipeline(corrector, hands, mode=mode, meter=meter, clock=time.monotonic, saw=saw)
    async with asyncio.TaskGroup() as group:
        for line in [*pipeline.lines(), _send(pipeline)]:
            group.create_task(line)
        await _feed(pipeline, frames, seconds)
        report = meter.report(time.monotonic(), dropped=pipeline.dropped, faces=seen[0])
        pipeline.close()
    await pipeline.settle()
    corrector.close()
    hands.dismiss()
    return report, corrector.provider


async def _feed(pipeline: Pipeline[Any, Any], frames: list[av.VideoFrame], seconds: float) -> None:
    begun = time.monotonic()
    for number in range(round(seconds * RATE)):
        await asyncio.sleep(max(0.0, begun + number / RATE - time.monotonic()))
        frame = frames[number % len(frames)]
        frame.pts, frame.time_base = number * TICKS // RATE, Fraction(1, TICKS)
        pipeline.take(frame)
    await asyncio.sleep(1 / RATE)


async def _send(pipeline: Pipeline[Any, Any]) -> None:
    """Pick up what is ready, as a sender does."""
    while True:
        try:
            await pipeline.next()
        except ClosedError:
            return


def row(height: int, asked: int, report: Statistics) -> list[object]:
    """One line of the table."""

    def pair(found: Percentiles | None) -> list[object]:
        return [found.p50, found.p95] if found else [None, None]

    stages = [cell for stage in ("landmarks", "field", "warp") for cell in pair(report.stages_ms.get(stage))]
    ages = [cell for line in ("landmarks", "field") for cell in pair(report.age_frames.get(line))]
    share = round(100 * report.frames.corrected / max(report.frames.out, 1))
    return [
        f"{height}p {report.pipeline}",
        f"{report.faces}/{asked}",
        report.fps_out,
        *stages,
        *pair(report.delay_ms),
        *ages,
        share,
    ]


HEAD = ["ms", "faces", "fps", "landmarks", "p95", "field", "p95", "warp", "p95", "delay", "p95", "age: lm", "p95"]
HEAD += ["field", "p95", "corrected %"]


def main() -> None:
    """Run all combinations asked for."""
    parser = argparse.ArgumentParser(
        "scripts/bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--heights", type=int, nargs="+", choices=SIZES, default=list(SIZES), help="picture heights [pixels]"
    )
    parser.add_argument("--faces", type=int, nargs="+", choices=[1, 2], default=[1, 2], help="faces in the picture")
    parser.add_argument(
        "--pipelines", nargs="+", choices=get_args(config.PipelineMode), default=["pipelined", "sequential"]
    )
    parser.add_argument(
        "--field", choices=get_args(config.FieldMode), default="network", help="how fields are made (default: network)"
    )
    parser.add_argument("--seconds", type=float, default=7.0, help="of each run; the last 5 count [seconds]")
    chosen = parser.parse_args()
    settings = config.Serve.read(["--field", chosen.field], "bench")
    cv2.setNumThreads(1)  # as the relay does
    machine, rows, runs, provider = describe_machine(), [], [], ""
    for height, faces in product(chosen.heights, chosen.faces):
        frames = film(height, faces)
        for mode in chosen.pipelines:
            report, provider = asyncio.run(run(frames, mode, settings, chosen.seconds))
            rows.append(row(height, faces, report))
            made = {"field": settings.field, "provider": provider or None}
            figures = report.model_dump(by_alias=True, mode="json")
            runs.append({"height": height, "faces_shown": faces, **made, **figures})
    print(f"field: {settings.field}{f' on {provider}' if provider else ''}")
    print_table(HEAD, rows)
    print_json("bench", machine, runs)


if __name__ == "__main__":
    main()
