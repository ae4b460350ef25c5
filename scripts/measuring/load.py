"""How many sessions at 640x480 and 30 frames a second this machine holds, for each pipeline mode and each return.

Adds one session per step. Each sends a real face that was encoded once, from another process than the relay; returned
frames are counted, not decoded (scripts/measuring/calls/callers.py). That process shares the processors with the
relay, so its own share is reported too: a relay alone on its machine holds more.

A step is held when in its worst session landmarks and field are, at the 95th percentile, no older than
max_landmark_age and max_field_age, and in video return at least 25 frames per second are returned; in field return each
camera frame is shown, and only the ages count. The knee is the last step held before the first that is not. Beyond it
frames must be dropped, and the delay must not grow from the first half of a step to its second.

The delay ("way") is from a frame handed to the sender until it is received completely, not decoded; in field return,
until its landmarks are. Ages are the relay's own in video return. In field return they are measured where the frames
are shown, including the network delay.

With --admission, --most sessions are offered one after another to a relay with admission control, and then to one
without; each line is the worst of the sessions admitted when all have been offered.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any, Final, get_args

from aiohttp import ClientSession

from relay.config.lines import PipelineMode, ReturnMode
from relay.config.serve import Serve
from scripts.measuring.calls import offers
from scripts.measuring.calls.callers import RATE, Caller, CallError, encode, percentile
from scripts.measuring.calls.knee import Line, draw
from scripts.measuring.calls.steps import (
    HEAD,
    LINES,
    Session,
    Step,
    compare,
    is_held,
    knee,
    row,
    summarise,
    summarise_returns,
    worst_of,
)
from scripts.measuring.processor import Share
from scripts.measuring.report import describe_machine, print_json, print_table
from tests.clips import Clip
from tests.running import RunningRelay

LINES_AS_THEY_COME: Final = Serve.read([], "load").lines
CLIP: Final = Clip(blinks=(1.5,), numbered=True)  # 640x480
SETTLE: Final = 4.0  # seconds until a new session has found its face and its bitrate is stable
BETWEEN: Final = 8.0  # seconds between two offers: until the relay has measured the cost of the last session
ROUNDS: Final = 3  # in which the returns alternate with one session each
GOLDEN: Final = 0.618  # phase between two cameras as a share of a frame: no two tick at the same time

Mode = PipelineMode
Return = ReturnMode


async def sweep(mode: Mode, returns: Return, film: list[bytes], most: int, seconds: float) -> list[Step]:
    """Add sessions until there are `most`, two steps in a row are not held, or a call ends."""
    steps: list[Step] = []
    async with AsyncExitStack() as stack:
        flags = ("--port", "0", "--pipeline", mode, "--max-sessions", str(most), "--no-admission")
        relay = stack.enter_context(RunningRelay(*flags))
        http = await stack.enter_async_context(ClientSession())
        callers: list[Caller] = []
        while len(callers) < most and [step.held for step in steps[-2:]] != [False, False]:
            callers.append(Caller(film, returns, phase=len(callers) * GOLDEN % 1 / RATE))
            stack.push_async_callback(callers[-1].hang_up)
            try:
                await callers[-1].call(http, f"{relay.address}/api/sessions")
                await asyncio.sleep(SETTLE)
                steps.append(await hold(callers, http, relay, mode, seconds))
            except CallError as error:
                print(f"{mode}, {returns} return, {len(callers)}: {error}")
                break
            print(f"{mode}, {returns} return, {len(callers)}: {'held' if steps[-1].held else 'not held'}")
    return steps


async def hold(callers: Sequence[Caller], http: ClientSession, relay: RunningRelay, mode: Mode, seconds: float) -> Step:
    """Measure these calls for so many seconds."""
    begun, shares = time.monotonic(), (Share(relay.process.pid), Share())
    await asyncio.sleep(seconds)
    (relay_cores, callers_cores), ended = (share.read() for share in shares), time.monotonic()
    sessions = [session_of(mode, caller, await caller.read(http), begun, ended) for caller in callers]
    worst, returns = worst_of(sessions), callers[0].returns
    held = is_held(returns, worst, LINES_AS_THEY_COME)
    return Step(mode, returns, len(callers), relay_cores, callers_cores, worst, held)


def session_of(mode: Mode, caller: Caller, figures: dict[str, Any], begun: float, ended: float) -> Session:
    """A call's metrics from begin to end; figures: the relay's statistics of it, at the end."""
    delays, middle, seconds = caller.delays.between(begun, ended), (begun + ended) / 2, ended - begun
    sent = sum(begun <= at < ended for at in caller.camera.sent)
    every = 1 if mode == "sequential" else LINES_AS_THEY_COME.every(caller.returns)[0]
    ages = {line: percentile(caller.ages[line].between(begun, ended), 95) for line in LINES}
    if caller.returns == "video":
        ages = {line: figures["age_frames"].get(line, {}).get("p95") for line in LINES}
    return Session(
        sent=sent / seconds,
        out=len(delays) / seconds,
        dropped=max(0.0, 1 - len(delays) * every / max(sent, 1)),
        ages=ages,
        way=(percentile(delays, 50), percentile(delays, 95)),
        halves=(
            percentile(caller.delays.between(begun, middle), 50),
            percentile(caller.delays.between(middle, ended), 50),
        ),
        in_relay=(figures["delay_ms"] or {}).get("p95"),
        unread=caller.unread,
    )


async def compare_returns(mode: Mode, film: list[bytes], seconds: float) -> dict[Return, list[Step]]:
    """One session in each return, alternating on the same relay. Raises CallError where one is closed."""
    turns: dict[Return, list[Step]] = {returns: [] for returns in get_args(Return)}
    with RunningRelay("--port", "0", "--pipeline", mode) as relay:
        async with ClientSession() as http:
            for _, returns in product(range(ROUNDS), turns):
                caller = Caller(film, returns)
                await caller.call(http, f"{relay.address}/api/sessions")
                await asyncio.sleep(SETTLE)
                turns[returns].append(await hold([caller], http, relay, mode, seconds))
                await caller.hang_up()
                await asyncio.sleep(SETTLE)  # until the relay has released everything
    return turns


async def offer(admission: bool, mode: Mode, film: list[bytes], most: int, seconds: float) -> offers.Offered:
    """Offer `most` sessions to a relay with or without admission, and measure those that are admitted."""
    flags = ("--max-sessions", str(most), "--admission" if admission else "--no-admission")
    async with AsyncExitStack() as stack:
        relay = stack.enter_context(RunningRelay("--port", "0", "--pipeline", mode, *flags))
        http = await stack.enter_async_context(ClientSession())
        callers: list[Caller] = []
        refusals: list[str] = []
        for number in range(most):
            caller = Caller(film, phase=number * GOLDEN % 1 / RATE)
            stack.push_async_callback(caller.hang_up)
            try:
                await caller.call(http, f"{relay.address}/api/sessions")
                callers.append(caller)
            except CallError as error:
                if " 503 " not in str(error):
                    raise
                refusals.append(str(error).partition(" 503 ")[2])
                print(f"refused: {refusals[-1]}")
            await asyncio.sleep(BETWEEN)
        while True:
            lasting = [caller for caller in callers if await lasts(caller, http)]
            if not lasting:
                raise SystemExit("all calls were closed")
            with suppress(CallError):  # one was closed meanwhile; repeat with the others
                step = await hold(lasting, http, relay, mode, seconds)
                return offers.Offered(admission, most, refusals, len(callers) - len(lasting), step)


async def lasts(caller: Caller, http: ClientSession) -> bool:
    """Whether this call is still established."""
    try:
        await caller.read(http)
    except CallError:
        return False
    return True


def compare_admission(mode: Mode, film: list[bytes], most: int, seconds: float, machine: dict[str, Any]) -> None:
    """Measure with admission and without."""
    found = [asyncio.run(offer(admission, mode, film, most, seconds)) for admission in (True, False)]
    print_table(offers.HEAD, [offers.row(one) for one in found])
    print(offers.summarise(found))
    print_json("admission", machine, [asdict(one) for one in found])


def line_of(steps: Sequence[Step]) -> Line:
    """A sweep for the plot."""
    worst = [step.worst for step in steps]
    return Line(
        f"{steps[0].pipeline}, {steps[0].returns} return",
        [step.sessions for step in steps],
        ages=[one.ages for one in worst],
        rates=[one.out for one in worst],
        delays=[one.way for one in worst],
        knee=knee(steps),
    )


def main() -> None:
    """Sweep all requested combinations."""
    parser = argparse.ArgumentParser("scripts/load", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--most", type=int, default=8, help="sessions at the same time (default: 8)")
    parser.add_argument("--seconds", type=float, default=12.0, help="duration of each step, at least 5 [seconds]")
    parser.add_argument("--pipelines", nargs="+", choices=get_args(Mode), default=["pipelined", "sequential"])
    parser.add_argument("--returns", nargs="+", choices=get_args(Return), default=["video", "field"])
    parser.add_argument("--out", type=Path, help="a .png for the plot")
    parser.add_argument(
        "--admission", action="store_true", help="only compare --most sessions with and without admission"
    )
    chosen = parser.parse_args()
    if chosen.seconds < 5:
        parser.error("--seconds: the relay's statistics cover 5 seconds")
    machine, film, runs = describe_machine(), encode(CLIP), list[dict[str, Any]]()
    if chosen.admission:
        compare_admission(chosen.pipelines[0], film, chosen.most, chosen.seconds, machine)
        return
    pairs = product(chosen.pipelines, chosen.returns)
    tried = [asyncio.run(sweep(*pair, film, chosen.most, chosen.seconds)) for pair in pairs]
    sweeps = [steps for steps in tried if steps]  # without those in which no call lasted
    print_table(HEAD, [row(step) for steps in sweeps for step in steps])
    for steps in sweeps:
        print(summarise(steps))
        runs += [asdict(step) for step in steps]
        runs.append({"pipeline": steps[0].pipeline, "returns": steps[0].returns, "sessions_held": knee(steps)})
    if set(chosen.returns) == set(get_args(Return)):
        mode = chosen.pipelines[0]
        compared = compare(asyncio.run(compare_returns(mode, film, chosen.seconds)))
        print(f"relay, one session, {mode}:", summarise_returns(compared))
        runs.append({"pipeline": mode, "one_session": compared})
    if chosen.out:
        draw(chosen.out, [line_of(steps) for steps in sweeps], Serve.read([], "load").lines)
    print_json("load", machine, runs)


if __name__ == "__main__":
    main()
