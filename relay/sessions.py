"""All sessions of this relay: opens them, finds them by name, closes them. Knows nothing of HTTP."""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from relay import offer
from relay.config import Correction, ReturnMode, Serve
from relay.control import changed
from relay.errors import BusyError, UnknownSessionError
from relay.media.stages import Hands
from relay.media.trace import Note, TraceFile
from relay.session import Eyes, Session
from relay.sfu.egress import Egress

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wish:
    """What a client asks for. changes: settings other than the relay's defaults. egress: the meeting, if any. owner:
    who asks; empty where nobody is asked who he is.
    """

    sdp: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    returns: ReturnMode = "video"
    egress: Egress | None = None
    owner: str = ""


@dataclass(frozen=True)
class Opened:
    """A new session: its name, which cannot be guessed, and the SDP answer."""

    name: str
    answer: str


class Sessions:
    """Owns every session and the task that runs it.

    make_eyes: builds one person's stages; called in a thread, may take its time, raises ModelError. trace: the file in
    which their lines are noted, if any.
    """

    def __init__(
        self,
        settings: Serve,
        hands: Hands,
        make_eyes: Callable[[Correction], Eyes],
        clock: Callable[[], float],
        trace: TraceFile | None = None,
    ) -> None:
        self._trace = trace
        self._settings, self._hands, self._make_eyes, self._clock = settings, hands, make_eyes, clock
        self._opening = 0
        self._running: dict[str, tuple[Session, asyncio.Task[None]]] = {}

    def __len__(self) -> int:
        return self._opening + len(self._running)

    async def open(self, wish: Wish) -> Opened:
        """A session as wished. Raises RequestError."""
        if len(self) >= self._settings.max_sessions:
            raise BusyError(f"the relay holds {len(self)} sessions, as many as it may; try again later")
        offer.check(wish.sdp)
        correction = changed(self._settings.correction, wish.changes)
        self._opening += 1
        try:
            session, answer = await self._start(wish, correction)
            task = asyncio.create_task(self._run(session), name=f"session {session.name[:6]}")
            self._running[session.name] = session, task
        finally:
            self._opening -= 1
        return Opened(session.name, answer)

    def find(self, name: str) -> Session:
        """The session of this name. Raises UnknownSessionError."""
        if name not in self._running:
            raise UnknownSessionError("there is no session of that name; it may have ended")
        return self._running[name][0]

    async def close(self, name: str) -> None:
        """End a session and wait until it holds nothing. Raises UnknownSessionError."""
        self.find(name).end("closed by its client")
        await asyncio.wait([self._running[name][1]])

    async def close_all(self) -> None:
        """End every session and wait for all."""
        running = list(self._running.values())
        for session, _ in running:
            session.end("the relay stops")
        if running:
            await asyncio.wait([task for _, task in running])

    async def _start(self, wish: Wish, correction: Correction) -> tuple[Session, str]:
        loop = asyncio.get_running_loop()
        eyes = await loop.run_in_executor(self._hands.landmarks, self._make_eyes, correction)
        name = secrets.token_urlsafe(16)
        session = Session(
            name,
            eyes,
            settings=self._settings,
            hands=self._hands,
            clock=self._clock,
            returns=wish.returns,
            egress=wish.egress,
            owner=wish.owner,
            note=self._note(),
        )
        try:
            answer = await session.open(wish.sdp)
        except BaseException:
            await session.release()
            raise
        log.info("session %s begins", name[:6])
        return session, answer

    def _note(self) -> Callable[[Note], None]:
        """Where a new session's lines are noted."""
        return self._trace.session("session") if self._trace else lambda _: None

    async def _run(self, session: Session) -> None:
        try:
            await session.run()
        except Exception:
            log.exception("session %s broke down", session.name[:6])
        finally:
            del self._running[session.name]
