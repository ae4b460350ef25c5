"""Runs a session's stages in the executors: times them, tracks which fail, waits for running ones.

Knows nothing of frames, nor of what a stage does.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, TypeVarTuple

R = TypeVar("R")
A = TypeVarTuple("A")

log = logging.getLogger(__name__)


class StageError(Exception):
    """A stage raised; this has been logged and recorded."""


@dataclass(frozen=True)
class Done(Generic[R]):
    """The result of a stage, and when it began and ended: seconds of the runner's clock."""

    value: R
    begun: float
    ended: float


class StageRunner:
    """clock: seconds, monotonic; read in the executor's thread, so waiting for a thread does not count."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failing: set[str] = set()
        self._logged: set[str] = set()
        self._running: set[asyncio.Future[Any]] = set()

    def fails(self, *stages: str) -> bool:
        """Whether one of these stages raised when it last ran."""
        return bool(self._failing.intersection(stages))

    async def work(self, stage: str, executor: Executor, work: Callable[[*A], R], *arguments: *A) -> Done[R]:
        """Run a stage in its executor. Raises StageError where it raises."""
        job = asyncio.get_running_loop().run_in_executor(executor, self._timed, work, *arguments)
        self._running.add(job)
        job.add_done_callback(self._forget)
        try:
            # A thread cannot be interrupted: a cancelled line leaves its stage to wait_idle().
            done = await asyncio.shield(job)
        except Exception as error:
            self._record_failure(stage, error)
            raise StageError from error
        self._failing.discard(stage)
        return done

    async def wait_idle(self) -> None:
        """Wait until no stage is running, even if its line was cancelled."""
        if self._running:
            await asyncio.wait(self._running)

    def _timed(self, work: Callable[[*A], R], *arguments: *A) -> Done[R]:
        begun = self._clock()
        value = work(*arguments)
        return Done(value, begun, self._clock())

    def _record_failure(self, stage: str, error: Exception) -> None:
        """Mark the stage as failing; each stage is logged once, not thirty times a second."""
        self._failing.add(stage)
        if stage not in self._logged:
            self._logged.add(stage)
            log.error("the %s stage fails, original frames are sent", stage, exc_info=error)

    def _forget(self, job: asyncio.Future[Any]) -> None:
        self._running.discard(job)
        if not job.cancelled():
            job.exception()  # read, so that asyncio does not report it where the line was cancelled
