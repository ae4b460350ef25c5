"""Results of a sweep with one more session per step: metrics, which steps are held, and the knee. Pure functions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from relay.config.lines import Lines, PipelineMode, ReturnMode

LINES: Final = ("landmarks", "field")
ENOUGH: Final = 25.0  # returned frames per second
BUSY: Final = 0.05  # share of frames dropped above which the measured CPU time is not representative


@dataclass(frozen=True)
class Session:
    """One session during a step. None: no values.

    sent: frames per second sent by the camera. out: returned; in field return, landmarks. dropped: share of frames not
    returned, 0..1. ages: p95 of each stage, frames. way: delay p50 and p95, ms. halves: delay p50 in the first and in
    the second half. in_relay: p95 from decoded to corrected, ms. unread: malformed packets.
    """

    sent: float
    out: float
    dropped: float
    ages: dict[str, float | None]
    way: tuple[float | None, float | None]
    halves: tuple[float | None, float | None]
    in_relay: float | None
    unread: int = 0


@dataclass(frozen=True)
class Step:
    """Concurrent sessions: the worst of them, and the CPU used (1 is one core)."""

    pipeline: PipelineMode
    returns: ReturnMode
    sessions: int
    relay_cores: float | None
    callers_cores: float | None
    worst: Session
    held: bool


def worst_of(sessions: Sequence[Session]) -> Session:
    """The worst value of each metric; both halves are those of the session whose delay grew most."""
    return Session(
        sent=min(one.sent for one in sessions),
        out=min(one.out for one in sessions),
        dropped=max(one.dropped for one in sessions),
        ages={line: _most(one.ages[line] for one in sessions) for line in LINES},
        way=(_most(one.way[0] for one in sessions), _most(one.way[1] for one in sessions)),
        halves=max((one.halves for one in sessions), key=_growth),
        in_relay=_most(one.in_relay for one in sessions),
        unread=sum(one.unread for one in sessions),
    )


def is_held(returns: ReturnMode, worst: Session, limits: Lines) -> bool:
    """Whether the worst session is within the settings; in field return each camera frame is shown anyway."""
    oldest = {"landmarks": limits.max_landmark_age, "field": limits.max_field_age}
    young = all(age is not None and age <= oldest[line] for line, age in worst.ages.items())
    return young and (returns == "field" or worst.out >= ENOUGH)


def knee(steps: Sequence[Step]) -> int:
    """The most sessions held, of steps with one more session each; 0 where not even one is."""
    held = 0
    for step in steps:
        if not step.held:
            break
        held = step.sessions
    return held


def summarise(steps: Sequence[Step]) -> str:
    """Summary of a sweep in one sentence."""
    last, worst = steps[-1], steps[-1].worst
    summary = f"{last.pipeline}, {last.returns} return: {knee(steps)} sessions held"
    if last.held:
        return f"{summary}, as many as were asked for"
    halves = " and ".join("nothing" if half is None else f"{half:.0f} ms" for half in worst.halves)
    return (
        f"{summary}; with {last.sessions}, {100 * worst.dropped:.0f} % of the frames are dropped, and the median delay "
        f"is {halves} in the first and the second half"
    )


def compare(turns: Mapping[ReturnMode, Sequence[Step]]) -> dict[str, float | None]:
    """CPU used by the relay in each return, mean over all rounds; field return's share of video return's; and the
    largest share of frames dropped in any round, 0..1.
    """
    video, field = (_mean([step.relay_cores for step in turns[returns]]) for returns in ("video", "field"))
    share = field / video if field is not None and video else None
    dropped = max(step.worst.dropped for steps in turns.values() for step in steps)
    return {"video_cores": video, "field_cores": field, "field_to_video": share, "dropped": dropped}


def summarise_returns(found: Mapping[str, float | None]) -> str:
    """The comparison in one sentence."""
    video, field, share, dropped = (found[key] for key in ("video_cores", "field_cores", "field_to_video", "dropped"))
    if video is None or field is None or share is None:
        return "CPU usage cannot be measured here"
    doubt = f"; but {100 * dropped:.0f} % of the frames were dropped" if dropped and dropped > BUSY else ""
    return (
        f"video return takes {100 * video:.0f} % of a core, field return {100 * field:.0f} %, which is "
        f"{100 * share:.0f} % of it{doubt}"
    )


HEAD: Final = ["worst session", "sessions", "held", "relay cpu %", "callers cpu %", "fps sent", "fps out"]
HEAD.extend(["dropped %", "age p95: lm", "field", "way ms", "p95", "1st half", "2nd half", "in relay p95"])


def row(step: Step) -> list[object]:
    """One line of the table."""
    worst = step.worst
    return [
        f"{step.pipeline}, {step.returns}",
        step.sessions,
        "yes" if step.held else "no",
        *(None if cores is None else 100 * cores for cores in (step.relay_cores, step.callers_cores)),
        worst.sent,
        worst.out,
        100 * worst.dropped,
        *worst.ages.values(),
        *worst.way,
        *worst.halves,
        worst.in_relay,
    ]


def _growth(halves: tuple[float | None, float | None]) -> float:
    """Increase from the first half to the second, milliseconds; infinite where nothing was returned."""
    first, second = halves
    return float("inf") if first is None or second is None else second - first


def _mean(values: Sequence[float | None]) -> float | None:
    kept = [value for value in values if value is not None]
    return sum(kept) / len(kept) if kept else None


def _most(values: Iterable[float | None]) -> float | None:
    """The largest; None where one is missing, which counts as worst."""
    most = 0.0
    for value in values:
        if value is None:
            return None
        most = max(most, value)
    return most
