"""Proves docker-compose.yml: that it is sound, and, with an engine, that people meet in what it starts.

The static check comes first and needs nothing. With docker compose, or podman and podman-compose, the images are then
built and started as a project of their own; two Chromium that are outside of the containers join the room, and what
one sees of the other is counted. Everything is taken down again. The last line is one JSON object.
"""

import argparse
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import sync_playwright

from scripts.composing.engine import Engine, EngineError, find_engine
from scripts.composing.plan import ONCE, PROFILES, RULES, SERVICES, Plan
from scripts.composing.visitors import MotionReference, Visitor
from scripts.measuring.report import describe_machine, print_table
from tests.browser import find_chromium
from tests.clips import Clip

ROOT: Final = Path(__file__).parents[2]
RUNNING: Final = tuple(sorted(SERVICES - ONCE - PROFILES.keys()))
PATIENCE: Final = 120  # seconds until all are healthy
WARM_UP: Final = 8.0  # seconds until bitrate and picture size have settled
FRAMES: Final = re.compile(r'^eyeline_frames_shown_total\{[^}]*verdict="(\w+)"[^}]*\} (\S+)$', re.M)


@dataclass(frozen=True)
class Finding:
    """One line of the table. well: None where it is only told."""

    what: str
    result: str
    well: bool | None = None


def check_plan() -> list[Finding]:
    """The static check."""
    plan = Plan.read(ROOT / "docker-compose.yml")
    found = []
    for rule in RULES:
        problems = list(rule(plan))
        found.append(Finding(rule.__name__, "; ".join(problems) or "well", not problems))
    return found


def main() -> int:
    """0: all is well. 1: something is not. 3: no engine is here, and the static check is well."""
    chosen = _arguments()
    findings = check_plan()
    figures: dict[str, Any] = {}
    status = 0
    if not chosen.static and all(finding.well for finding in findings):
        environment = {"HTTPS_PORT": str(chosen.https_port), "TURN_PORT": str(chosen.turn_port)}
        engine = find_engine(ROOT, chosen.engine, chosen.build_arguments, environment)
        if engine is None:
            _say("No engine answers: neither docker compose nor podman with podman-compose. Only the plan was checked.")
            status = 3
        else:
            more, figures = prove(engine, chosen)
            findings += more
    print_table(("what", "", "found"), [(f.what, _mark(f.well), f.result) for f in findings])
    well = all(finding.well is not False for finding in findings)
    print(json.dumps({"measured": "compose", "well": well, "machine": describe_machine(), **figures}))
    return status if well else 1


def prove(engine: Engine, chosen: argparse.Namespace) -> tuple[list[Finding], dict[str, Any]]:
    """Build, start, visit, take down."""
    _say(f"with {engine.version()}")
    begun = time.monotonic()
    try:
        if chosen.build:
            engine.build()
        built = time.monotonic()
        if not chosen.run:
            return [Finding("images", f"built in {built - begun:.0f} s", True)], {}
        with _running(engine, keep=chosen.keep):
            engine.await_health(RUNNING, PATIENCE, _say)
            up = time.monotonic()
            users = {name: engine.user(name) for name in RUNNING}
            rootless = all(user not in {"", "0"} for user in users.values())
            findings = [
                Finding("images", f"built in {built - begun:.0f} s" if chosen.build else "as they are"),
                Finding("healthy", f"{', '.join(RUNNING)} after {up - built:.0f} s", True),
                Finding("users", ", ".join(f"{name} {user}" for name, user in users.items()), rootless),
            ]
            more, figures = visit(engine, chosen)
            return findings + more, figures | {"engine": engine.version(), "start_seconds": round(up - built, 1)}
    except (EngineError, AssertionError, LookupError) as error:
        _say(str(error))
        return [Finding("the whole", str(error).partition("\n")[0], False)], {}


def visit(engine: Engine, chosen: argparse.Namespace) -> tuple[list[Finding], dict[str, Any]]:
    """Two people in the room; the second one looks at the first."""
    chromium = find_chromium()
    if chromium is None:
        raise EngineError("no Chromium found: EYELINE_CHROMIUM=/path/to/chromium names one")
    address = f"https://{chosen.address}:{chosen.https_port}"
    with (
        sync_playwright() as playwright,
        Visitor(playwright, chromium, "Ada", Clip(sway=12, tilt=3)) as ada,
        Visitor(playwright, chromium, "Ben", Clip(people=("president",), sway=12, tilt=3)) as ben,
    ):
        ada.join(address)
        ben.join(address)
        ben.await_corrected("Ada")
        if chosen.picture:
            ada.await_corrected("Ben")
            ben.page.wait_for_timeout(1000 * WARM_UP)
            ben.page.screenshot(path=chosen.picture)
        ben.only_watch()  # one call at a time: both browsers share this machine with the relay
        ben.page.wait_for_timeout(1000 * WARM_UP)
        before = _frames(engine)
        sight = ben.watch("Ada", chosen.seconds)
        corrected = _share(before, _frames(engine))
        paths = [path for person in (ada, ben) for path in person.paths()]
        return judge(sight, paths, corrected, [*ada.trouble, *ben.trouble], chosen.least)


def judge(
    sight: MotionReference, paths: list[dict[str, Any]], corrected: float, trouble: list[str], least: float
) -> tuple[list[Finding], dict[str, Any]]:
    """What was seen, as findings and as figures. corrected: of the relay's frames, 0..1."""
    through_turn = bool(paths) and all(path["here"] == "relay" for path in paths)
    ways = ", ".join(sorted({f"{path['here']} ({path['over']}) to {path['there']}" for path in paths}))
    seen = f"{sight.rate:.1f} frames/s of {sight.width}x{sight.height}, {sight.freezes} freezes"
    findings = [
        Finding("media", f"{len(paths)} connections, {ways}", through_turn),
        Finding("Ben sees of Ada", seen, sight.rate >= least),
        Finding("corrected", f"{100 * corrected:.0f} % of the relay's frames", corrected > 0.5),
        Finding("pages", "; ".join(trouble) or "no errors", not trouble),
    ]
    return findings, {"seen": asdict(sight), "paths": paths, "corrected": round(corrected, 3)}


@contextmanager
def _running(engine: Engine, *, keep: bool) -> Iterator[None]:
    """Everything runs inside of this; what an earlier check has left is removed first."""
    try:
        engine.remove()
        engine.start()
        yield
    finally:
        if keep:
            _say(f"Everything still runs; to end it: {' '.join(engine.removal)}")
        else:
            engine.remove()


def _frames(engine: Engine) -> dict[str, float]:
    """The relay's frames by what became of them."""
    return {name: float(count) for name, count in FRAMES.findall(engine.read("relay", "/metrics"))}


def _share(before: dict[str, float], after: dict[str, float]) -> float:
    """Corrected frames of all, between two readings."""
    gained = {name: count - before.get(name, 0) for name, count in after.items()}
    return gained.get("corrected", 0) / (sum(gained.values()) or 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("scripts/compose-check", description=__doc__)
    flag: Callable[..., Any] = parser.add_argument
    flag("--static", action="store_true", help="only the static check")
    flag("--engine", choices=["docker", "podman"], help="this engine; otherwise docker where it answers, else podman")
    flag("--keep", action="store_true", help="leave everything running at the end")
    flag("--seconds", type=float, default=20, help="how long one looks at the other")
    flag("--least", type=float, default=25, help="decoded frames a second that are enough")
    flag("--address", default="localhost", help="where the browsers find the demo")
    flag("--https-port", type=int, default=443, help="port of this machine for the page")
    flag("--turn-port", type=int, default=3478, help="port of this machine for TURN")
    flag("--picture", type=Path, help="also save a picture of the room with both corrected, PNG")
    restricted = parser.add_argument_group("on restricted machines")
    flag = restricted.add_argument
    flag("--no-build", dest="build", action="store_false", help="take the images that are there")
    flag(
        "--no-run", dest="run", action="store_false", help="only build, where containers have no way to the registries"
    )
    flag("--build-arguments", default="", help="more words for `podman build`: --network=host, a CA bundle with -v")
    return parser.parse_args()


def _mark(well: bool | None) -> str:
    return {True: "well", False: "NOT WELL", None: ""}[well]


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
