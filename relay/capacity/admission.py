"""Admission control by measured load: a new session is refused before the running ones suffer.

Processor load is predicted: what the sessions use now, and one more. Event loop lag and lateness are taken as
measured; their limits are below what a person would notice. Knows nothing of how anything is measured, of time or HTTP.
"""

from dataclasses import dataclass
from typing import Final, Literal

from relay.config.operation import Operation
from relay.errors import BusyError

Short = Literal["processor", "event_loop", "lateness", "measuring"]

RECOVERY: Final = 0.85  # of its limit, below which a measure that refuses sessions admits them again


@dataclass(frozen=True)
class Load:
    """What was measured over the last seconds.

    processor: share that this process uses of the processor time available to it, 0..1. lag: of the event loop,
    seconds, 95th percentile. lateness: of the worst session, 95th percentile; 1 is the limit. sessions: how many there
    were; settled: how many of them long enough to be fully measured.
    """

    processor: float = 0.0
    lag: float = 0.0
    lateness: float = 0.0
    sessions: int = 0
    settled: int = 0


class Admission:
    """cores: how many this process may use. cost: processor share of one session, None before any was measured."""

    def __init__(self, settings: Operation, cores: float) -> None:
        self._settings = settings
        self._unmeasured = max(1, int(cores))
        self._refusing: set[Short] = set()
        self.load = Load()
        self.cost: float | None = None

    def update(self, load: Load) -> None:
        """Set the current load."""
        self.load = load
        if 0 < load.sessions == load.settled:
            self.cost = load.processor / load.sessions
        for short, ratio in self.ratios(load.sessions).items():
            if ratio > 1:
                self._refusing.add(short)
            elif ratio < RECOVERY:
                self._refusing.discard(short)

    def check(self, sessions: int) -> None:
        """Admit one more session beside so many. Raises BusyError that names what is short.

        The first one is always admitted: a relay must not refuse all because of other processes.
        """
        if not self._settings.admission or sessions == 0:
            return
        if self.cost is None and sessions >= self._unmeasured:
            raise BusyError(
                "what a session costs on this machine is still being measured; try again in a few seconds", "measuring"
            )
        for short, ratio in self.ratios(sessions).items():
            if ratio > (RECOVERY if short in self._refusing else 1):
                raise BusyError(f"{self._describe(short, sessions)}; try again later", short)

    def ratios(self, sessions: int) -> dict[Short, float]:
        """Each measure as a share of its limit, with one more session beside so many; above 1 it is refused."""
        return {
            "processor": self._with_one_more(sessions) / (self._settings.admit_processor / 100),
            "event_loop": 1000 * self.load.lag / self._settings.admit_lag,
            "lateness": self.load.lateness / (self._settings.admit_lateness / 100),
        }

    def _with_one_more(self, sessions: int) -> float:
        """Predicted processor share; the measured one does not yet include the newest sessions."""
        cost = self.cost or 0.0
        return max(self.load.processor, cost * sessions) + cost

    def _describe(self, short: Short, sessions: int) -> str:
        load, settings = self.load, self._settings
        match short:
            case "processor":
                share = 100 * self._with_one_more(sessions)
                most = settings.admit_processor
                return f"with one more session the processor would be used to {share:.0f} %, over {most:.0f} %"
            case "event_loop":
                return f"the event loop is {1000 * load.lag:.0f} ms late, over {settings.admit_lag:.0f} ms"
            case _:
                share = 100 * load.lateness
                return f"a session uses up {share:.0f} % of its time, over {settings.admit_lateness:.0f} %"
