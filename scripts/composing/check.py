"""Checks docker-compose.yml statically and, with a container engine, end to end with two participants.

The static check runs first and needs nothing. With docker compose, or podman and podman-compose, the images are then
built and started as a separate project. Two Chromium instances outside the containers join the room, and the video that
one receives from the other is measured. Everything is removed afterwards. The last line is one JSON object.
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
from scripts.composing.visitors import Participant, ReceivedVideo
from scripts.measuring.report import describe_machine, print_table
from tests.browser import find_chromium
from tests.clips import Clip

ROOT: Final = Path(__file__).parents[2]
RUNNING: Final = tuple(sorted(SERVICES - ONCE - PROFILES.keys()))
TIMEOUT: Final = 120  # seconds until all services are healthy
WARM_UP: Final = 8.0  # seconds until bitrate and picture size have settled
FRAMES: Final = re.compile(r'^eyeline_frames_shown_total\{[^}]*verdict="(\w+)"[^}]*\} (\S+)$', re.M)


@dataclass(frozen=True)
class Finding:
    """One line of the table. ok: None where it is only informative."""

    what: str
    result: str
    ok: bool | None = None


def check_plan() -> list[Finding]:
    """Run the static check."""
    plan = Plan.read(ROOT / "docker-compose.yml")
    found = []
    for rule in RULES:
        problems = list(rule(plan))
        found.append(Finding(rule.__name__, "; ".join(problems) or "ok", not problems))
    return found


def main() -> int:
    """Exit status. 0: all checks passed. 1: one failed. 3: no engine found, and the static check passed."""
    chosen = _arguments()
    findings = check_plan()
    figures: dict[str, Any] = {}
    status = 0
    if not chosen.static and all(finding.ok for finding in findings):
        environment = {"HTTPS_PORT": str(chosen.https_port), "TURN_PORT": str(chosen.turn_port)}
        engine = find_engine(ROOT, chosen.engine, chosen.build_arguments, environment)
        if engine is None:
            _log("No engine found: neither docker compose nor podman with podman-compose. Only the plan was checked.")
            status = 3
        else:
            more, figures = prove(engine, chosen)
            findings += more
    print_table(("what", "", "found"), [(f.what, _mark(f.ok), f.result) for f in findings])
    ok = all(finding.ok is not False for finding in findings)
    print(json.dumps({"measured": "compose", "ok": ok, "machine": describe_machine(), **figures}))
    return status if ok else 1


def prove(engine: Engine, chosen: argparse.Namespace) -> tuple[list[Finding], dict[str, Any]]:
    """Build, start, join, remove."""
    _log(f"with {engine.version()}")
    begun = time.monotonic()
    try:
        if chosen.build:
            engine.build()
        built = time.monotonic()
        if not chosen.run:
            return [Finding("images", f"built in {built - begun:.0f} s", True)], {}
        with _running(engine, keep=chosen.keep):
            engine.wait_healthy(RUNNING, TIMEOUT, _log)
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
        _log(str(error))
        return [Finding("the whole", str(error).partition("\n")[0], False)], {}


def visit(engine: Engine, chosen: argparse.Namespace) -> tuple[list[Finding], dict[str, Any]]:
    """Two participants join the room; the second receives the first."""
    chromium = find_chromium()
    if chromium is None:
        raise EngineError("no Chromium found: name one with EYELINE_CHROMIUM=/path/to/chromium")
    address = f"https://{chosen.address}:{chosen.https_port}"
    with (
        sync_playwright() as playwright,
        Participant(playwright, chromium, "Ada", Clip(sway=12, tilt=3)) as ada,
        Participant(playwright, chromium, "Ben", Clip(people=("president",), sway=12, tilt=3)) as ben,
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
        received = ben.watch("Ada", chosen.seconds)
        corrected = _share(before, _frames(engine))
        paths = [path for person in (ada, ben) for path in person.paths()]
        return judge(received, paths, corrected, [*ada.trouble, *ben.trouble], chosen.least)


def judge(
    received: ReceivedVideo, paths: list[dict[str, Any]], corrected: float, trouble: list[str], least: float
) -> tuple[list[Finding], dict[str, Any]]:
    """The measurements as findings and as JSON. corrected: share of the relay's frames, 0..1."""
    through_turn = bool(paths) and all(path["here"] == "relay" for path in paths)
    routes = ", ".join(sorted({f"{path['here']} ({path['over']}) to {path['there']}" for path in paths}))
    seen = f"{received.rate:.1f} frames/s of {received.width}x{received.height}, {received.freezes} freezes"
    findings = [
        Finding("media", f"{len(paths)} connections, {routes}", through_turn),
        Finding("Ben sees of Ada", seen, received.rate >= least),
        Finding("corrected", f"{100 * corrected:.0f} % of the relay's frames", corrected > 0.5),
        Finding("pages", "; ".join(trouble) or "no errors", not trouble),
    ]
    return findings, {"seen": asdict(received), "paths": paths, "corrected": round(corrected, 3)}


@contextmanager
def _running(engine: Engine, *, keep: bool) -> Iterator[None]:
    """All services run inside this context; leftovers of an earlier check are removed first."""
    try:
        engine.remove()
        engine.start()
        yield
    finally:
        if keep:
            _log(f"The services are still running; to remove them: {' '.join(engine.removal)}")
        else:
            engine.remove()


def _frames(engine: Engine) -> dict[str, float]:
    """The relay's frames by verdict."""
    return {name: float(count) for name, count in FRAMES.findall(engine.read("relay", "/metrics"))}


def _share(before: dict[str, float], after: dict[str, float]) -> float:
    """Share of corrected frames between two readings."""
    gained = {name: count - before.get(name, 0) for name, count in after.items()}
    return gained.get("corrected", 0) / (sum(gained.values()) or 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("scripts/compose-check", description=__doc__)
    flag: Callable[..., Any] = parser.add_argument
    flag("--static", action="store_true", help="only the static check")
    flag("--engine", choices=["docker", "podman"], help="container engine (default: docker if available, else podman)")
    flag("--keep", action="store_true", help="leave everything running at the end")
    flag("--seconds", type=float, default=20, help="measured duration of the call")
    flag("--least", type=float, default=25, help="minimum decoded frames per second")
    flag("--address", default="localhost", help="where the browsers find the demo")
    flag("--https-port", type=int, default=443, help="port of this machine for the page")
    flag("--turn-port", type=int, default=3478, help="port of this machine for TURN")
    flag("--picture", type=Path, help="also save a picture of the room with both corrected, PNG")
    restricted = parser.add_argument_group("on restricted machines")
    flag = restricted.add_argument
    flag("--no-build", dest="build", action="store_false", help="use existing images")
    flag("--no-run", dest="run", action="store_false", help="only build, where containers cannot reach the registries")
    flag("--build-arguments", default="", help="more arguments for `podman build`: --network=host, a CA bundle with -v")
    return parser.parse_args()


def _mark(ok: bool | None) -> str:
    return {True: "ok", False: "FAILED", None: ""}[ok]


def _log(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
