"""All sessions of this relay: opens them, finds them by name, closes them. Knows nothing of HTTP."""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from relay.config.correction import Correction
from relay.config.lines import ReturnMode
from relay.config.serve import Serve
from relay.errors import BusyError, NameTakenError, TooManyRequestsError, UnknownSessionError
from relay.logs import session_context
from relay.media.stages import Executors
from relay.media.trace import Note, TraceFile
from relay.metrics import NULL_OBSERVER, Frames, Observer, Statistics, total
from relay.session import offer
from relay.session.data_channel import changed
from relay.session.session import PersonStages, Session, State
from relay.session.tap import Tap, TapRequest
from relay.sfu.egress import Egress

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SessionRequest:
    """A client's request. changes: settings other than the relay's defaults. egress: the meeting, if any. owner: the
    token's subject; empty without tokens. stage: a name chosen by the client, under which the session can be watched.
    """

    sdp: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    returns: ReturnMode = "video"
    egress: Egress | None = None
    owner: str = ""
    stage: str = ""


@dataclass(frozen=True)
class Opened:
    """A new session: its name, which cannot be guessed, and the SDP answer."""

    name: str
    answer: str


class Sessions:
    """Owns every session and the task that runs it.

    make_stages: creates one person's stages; called in a thread, may be slow, raises ModelError. trace: the file that
    records their lines, if any. observer: receives all measurements of all sessions. admit: admits one more beside so
    many, or raises BusyError. opened, refused: counts since the relay began; refused by what was short.
    """

    def __init__(
        self,
        settings: Serve,
        executors: Executors,
        make_stages: Callable[[Correction], PersonStages],
        clock: Callable[[], float],
        trace: TraceFile | None = None,
        *,
        observer: Observer = NULL_OBSERVER,
        admit: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.opened, self.refused = 0, Counter[str]()
        self._trace, self._observer, self._admit = trace, observer, admit
        self._ended = total(())
        self._settings, self._executors, self._make_stages, self._clock = settings, executors, make_stages, clock
        self._opening: list[str] = []  # their owners
        self._running: dict[str, tuple[Session | Tap, asyncio.Task[None]]] = {}

    def __len__(self) -> int:
        return len(self._opening) + len(self._running)

    async def open(self, request: SessionRequest) -> Opened:
        """Open a session. Raises RequestError."""
        self.check_room()
        self._check_share(request.owner)
        self._check_stage(request)
        offer.check(request.sdp)
        correction = changed(self._settings.correction, request.changes)
        name = secrets.token_urlsafe(16)
        return Opened(name, await self._register(name, request.owner, self._start(name, request, correction)))

    async def open_tap(self, request: TapRequest) -> Opened:
        """Open a tap; its answer is its display name in the room. It counts as a session. Raises RequestError."""
        self.check_room()
        self._check_share(request.owner)
        correction = changed(self._settings.correction, request.changes)
        name = secrets.token_urlsafe(16)
        return Opened(name, await self._register(name, request.owner, self._start_tap(name, request, correction)))

    def check_room(self) -> None:
        """Raises BusyError where the relay has no capacity for one more, and counts the refusal."""
        try:
            self._admit(len(self))
            if len(self) >= self._settings.max_sessions:
                raise BusyError(f"the relay holds {len(self)} sessions, as many as it may; try again later")
        except BusyError as error:
            self.refused[error.short] += 1
            raise

    def check_open(self) -> None:
        """Raises DrainingError where the relay is draining: then nothing new starts, not even a viewer."""
        self._admit(0)

    def find(self, name: str) -> Session:
        """The session of this name. Raises UnknownSessionError."""
        session = self._running[name][0] if name in self._running else None
        if not isinstance(session, Session):
            raise UnknownSessionError("there is no session of that name; it may have ended")
        return session

    def find_tap(self, name: str) -> Tap:
        """The tap of this name. Raises UnknownSessionError."""
        tap = self._running[name][0] if name in self._running else None
        if not isinstance(tap, Tap):
            raise UnknownSessionError("there is no tap of that name; it may have ended")
        return tap

    def find_stage(self, name: str) -> Session:
        """The newest session with this stage name, or the session of this name. Raises UnknownSessionError."""
        for session, _ in reversed(self._running.values()):
            if name == session.stage and isinstance(session, Session):
                return session
        return self.find(name)

    def states(self) -> Counter[State]:
        """The number of sessions in each state."""
        states = Counter({State.OPENING: len(self._opening)})
        states.update(session.state for session, _ in self._running.values())
        return states

    def statistics(self) -> list[Statistics]:
        """The statistics of every running session."""
        return [session.statistics() for session, _ in self._running.values()]

    def frames(self) -> Frames:
        """Frame counts of all sessions since the relay began, ended ones included."""
        return total([self._ended, *(session.frames for session, _ in self._running.values())])

    def notify(self, kind: str, **content: object) -> None:
        """Send every client with a data channel a message of this type."""
        for session, _ in self._running.values():
            with session_context(session.name):
                session.notify(kind, **content)

    async def close(self, name: str) -> None:
        """End a session, or a tap, and wait until it is released. Raises UnknownSessionError."""
        if name not in self._running:
            raise UnknownSessionError("there is no session of that name; it may have ended")
        session, task = self._running[name]
        with session_context(name):
            session.end("closed by its client")
        await asyncio.wait([task])

    async def close_all(self) -> None:
        """End every session and wait for all."""
        running = list(self._running.values())
        for session, _ in running:
            with session_context(session.name):
                session.end("the relay stops")
        if running:
            await asyncio.wait([task for _, task in running])

    def _check_share(self, owner: str) -> None:
        """Raises TooManyRequestsError where the owner has as many sessions as one token's owner may."""
        held = self._opening.count(owner) + sum(session.owner == owner for session, _ in self._running.values())
        if owner and held >= self._settings.max_sessions_per_token:
            raise TooManyRequestsError(f"this token's owner has {held} sessions, as many as may be; end one first", 5)

    def _check_stage(self, request: SessionRequest) -> None:
        """Raises NameTakenError where another owner uses the stage name; an owner's newer session takes it over."""
        if any(
            request.stage == session.stage and request.owner != session.owner for session, _ in self._running.values()
        ):
            raise NameTakenError(f"stage: {request.stage!r} is in use by another owner; choose another name")

    async def _register(self, name: str, owner: str, starting: Coroutine[Any, Any, tuple[Session | Tap, str]]) -> str:
        """Start a session, register it until it has ended, and return its answer."""
        self._opening.append(owner)
        try:
            with session_context(name):
                session, answer = await starting
                task = asyncio.create_task(self._run(session), name=f"session {name[:6]}")
            self._running[name] = session, task
            self.opened += 1
        finally:
            self._opening.remove(owner)
        return answer

    async def _start_tap(self, name: str, request: TapRequest, correction: Correction) -> tuple[Tap, str]:
        tap = Tap(
            name,
            request,
            partial(self._make_stages, correction),
            settings=self._settings,
            executors=self._executors,
            clock=self._clock,
            note=self._recorder(),
            observer=self._observer,
        )
        try:
            display = await tap.open()
        except BaseException:
            await tap.release()
            raise
        log.info("tap %s begins", name[:6])
        return tap, display

    async def _start(self, name: str, request: SessionRequest, correction: Correction) -> tuple[Session, str]:
        loop = asyncio.get_running_loop()
        stages = await loop.run_in_executor(self._executors.landmarks, self._make_stages, correction)
        session = Session(
            name,
            stages,
            settings=self._settings,
            executors=self._executors,
            clock=self._clock,
            returns=request.returns,
            egress=request.egress,
            owner=request.owner,
            stage=request.stage,
            note=self._recorder(),
            observer=self._observer,
        )
        try:
            answer = await session.open(request.sdp)
        except BaseException:
            await session.release()
            raise
        log.info("session %s begins", name[:6])
        return session, answer

    def _recorder(self) -> Callable[[Note], None]:
        """A function that records the work of a new session's lines."""
        return self._trace.session("session") if self._trace else lambda _: None

    async def _run(self, session: Session | Tap) -> None:
        try:
            await session.run()
        except Exception:
            log.exception("session %s broke down", session.name[:6])
        finally:
            del self._running[session.name]
            self._ended = total((self._ended, session.frames))
