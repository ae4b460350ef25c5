"""Monitoring of a running relay: load measurement, admission, draining, health probes and metrics.

Assembles these parts and runs them.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.capacity.admission import Admission
from relay.capacity.cores import core_quota
from relay.capacity.drain import Drain
from relay.capacity.lag import LagMeter
from relay.capacity.load import LoadMeter, Processor
from relay.config.serve import Serve
from relay.errors import BusyError
from relay.http.bodies import Condition
from relay.http.exposition import Exposition, Histograms, Sources
from relay.http.probes import Probes
from relay.media.aiortc_patches.counts import Network
from relay.session.registry import Sessions


class Monitor:
    """warm: whether the models have been loaded once; set by the caller. observer: for the metrics of all sessions."""

    def __init__(self, settings: Serve) -> None:
        self._settings, self._cores = settings, core_quota()
        self.warm = False
        self.observer = Histograms()
        self.drain = Drain(settings.drain_timeout, time.monotonic)
        self.admission = Admission(settings, self._cores)
        self._network = Network(self.observer.joined)
        self._lag = LagMeter(time.monotonic, self.observer.lag)

    def admit(self, sessions: int) -> None:
        """Admit one more session beside so many. Raises BusyError, DrainingError."""
        self.drain.check()
        self.admission.check(sessions)

    def conditions(self, sessions: int) -> dict[str, Condition]:
        """The conditions for admitting a new session beside so many."""
        return {
            "models": Condition(met=self.warm, detail="loaded" if self.warm else "are being loaded"),
            "capacity": self._capacity(sessions),
            "staying": Condition(
                met=not self.drain.begun, detail="is about to stop" if self.drain.begun else "keeps running"
            ),
        }

    def probes(self, sessions: Sessions) -> Probes:
        """The health and metrics endpoints for these sessions."""

        def conditions() -> dict[str, Condition]:
            return self.conditions(len(sessions))

        sources = Sources(sessions, self._network, self.admission, conditions, self._settings.max_sessions, self._cores)
        return Probes(conditions, Exposition(self.observer, sources))

    @asynccontextmanager
    async def measuring(self, sessions: Sessions) -> AsyncIterator[None]:
        """Measure and count in this context. Enter it after anything else that patches aiortc."""
        meter = LoadMeter(
            Processor(self._cores),
            lambda: self._lag.lag,
            sessions.statistics,
            self._settings.lines,
            self.admission.update,
        )
        tasks = [asyncio.create_task(one.run(), name=type(one).__name__) for one in (self._lag, meter)]
        self._network.begin()
        try:
            yield
        finally:
            self._network.end()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def _capacity(self, sessions: int) -> Condition:
        most = self._settings.max_sessions
        if sessions >= most:
            return Condition(met=False, detail=f"{sessions} sessions, as many as may be")
        try:
            self.admission.check(sessions)
        except BusyError as error:
            return Condition(met=False, detail=str(error))
        return Condition(met=True, detail=f"{sessions} of {most} sessions")
