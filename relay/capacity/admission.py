"""Who comes in, by what is measured: a new session is refused before the old ones suffer.

The processor is looked at ahead: what the sessions take now, and one more. The event loop and lateness are looked at as
they are; their limits lie below where anybody would see it. Knows nothing of how anything is measured, of time or HTTP.
"""

from dataclasses import dataclass
from typing import Final, Literal

from relay.config.operation import Operation
from relay.errors import BusyError

Short = Literal["processor", "event_loop", "lateness", "measuring"]

RELIEF: Final = 0.85  # of its limit, to which a measure has to fall before it lets anybody in again


@dataclass(frozen=True)
class Load:
    """What was measured over the last seconds.

    processor: share that this process takes of what is left to it, 0..1. lag: how late the event loop turns, seconds,
    95th percentile. lateness: of the session that is worst off, 95th percentile, 1: as late as can be allowed.
    sessions: how many there were; settled: how many of them long enough to be in these figures.
    """

    processor: float = 0.0
    lag: float = 0.0
    lateness: float = 0.0
    sessions: int = 0
    settled: int = 0


class Admission:
    """cores: that this process may use. cost: processor share of one session, None before any was measured."""

    def __init__(self, settings: Operation, cores: float) -> None:
        self._settings = settings
        self._unmeasured = max(1, int(cores))
        self._refusing: set[Short] = set()
        self.load = Load()
        self.cost: float | None = None

    def learn(self, load: Load) -> None:
        """This is the load now."""
        self.load = load
        if 0 < load.sessions == load.settled:
            self.cost = load.processor / load.sessions
        for short, ratio in self.ratios(load.sessions).items():
            if ratio > 1:
                self._refusing.add(short)
            elif ratio < RELIEF:
                self._refusing.discard(short)

    def check(self, sessions: int) -> None:
        """Let one more in beside so many sessions. Raises BusyError that says what is short.

        The first one is always let in: a relay that serves nobody because of its neighbours is of no use.
        """
        if not self._settings.admission or sessions == 0:
            return
        if self.cost is None and sessions >= self._unmeasured:
            raise BusyError(
                "what a session costs on this machine is still being measured; try again in a few seconds", "measuring"
            )
        for short, ratio in self.ratios(sessions).items():
            if ratio > (RELIEF if short in self._refusing else 1):
                raise BusyError(f"{self._tell(short, sessions)}; try again later", short)

    def ratios(self, sessions: int) -> dict[Short, float]:
        """Each measure as a share of its limit, with one more session beside so many; above 1 it is refused."""
        return {
            "processor": self._with_one_more(sessions) / (self._settings.admit_processor / 100),
            "event_loop": 1000 * self.load.lag / self._settings.admit_lag,
            "lateness": self.load.lateness / (self._settings.admit_lateness / 100),
        }

    def _with_one_more(self, sessions: int) -> float:
        """Processor share; what the newest sessions take is not in the measured one yet."""
        cost = self.cost or 0.0
        return max(self.load.processor, cost * sessions) + cost

    def _tell(self, short: Short, sessions: int) -> str:
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
