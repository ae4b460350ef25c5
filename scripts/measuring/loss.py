"""Freezes of a call over a network that loses packets, each way, with and without the relay's mitigations ("cures").

A real browser calls a real relay; decoded frames are polled every 50 ms (scripts/measuring/calls/freezes.py). As root,
relay and browser run in separate network namespaces, and the kernel drops packets on arrival (nft); else, or with
--inside, datagrams are dropped in the relay's own process, by a seed. The delay is always added there. "Without" is
--no-rescue --no-bounded-queues --keyframe-interval 0 --packet-history 128: aiortc's defaults, apart from the relay's
other settings. Both alternate on the same machine. late is the longest time the browser waited for a processor.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Playwright, sync_playwright

from scripts.measuring.calls.freezes import Freeze, Reading, begin, freezes, read, summarise
from scripts.measuring.calls.namespaces import ADDRESS, Ends, available, joined
from scripts.measuring.report import describe_machine, print_json, print_table
from tests.bad_network import BadNetwork
from tests.browser import FLAGS, find_chromium
from tests.clips import Clip, write_mjpeg
from tests.running import RunningRelay

BEFORE: Final = ("--no-rescue", "--no-bounded-queues", "--keyframe-interval", "0", "--packet-history", "128")
CURES: Final[dict[str, tuple[str, ...]]] = {"without": BEFORE, "with": ()}
CLIP: Final = Clip(seconds=6, blinks=(2.0, 4.5), numbered=True)
SETTLE: Final = 3000  # milliseconds
PORT: Final = 8765
PLOT: Final = Path(__file__).parents[2] / "docs" / "pictures" / "loss.png"


@dataclass(frozen=True)
class Run:
    """One call: share lost each way [%], with or without the cures, and the browser's readings."""

    loss: float
    cures: str
    readings: list[Reading]

    @property
    def freezes(self) -> list[Freeze]:
        """All visible freezes."""
        return freezes(self.readings)

    def figures(self) -> dict[str, Any]:
        """The reported statistics."""
        late = max(after.at - before.at for before, after in pairwise(self.readings))
        return {"loss": self.loss, "cures": self.cures, **summarise(self.readings), "late_ms": round(late)}


@dataclass(frozen=True)
class Place:
    """Where calls are made. ends: the namespaces, if used."""

    browser: Browser
    chosen: argparse.Namespace
    ends: Ends | None

    def call(self, loss: float, cures: str) -> Run:
        """Make one call."""
        inside = 0.0 if self.ends else loss
        network = BadNetwork(inside, inside, self.chosen.delay, self.chosen.seed, int(self.chosen.eyes))
        words = [sys.executable, "-u", "-m", "tests.bad_network", str(network)]
        flags = ["--port", "0"]
        if self.ends:
            self.ends.set_loss(0)
            words, flags = [*self.ends.relay, *words], ["--host", ADDRESS, "--port", str(PORT), "--insecure"]
        with RunningRelay(*flags, *CURES[cures], prefix=words) as relay, self.browser.new_page() as page:
            begin(page, relay.address, *self.chosen.size)
            page.wait_for_timeout(SETTLE)
            if self.ends:
                self.ends.set_loss(loss)
            run = Run(loss, cures, read(page, self.chosen.seconds))
        if self.ends:
            print(f"{loss} % {cures}: the kernel dropped {self.ends.lost} packets", file=sys.stderr)
        return run


@contextmanager
def place(playwright: Playwright, chosen: argparse.Namespace, chromium: Path) -> Iterator[Place]:
    """Start the browser, and the namespaces if possible."""
    flags = [*FLAGS, f"--use-file-for-fake-video-capture={write_mjpeg(CLIP)}"]
    flags.append(f"--unsafely-treat-insecure-origin-as-secure=http://{ADDRESS}:{PORT}")  # for the camera
    if chosen.inside or not available():
        with playwright.chromium.launch(executable_path=chromium, args=flags) as browser:
            yield Place(browser, chosen, None)
        return
    with joined(chromium) as ends, playwright.chromium.launch(executable_path=ends.chromium, args=flags) as browser:
        yield Place(browser, chosen, ends)


def plot(runs: Sequence[Run], path: Path) -> None:
    """Plot each call as a line over time, each freeze as a bar of its duration."""
    import matplotlib as mpl  # noqa: PLC0415 - needed for a plot only

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    losses = sorted({run.loss for run in runs})
    figure, places = plt.subplots(
        len(losses), 1, figsize=(9, 1.9 * len(losses)), sharex=True, sharey=True, squeeze=False
    )
    for axes, loss in zip(places[:, 0], losses, strict=True):
        for run in (one for one in runs if one.loss == loss):
            before, origin = run.cures == "without", run.readings[0].at
            axes.bar(
                [(one.at - origin) / 1000 for one in run.freezes],
                [one.length / 1000 for one in run.freezes],
                width=[one.length / 1000 for one in run.freezes],
                align="edge",
                color="#c8553d" if before else "#2a6f97",
                alpha=0.55 if before else 0.9,
                label=f"{run.cures} the cures",
            )
        axes.axhline(1, color="black", linewidth=0.6, linestyle="--")
        axes.set_ylabel(f"{loss:g} % lost\nfreeze [s]")
        axes.spines[["top", "right"]].set_visible(False)
    places[0, 0].legend(loc="upper right", frameon=False)
    places[-1, 0].set_xlabel("time of the call [s]")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


HEAD: Final = (
    *("loss each way", "cures", "longest ms", ">200 ms", ">500 ms", ">1 s", "frozen s", "fps", "kbit/s by thirds"),
    *("height", "keyframes", "NACKs", "PLIs", "by relay", "late ms"),
)


def row(found: dict[str, Any]) -> list[object]:
    """One line of the table."""
    keys = ("longest_ms", "over_200_ms", "over_500_ms", "over_1_s", "frozen_s", "fps")
    return [
        f"{found['loss']:g} %",
        found["cures"],
        *(found[key] for key in keys),
        " ".join(str(rate) for rate in found["kbits"]),
        *(found[key] for key in ("height", "keyframes", "nacks", "plis", "plis_by_relay", "late_ms")),
    ]


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    return int(width), int(height)


def main() -> None:
    """Call with and without cures, for each loss rate, and report."""
    parser = argparse.ArgumentParser("scripts/loss", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--loss", type=float, nargs="+", default=[1.0, 3.0, 5.0, 10.0], help="each way [%%]")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each call [seconds]")
    parser.add_argument("--delay", type=float, default=25.0, help="of each way [ms]")
    parser.add_argument("--seed", type=int, default=1, help="of the losses inside the process")
    parser.add_argument("--size", type=_size, default=(640, 480), help="of the camera's video, as 640x480")
    parser.add_argument(
        "--cures", choices=CURES, nargs="+", default=list(CURES), help="with the relay's mitigations, without, or both"
    )
    parser.add_argument("--inside", action="store_true", help="drop in the relay's process instead of the kernel")
    parser.add_argument("--eyes", action=argparse.BooleanOptionalAction, default=True, help="also correct the eyes")
    parser.add_argument(
        "--plot", type=Path, nargs="?", const=PLOT, help=f"draw the freezes; {PLOT.name} in docs/pictures"
    )
    chosen = parser.parse_args()
    machine = describe_machine()
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium found: install it, or name one in EYELINE_CHROMIUM")
    with sync_playwright() as playwright, place(playwright, chosen, chromium) as where:
        runs = [where.call(loss, cures) for loss in chosen.loss for cures in chosen.cures]
    figures = [run.figures() for run in runs]
    print_table(HEAD, [row(found) for found in figures])
    if chosen.plot:
        plot(runs, chosen.plot)
    where_lost = "process" if where.ends is None else "kernel"
    print_json("loss", {**machine, "delay_ms": chosen.delay, "dropped_by": where_lost}, figures)


if __name__ == "__main__":
    main()
