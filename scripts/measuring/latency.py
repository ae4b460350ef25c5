"""Glass-to-glass latency through a browser: from the camera's own video on the screen to the corrected one.

Chromium's fake camera plays a numbered clip. The page records when each number is shown in the camera's own video and
in the corrected one; the difference is the total latency: encode, send, decode, correct, encode, send, decode, compose;
where the browser warps by itself, camera, warp, compose. Both pipeline modes and the field return alternate on the same
machine, so that other load affects all of them. cpu is the relay's, of one core. The browser shares the processor with
the relay here, so latency is higher than with two machines.
"""

import argparse
import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from relay.config.lines import PipelineMode, ReturnMode
from scripts.measuring.processor import Share
from scripts.measuring.report import describe_machine, print_json, print_table
from tests.browser import FLAGS, begin_call, find_chromium
from tests.clips import Clip, write_mjpeg
from tests.running import RunningRelay

STAMP = Path(__file__).parents[2] / "tests" / "stamp.js"
SIZES = {480: (640, 480), 720: (1280, 720)}
WARM_UP = 4.0  # seconds until bitrate and resolution are stable

# When each number was shown: {original: [[number, milliseconds], ...], corrected: ...}
NOTE = """
(seconds) => Promise.all(["original", "corrected"].map((id) => new Promise((done) => {
  const video = document.getElementById(id);
  const shown = [];
  const end = performance.now() + 1000 * seconds;
  const note = (now) => {
    const number = readNumber(video);
    if (number !== null) shown.push([number, now]);
    if (now < end) video.requestVideoFrameCallback(note);
    else done([id, shown]);
  };
  video.requestVideoFrameCallback(note);
}))).then(Object.fromEntries)
"""

Shown = list[tuple[int, float]]  # number, milliseconds


@dataclass(frozen=True)
class Way:
    """Pipeline mode and return of a call."""

    pipeline: PipelineMode
    returns: ReturnMode

    def __str__(self) -> str:
        return f"{self.pipeline} {self.returns}"


WAYS = (Way("pipelined", "video"), Way("sequential", "video"), Way("pipelined", "field"))
WHERE: dict[ReturnMode, str] = {"video": "relay", "field": "here"}  # the page's values


@dataclass(frozen=True)
class Call:
    """The measurements of one call."""

    delays: list[float]  # milliseconds
    rate: float  # distinct corrected frames per second, as shown
    camera: float  # the same of the camera's own video
    busy: float | None  # the relay, of one core
    relay: dict[str, Any]  # the relay's own statistics


def delays_of(original: Shown, corrected: Shown, loop: float) -> list[float]:
    """For each corrected frame, how long before it the camera's own frame of that number was shown, milliseconds.

    loop: milliseconds after which a number repeats. Where the browser skipped the camera's own frame of a number, the
    match would be a whole loop away: such frames are left out.
    """
    found = []
    for number, at in corrected:
        before = [at - then for same, then in original if same == number and 0 <= at - then < loop / 2]
        if before:
            found.append(min(before))
    return found


def call(browser: Browser, relay: RunningRelay, way: Way, clip: Clip, seconds: float) -> Call:
    """One call, measured for so many seconds after a warm-up."""
    chosen = json.dumps(json.dumps({"where": WHERE[way.returns], "lines": False}))
    with browser.new_page(viewport={"width": 900, "height": 700}) as page:
        page.add_init_script(path=STAMP)
        page.add_init_script(f"localStorage.setItem('eyeline.settings', {chosen})")
        sessions: list[str] = []
        page.on("response", lambda response: sessions.append(response.headers.get("location", "")))
        begin_call(page, relay.address)
        page.wait_for_timeout(1000 * WARM_UP)
        page.wait_for_function(f"document.querySelector('#corrected').videoWidth === {clip.width}")
        share = Share(relay.process.pid)
        shown = page.evaluate(NOTE, seconds)
        busy = share.read()
        answer = page.request.get(relay.address + next(place for place in reversed(sessions) if place))
        if not answer.ok:
            raise SystemExit("the call was closed: this machine is too busy to measure")
        relay_figures = answer.json()
        page.click("#stop")
    rate, camera = (
        sum(number != after for (number, _), (after, _) in pairwise(shown[name])) / seconds
        for name in ("corrected", "original")
    )
    delays = delays_of(shown["original"], shown["corrected"], 1000 * clip.seconds)
    return Call(delays, rate, camera, busy, relay_figures)


def summarise(way: Way, height: int, calls: Sequence[Call]) -> dict[str, Any]:
    """Statistics of all calls of one way."""
    delays = [delay for one in calls for delay in one.delays]
    if not delays:
        raise SystemExit(f"{way}: no number was read in both videos: this machine is too busy to measure")
    p50, p95, p99 = np.percentile(delays, [50, 95, 99]).round(1)
    return {
        "pipeline": way.pipeline,
        "returns": way.returns,
        "height": height,
        "pictures": len(delays),
        "glass_to_glass_ms": {"p50": float(p50), "p95": float(p95), "p99": float(p99)},
        "shown_fps": round(float(np.mean([one.rate for one in calls])), 1),
        "camera_fps": round(float(np.mean([one.camera for one in calls])), 1),
        "relay_cpu": round(float(np.mean([one.busy or 0 for one in calls])), 3),
        "relay": [{key: one.relay[key] for key in ("fps_in", "fps_out", "delay_ms", "frames")} for one in calls],
    }


def row(found: dict[str, Any]) -> list[object]:
    """One line of the table."""
    inside = [one["delay_ms"] for one in found["relay"]]
    return [
        f"{found['height']}p {found['pipeline']} {found['returns']}",
        found["pictures"],
        *found["glass_to_glass_ms"].values(),
        found["shown_fps"],
        found["camera_fps"],
        round(100 * found["relay_cpu"]),
        float(np.mean([one["fps_out"] for one in found["relay"]])),
        float(np.mean([one["p50"] for one in inside])),
        float(np.mean([one["p95"] for one in inside])),
    ]


HEAD = ["ms", "pictures", "p50", "p95", "p99", "fps shown", "camera", "cpu %", "fps out", "in the relay", "p95"]


def main() -> None:
    """Measure the modes in turn and report."""
    parser = argparse.ArgumentParser(
        "scripts/latency", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--height", type=int, choices=SIZES, default=480, help="of the camera's video [pixels]")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each call [seconds]")
    parser.add_argument("--rounds", type=int, default=2, help="calls of each mode")
    chosen = parser.parse_args()
    machine = describe_machine()
    width, height = SIZES[chosen.height]
    clip = Clip(width=width, height=height, seconds=6.0, eye_width=height / 10, sway=height / 20, numbered=True)
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium found: install it, or name one in EYELINE_CHROMIUM")
    calls: dict[Way, list[Call]] = {way: [] for way in WAYS}
    with ExitStack() as stack:
        flags = [*FLAGS, f"--use-file-for-fake-video-capture={write_mjpeg(clip)}"]
        playwright = stack.enter_context(sync_playwright())
        browser = stack.enter_context(playwright.chromium.launch(executable_path=chromium, args=flags))
        relays = {
            mode: stack.enter_context(RunningRelay("--port", "0", "--pipeline", mode))
            for mode in get_args(PipelineMode)
        }
        for _ in range(chosen.rounds):
            for way in WAYS:
                calls[way].append(call(browser, relays[way.pipeline], way, clip, chosen.seconds))
    runs = [summarise(way, height, calls[way]) for way in WAYS]
    print_table(HEAD, [row(found) for found in runs])
    print_json("latency", machine, runs)


if __name__ == "__main__":
    main()
