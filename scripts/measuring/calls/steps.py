"""What one more session a step does to all of them: figures, which step is held, and the knee. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from relay.config.lines import Lines, PipelineMode, ReturnMode

LINES: Final = ("landmarks", "field")
ENOUGH: Final = 25.0  # frames a second that come back
BUSY: Final = 0.05  # of the frames dropped; then less work was done than asked for, and what it took says little


@dataclass(frozen=True)
class Session:
    """What one session did during a step. None: not one was noted.

    sent: frames a second that left the camera. out: that came back; in field return, landmarks that did. dropped: the
    share that did not, 0..1. ages: p95 of each line, frames. way: p50 and p95, ms. halves: p50 in the first and in
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
    """So many sessions at once: the worst of them, and the processors taken (1 is one core)."""

    pipeline: PipelineMode
    returns: ReturnMode
    sessions: int
    relay_cores: float | None
    callers_cores: float | None
    worst: Session
    held: bool


def worst_of(sessions: Sequence[Session]) -> Session:
    """Of each figure the worst that any of them had; both halves are those of the session that grew most."""
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
    """Whether the worst session is within the settings; in field return each frame of the camera is shown anyway."""
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


def tell(steps: Sequence[Step]) -> str:
    """A sweep in one sentence."""
    last, worst = steps[-1], steps[-1].worst
    said = f"{last.pipeline}, {last.returns} return: {knee(steps)} sessions held"
    if last.held:
        return f"{said}, as many as were asked for"
    halves = " and ".join("nothing" if half is None else f"{half:.0f} ms" for half in worst.halves)
    return (
        f"{said}; with {last.sessions}, {100 * worst.dropped:.0f} % of the frames are dropped, and the median way is "
        f"{halves} in the first and the second half"
    )


def compare(turns: Mapping[ReturnMode, Sequence[Step]]) -> dict[str, float | None]:
    """Processors that the relay takes in each return, on average over all turns; the share that field return takes of
    video return's; and the most frames that were dropped in any turn, 0..1.
    """
    video, field = (_mean([step.relay_cores for step in turns[returns]]) for returns in ("video", "field"))
    share = field / video if field is not None and video else None
    dropped = max(step.worst.dropped for steps in turns.values() for step in steps)
    return {"video_cores": video, "field_cores": field, "field_to_video": share, "dropped": dropped}


def tell_returns(found: Mapping[str, float | None]) -> str:
    """The comparison in one sentence."""
    video, field, share, dropped = (found[key] for key in ("video_cores", "field_cores", "field_to_video", "dropped"))
    if video is None or field is None or share is None:
        return "what a process takes cannot be known here"
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
    """Milliseconds from the first half to the second; where nothing came back, more than any."""
    first, second = halves
    return float("inf") if first is None or second is None else second - first


def _mean(values: Sequence[float | None]) -> float | None:
    kept = [value for value in values if value is not None]
    return sum(kept) / len(kept) if kept else None


def _most(values: Iterable[float | None]) -> float | None:
    """The largest; None where one is missing, which is worse than any."""
    most = 0.0
    for value in values:
        if value is None:
            return None
        most = max(most, value)
    return most
