"""Glass-to-glass latency of Eyeline and of its peers on this machine: same clip, same landmark model and network.

The peers are named and pinned in scripts/measuring/calls/peer_server.py and below. Each is installed into an
environment of its own under .cache/peers, on top of .venv's packages, so that all share aiortc, decoder, landmark model
and network; one that cannot be installed is named and left out. Peers process each frame as the relay does in
sequential mode, by the same code; each uses its own default codec settings.

One call is measured: its frames are numbered, encoded in real time (640x480, 30 per second), decoded on return, and the
numbers read. The other sessions cost little (scripts/measuring/calls/callers.py). All of them are in another process
than the server, on the same processors. Each value is over all rounds; servers alternate and are restarted for each.
A growing delay shows in the medians of the first and the second half of each call. Frames not returned when a call ends
are in no median, which favours the server that delays frames longest.
"""

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientError, ClientSession

from scripts.measuring.calls.callers import RATE, Caller, CallError, encode, percentile
from scripts.measuring.calls.glass import DelayMeter, Planes, develop
from scripts.measuring.processor import Share
from scripts.measuring.report import describe_machine, print_json, print_table
from tests.clips import Clip
from tests.deadlines import STARTING
from tests.running import ADDRESS, ROOT

PACKAGES: Final = {"fastrtc": "fastrtc==0.0.34", "streamlit-webrtc": "streamlit-webrtc==0.79.0"}
OURS: Final = "eyeline"
SERVERS: Final = {  # and the package that each needs, where that is not ours already
    OURS: None,
    "aiortc": None,
    "fastrtc": "fastrtc",
    "fastrtc-skip": "fastrtc",
    "streamlit-webrtc": "streamlit-webrtc",
}
FOLDER: Final = ROOT / ".cache" / "peers"
CLIP: Final = Clip(blinks=(1.5,))  # 640x480
SETTLE: Final = 4.0  # seconds from the start of the last call until frames count


@dataclass(frozen=True)
class Call:
    """One measured call: each frame's delay in milliseconds in both halves, CPU used."""

    first: list[float]
    second: list[float]
    seconds: float
    server_cores: float | None
    client_cores: float | None


def install(package: str) -> Path | None:
    """The Python of an environment with this package, created if missing. None where it cannot be installed."""
    folder, wanted = FOLDER / package, f"{PACKAGES[package]} {sys.version}"
    python, stamp = folder / "bin" / "python", folder / "installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"installing {PACKAGES[package]} into {folder.relative_to(ROOT)}", file=sys.stderr)
        stamp.unlink(missing_ok=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
        (site,) = folder.glob("lib/python*/site-packages")
        ours = [path for path in sys.path if path.endswith("site-packages")]
        (site / "beside.pth").write_text("\n".join(ours) + "\n")  # reuse the packages of .venv
        command = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", PACKAGES[package]]
        if subprocess.run(command, check=False).returncode:
            return None
        stamp.write_text(wanted)
    return python


def command_of(server: str, python: Path | str, sessions: int) -> list[str]:
    """The command that starts the server."""
    if server == OURS:
        most = ("--max-sessions", str(sessions))
        return [str(python), "-u", "-m", "relay", "serve", "--port", "0", "--no-admission", *most]
    return [str(python), "-u", "-m", "scripts.measuring.calls.peer_server", server, "--sessions", str(sessions)]


@contextmanager
def serving(command: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Run the server; yields its address, without a trailing slash, and its process id."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield _address(process, output), process.pid
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:  # its threads still have work queued
                process.kill()
                process.wait()


def _address(process: subprocess.Popen[bytes], output: Any) -> str:
    """The server's address, once it is printed."""
    end = time.monotonic() + STARTING
    while True:
        output.seek(0)
        text = output.read().decode(errors="replace")
        if found := re.search(ADDRESS.pattern + r"(?=[\s/])", text):
            return found[0]
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"the server did not start:\n{text}")
        time.sleep(0.1)


async def measure_call(
    url: str, process: int, film: list[Planes], packets: list[bytes], sessions: int, seconds: float
) -> Call:
    """Run so many concurrent calls, and measure one of them for so many seconds."""
    async with ClientSession() as http, AsyncExitStack() as stack:
        for number in range(1, sessions):
            caller = Caller(packets, phase=number / sessions / RATE)
            stack.push_async_callback(caller.hang_up)
            await caller.call(http, url)
        meter = await stack.enter_async_context(DelayMeter(film))
        await meter.call(http, url)
        await asyncio.sleep(SETTLE)
        begun, shares = time.monotonic(), (Share(process), Share())
        await asyncio.sleep(seconds)
        taken, middle = [share.read() for share in shares], begun + seconds / 2
        first, second = meter.delays.between(begun, middle), meter.delays.between(middle, begun + seconds)
    return Call(first, second, seconds, *taken)


def summarise(server: str, sessions: int, calls: Sequence[Call]) -> dict[str, Any]:
    """Statistics of all calls of one server with so many sessions."""
    first = [way for call in calls for way in call.first]
    second = [way for call in calls for way in call.second]
    delays = [*first, *second]
    return {
        "server": server,
        "sessions": sessions,
        "pictures": len(delays),
        "glass_to_glass_ms": {"p50": percentile(delays, 50), "p95": percentile(delays, 95)},
        "halves_ms": {"first": percentile(first, 50), "second": percentile(second, 50)},
        "fps": round(len(delays) / sum(call.seconds for call in calls), 1),
        "server_cores": _mean([call.server_cores for call in calls]),
        "client_cores": _mean([call.client_cores for call in calls]),
    }


def compare(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ratio of each peer's median to Eyeline's with as many sessions; None where nothing was returned."""
    ours = {run["sessions"]: run["glass_to_glass_ms"]["p50"] for run in runs if run["server"] == OURS}
    found = []
    for run in runs:
        if run["server"] != OURS and ours.get(run["sessions"]):
            theirs = run["glass_to_glass_ms"]["p50"]
            times = None if theirs is None else round(theirs / ours[run["sessions"]], 1)
            found.append({"peer": run["server"], "sessions": run["sessions"], "times_ours": times})
    return found


def row(run: dict[str, Any], times: float | None) -> list[object]:
    """One line of the table."""
    cores = [None if run[name] is None else 100 * run[name] for name in ("server_cores", "client_cores")]
    return [
        run["server"],
        run["sessions"],
        run["pictures"],
        *run["glass_to_glass_ms"].values(),
        *run["halves_ms"].values(),
        run["fps"],
        times,
        *cores,
    ]


HEAD = ["ms", "sessions", "pictures", "p50", "p95", "p50 1st half", "2nd half", "fps", "times ours", "server cpu %"]
HEAD += ["client cpu %"]


def measure(pythons: dict[str, Path | str], chosen: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure all servers in turn, round by round, in order of the number of sessions."""
    film, packets = develop(CLIP), encode(replace(CLIP, numbered=True))
    calls: dict[tuple[int, str], list[Call]] = {}
    for turn, sessions, server in product(range(chosen.rounds), chosen.sessions, pythons):
        print(f"round {turn + 1}: {server}, {sessions} sessions", file=sys.stderr)
        path = "/api/sessions" if server == OURS else "/offer"
        try:
            with serving(command_of(server, pythons[server], sessions)) as (address, process):
                call = asyncio.run(measure_call(address + path, process, film, packets, sessions, chosen.seconds))
        except (CallError, ClientError, RuntimeError) as error:
            print(f"{server}, {sessions} sessions, round {turn + 1}: {error}", file=sys.stderr)
        else:
            calls.setdefault((sessions, server), []).append(call)
    return [summarise(server, sessions, found) for (sessions, server), found in calls.items()]


def main() -> None:
    """Install what is needed, measure and compare."""
    parser = argparse.ArgumentParser(
        "scripts/peers", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--servers", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument(
        "--sessions", type=int, nargs="+", default=[1, 2, 3], help="concurrent sessions (default: 1 2 3)"
    )
    parser.add_argument("--seconds", type=float, default=12.0, help="of each call [seconds]")
    parser.add_argument("--rounds", type=int, default=2, help="rounds over all servers")
    chosen = parser.parse_args()
    machine = describe_machine()
    packages = {package for server in chosen.servers if (package := SERVERS[server])}
    environments = {package: install(package) for package in sorted(packages)}
    pythons: dict[str, Path | str] = {}
    for server in chosen.servers:
        package = SERVERS[server]
        python = environments[package] if package else sys.executable
        if python is None:
            print(f"{server}: {PACKAGES[str(package)]} could not be installed, and is left out")
        else:
            pythons[server] = python
    runs = measure(pythons, chosen)
    found = compare(runs)
    times = {(one["peer"], one["sessions"]): one["times_ours"] for one in found}
    print_table(HEAD, [row(run, times.get((run["server"], run["sessions"]))) for run in runs])
    print_json("peers", machine, [*runs, {"compared": found, "pinned": PACKAGES}])


def _mean(values: Sequence[float | None]) -> float | None:
    kept = [value for value in values if value is not None]
    return round(sum(kept) / len(kept), 2) if kept else None


if __name__ == "__main__":
    main()
