"""More sessions than a machine holds, with and without admission by measured load: results. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scripts.measuring.calls.steps import ENOUGH, Step


@dataclass(frozen=True)
class Offered:
    """Sessions offered, one after another, and the reasons of refusals. broke_off: calls that were closed. step: the
    remaining calls.
    """

    admission: bool
    offered: int
    refusals: list[str]
    broke_off: int
    step: Step


HEAD: Final = ["admission", "offered", "let in", "refused", "broke off", "held", "relay cpu %", "callers cpu %"]
HEAD.extend(["worst: fps out", "age p95: lm", "field", "way ms", "p95", "in relay p95"])


def row(found: Offered) -> list[object]:
    """One line of the table."""
    step, worst = found.step, found.step.worst
    return [
        "on" if found.admission else "off",
        found.offered,
        step.sessions + found.broke_off,
        len(found.refusals),
        found.broke_off,
        "yes" if step.held else "no",
        *(None if cores is None else 100 * cores for cores in (step.relay_cores, step.callers_cores)),
        worst.out,
        *worst.ages.values(),
        *worst.way,
        worst.in_relay,
    ]


def summarise(runs: Sequence[Offered]) -> str:
    """The effect of admission, in one sentence."""
    on, off = (next(run for run in runs if run.admission == wanted) for wanted in (True, False))
    if off.step.held and not off.broke_off:
        return f"without admission all {off.offered} are held: offer more than the machine holds (--most)"
    kept = "keep" if on.step.held and not on.broke_off else "do NOT keep"
    return (
        f"with admission {on.step.sessions} of {on.offered} are let in and {kept} {ENOUGH:.0f} frames a second and "
        f"their ages (worst {on.step.worst.out:.0f}), {len(on.refusals)} get 503; without, {off.broke_off} of "
        f"{off.offered} break off and the worst of the others has {off.step.worst.out:.0f}"
    )
