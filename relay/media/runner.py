"""Runs a session's stages in the hands: times them, keeps track of which fail, waits for those under way.

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
    """A stage raised; that has been logged and marked."""


@dataclass(frozen=True)
class Done(Generic[R]):
    """What a stage gave, and when it began and ended: seconds of the crew's clock."""

    value: R
    begun: float
    ended: float


class StageRunner:
    """clock: seconds, monotonic; it is read in the hand itself, so waiting for the hand does not count."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failing: set[str] = set()
        self._complained: set[str] = set()
        self._running: set[asyncio.Future[Any]] = set()

    def fails(self, *stages: str) -> bool:
        """Whether one of these stages raised when it last ran."""
        return bool(self._failing.intersection(stages))

    async def work(self, stage: str, executor: Executor, work: Callable[[*A], R], *arguments: *A) -> Done[R]:
        """Run a stage in its hand. Raises StageError where it raises."""
        job = asyncio.get_running_loop().run_in_executor(executor, self._timed, work, *arguments)
        self._running.add(job)
        job.add_done_callback(self._forget)
        try:
            # A thread cannot be interrupted: a cancelled line leaves its stage to settle().
            done = await asyncio.shield(job)
        except Exception as error:
            self._complain(stage, error)
            raise StageError from error
        self._failing.discard(stage)
        return done

    async def settle(self) -> None:
        """Wait until no stage is running, also where a line was cancelled."""
        if self._running:
            await asyncio.wait(self._running)

    def _timed(self, work: Callable[[*A], R], *arguments: *A) -> Done[R]:
        begun = self._clock()
        value = work(*arguments)
        return Done(value, begun, self._clock())

    def _complain(self, stage: str, error: Exception) -> None:
        """Mark the stage as failing; the log hears of each stage once, not thirty times a second."""
        self._failing.add(stage)
        if stage not in self._complained:
            self._complained.add(stage)
            log.error("the %s stage fails, original frames go out", stage, exc_info=error)

    def _forget(self, job: asyncio.Future[Any]) -> None:
        self._running.discard(job)
        if not job.cancelled():
            job.exception()  # read, so that asyncio does not report it where the line was cancelled
