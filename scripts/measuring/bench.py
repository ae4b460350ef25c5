"""Latency of each stage in the real pipeline, fed with a face at a camera's frame rate.

For 480p, 720p and 1080p, one and two faces, both pipeline modes: median and 95th percentile over the last five
seconds of each run, in milliseconds. `delay` is from the decoded to the corrected frame, in field return to the packet
with its landmarks; `age` is how many frames before the shown one its landmarks and its field were made; cpu is relative
to one core. Decoding and encoding are not included.
"""

import argparse
import asyncio
import time
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any, get_args

import av
import cv2

from relay.config.engine import FieldMode
from relay.config.lines import PipelineMode, ReturnMode
from relay.config.serve import Serve
from relay.gaze.corrector import Corrector
from relay.gaze.face import Faces
from relay.media.mailbox import ClosedError
from relay.media.pipeline import Listeners, Pipeline
from relay.media.stages import Executors
from relay.metrics import Meter, Percentiles, Statistics
from scripts.measuring.report import describe_machine, print_json, print_table
from tests.clips import Clip
from tests.portraits import Person

SIZES = {480: (640, 480), 720: (1280, 720), 1080: (1920, 1080)}
RATE = 30
TICKS = 90_000  # a second, as in RTP


def film(height: int, faces: int, returns: ReturnMode) -> list[av.VideoFrame]:
    """Two seconds of looping decoded frames. For field return the browser sends a copy 640 pixels wide."""
    width, height = SIZES[height]
    if returns == "field":
        width, height = 640, height * 640 // width
    people: list[Person] = ["astronaut"] * faces
    clip = Clip(tuple(people), width, height, RATE, seconds=2.0, eye_width=height / 15, sway=height / 20)
    return [av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p") for picture in clip.frames()]


@dataclass(frozen=True)
class Run:
    """One run: statistics; the network's execution provider, empty without one; share of one core; packets, kbit/s."""

    figures: Statistics
    provider: str
    busy: float
    sent: float


async def run(
    frames: list[av.VideoFrame],
    mode: PipelineMode,
    returns: ReturnMode,
    settings: Serve,
    seconds: float,
) -> Run:
    """Feed the frames for so many seconds."""
    executors, meter = Executors.start(), Meter(mode, time.monotonic(), returns)
    corrector = executors.landmarks.submit(Corrector, settings, settings.correction).result()  # as in a session
    seen: list[int] = [0]

    def saw(faces: Faces) -> None:
        seen[0] = len(faces.faces)

    lines = settings.lines.model_copy(update={"pipeline": mode})
    packets: list[int] = []  # bytes of each, where the receiver warps
    listeners = Listeners[Faces](saw, send=(lambda packet: packets.append(len(packet))) if returns == "field" else None)
    used = time.process_time()
    pipeline = Pipeline(corrector, executors, lines=lines, meter=meter, clock=time.monotonic, listeners=listeners)
    async with asyncio.TaskGroup() as group:
        for line in [*pipeline.lines(), _send(pipeline)]:
            group.create_task(line)
        await _feed(pipeline, frames, seconds)
        used = time.process_time() - used
        report = meter.report(time.monotonic(), dropped=pipeline.dropped, faces=seen[0])
        pipeline.close()
    await pipeline.wait_idle()
    corrector.close()
    executors.shutdown()
    return Run(report, corrector.provider, used / seconds, 8 * sum(packets) / 1000 / seconds)


async def _feed(pipeline: Pipeline[Any, Any], frames: list[av.VideoFrame], seconds: float) -> None:
    begun = time.monotonic()
    for number in range(round(seconds * RATE)):
        await asyncio.sleep(max(0.0, begun + number / RATE - time.monotonic()))
        frame = frames[number % len(frames)]
        frame.pts, frame.time_base = number * TICKS // RATE, Fraction(1, TICKS)
        pipeline.take(frame)
    await asyncio.sleep(1 / RATE)


async def _send(pipeline: Pipeline[Any, Any]) -> None:
    """Fetch frames that are ready, as a sender does."""
    while True:
        try:
            await pipeline.next()
        except ClosedError:
            return


def row(height: int, asked: int, found: Run) -> list[object]:
    """One line of the table."""
    report = found.figures

    def pair(found: Percentiles | None) -> list[object]:
        return [found.p50, found.p95] if found else [None, None]

    stages = [cell for stage in ("landmarks", "field", "warp") for cell in pair(report.stages_ms.get(stage))]
    ages = [cell for line in ("landmarks", "field") for cell in pair(report.age_frames.get(line))]
    share = round(100 * report.frames.corrected / max(report.frames.out, 1))
    return [
        f"{height}p {report.pipeline} {report.returns}",
        f"{report.faces}/{asked}",
        report.fps_out,
        *stages,
        *pair(report.delay_ms),
        *ages,
        share,
        round(100 * found.busy),
        round(found.sent) or None,
    ]


HEAD = ["ms", "faces", "fps", "landmarks", "p95", "field", "p95", "warp", "p95", "delay", "p95", "age: lm", "p95"]
HEAD += ["field", "p95", "corrected %", "cpu %", "kbit/s"]


def main() -> None:
    """Run all requested combinations."""
    parser = argparse.ArgumentParser(
        "scripts/bench", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--heights", type=int, nargs="+", choices=SIZES, default=list(SIZES), help="picture heights [pixels]"
    )
    parser.add_argument("--faces", type=int, nargs="+", choices=[1, 2], default=[1, 2], help="faces in the picture")
    parser.add_argument("--pipelines", nargs="+", choices=get_args(PipelineMode), default=["pipelined", "sequential"])
    parser.add_argument(
        "--returns",
        nargs="+",
        choices=get_args(ReturnMode),
        default=["video"],
        help="video: corrected frames; field: landmarks and fields, of a copy 640 pixels wide (default: video)",
    )
    parser.add_argument(
        "--field", choices=get_args(FieldMode), default="network", help="how fields are made (default: network)"
    )
    parser.add_argument("--seconds", type=float, default=7.0, help="of each run; the last 5 count [seconds]")
    chosen = parser.parse_args()
    settings = Serve.read(["--field", chosen.field], "bench")
    cv2.setNumThreads(1)  # as the relay does
    machine, rows, runs, provider = describe_machine(), [], [], ""
    for height, faces, returns in product(chosen.heights, chosen.faces, chosen.returns):
        frames = film(height, faces, returns)
        for mode in chosen.pipelines:
            found = asyncio.run(run(frames, mode, returns, settings, chosen.seconds))
            provider = found.provider
            rows.append(row(height, faces, found))
            made = {"field": settings.field, "provider": provider or None, "cpu": found.busy, "kbit_s": found.sent}
            figures = found.figures.model_dump(by_alias=True, mode="json")
            runs.append({"height": height, "faces_shown": faces, **made, **figures})
    print(f"field: {settings.field}{f' on {provider}' if provider else ''}")
    print_table(HEAD, rows)
    print_json("bench", machine, runs)


if __name__ == "__main__":
    main()
