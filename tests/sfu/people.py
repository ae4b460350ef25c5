"""Participants of a real Janus room: sending, watching, being listed and kicked."""

import asyncio
import gc
import os
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace

import av
import pytest
from aiortc import AudioStreamTrack, MediaStreamTrack

from relay.errors import EgressError
from relay.frame import Frame, Shown, Verdict
from relay.gaze.face import Faces
from relay.sfu.egress import MeetingEvent, MeetingState, Tracks
from relay.sfu.janus import JanusEgress
from relay.sfu.room import PLUGIN
from relay.sfu.signalling import Handle, JanusSession
from relay.sfu.subscription import ParticipantSelector, Subscription
from tests.deadlines import scaled
from tests.fakes import Clip, FakeStages, until
from tests.servers.janus import RunningJanus

DARK = 16  # the luma that Marking gives every pixel; the camera's is brighter


def camera() -> Tracks:
    """Numbered frames and silence."""
    return Tracks(Clip(rate=15), AudioStreamTrack())


class EventLog:
    """Records the meeting events, in order."""

    def __init__(self) -> None:
        self.received: list[MeetingEvent] = []

    def __call__(self, event: MeetingEvent) -> None:
        self.received.append(event)

    @property
    def states(self) -> list[MeetingState]:
        return [event.state for event in self.received]

    async def wait_for(self, state: MeetingState, seconds: float = 30) -> MeetingEvent:
        """Wait for an event of this state."""
        await until(lambda: state in self.states, seconds)
        return next(event for event in self.received if event.state is state)


@asynccontextmanager
async def sending(
    janus: RunningJanus, display: str, room: int = 1234, pin: str | None = None
) -> AsyncIterator[EventLog]:
    """A participant sends video and audio to the room."""
    events, egress = EventLog(), JanusEgress(janus.address, str(room), pin, display)
    try:
        await egress.publish(camera, events)
        yield events
    finally:
        await egress.close()


@asynccontextmanager
async def watching(janus: RunningJanus, display: str, room: int = 1234) -> AsyncIterator[Tracks]:
    """Subscribe to a participant."""
    subscription = Subscription(janus.address, str(room), None, ParticipantSelector(display=display))
    try:
        await subscription.open()
        yield await subscription.next()
    finally:
        await subscription.close()


async def see(track: MediaStreamTrack, frames: int = 1) -> list[av.VideoFrame]:
    """The next frames of a track."""
    async with asyncio.timeout(scaled(30)):
        seen = [await track.recv() for _ in range(frames)]
    return [frame for frame in seen if isinstance(frame, av.VideoFrame)]


class Marking(FakeStages):
    """Shows black frames, so that corrected frames can be told from others."""

    def show(self, frame: Frame, faces: Faces, fields: float, share: float) -> Shown:
        super().show(frame, faces, fields, share)
        dark = frame.y.copy()
        dark[:] = DARK
        return Shown(replace(frame, y=dark), Verdict.CORRECTED)


async def until_marked(track: MediaStreamTrack) -> None:
    """Wait for a frame that Marking has processed."""
    async with asyncio.timeout(scaled(30)):
        while True:
            (frame,) = await see(track)
            if int(frame.to_ndarray()[5, 5]) < DARK + 8:
                return


@asynccontextmanager
async def asking(janus: RunningJanus) -> AsyncIterator[Handle]:
    """A handle for requests without joining a room."""
    session = await JanusSession.open(janus.address)
    try:
        yield await session.attach(PLUGIN, lambda _: None)
    finally:
        await session.close()


async def present(janus: RunningJanus, room: int = 1234) -> dict[str, int]:
    """The publishers of the room: display name to feed id."""
    async with asking(janus) as handle:
        message = await handle.ask({"request": "listparticipants", "room": room})
    return {one.get("display", ""): one["id"] for one in message.data["participants"] if one["publisher"]}


async def listed(janus: RunningJanus, display: str, room: int = 1234, *, sends: bool = True) -> None:
    """Wait until the room lists a participant as publisher, or no longer does."""
    async with asyncio.timeout(scaled(30)):
        while (display in await present(janus, room)) is not sends:  # noqa: ASYNC110 - Janus has to be polled
            await asyncio.sleep(0.02)


async def put_out(janus: RunningJanus, display: str, room: int = 1234) -> None:
    """Kick a publisher."""
    await listed(janus, display, room)
    feed = (await present(janus, room))[display]
    async with asking(janus) as handle:
        await handle.ask({"request": "kick", "room": room, "id": feed})


def open_resources() -> tuple[int, int, int]:
    """Tasks, threads and open files of this process."""
    gc.collect()
    return len(asyncio.all_tasks()), threading.active_count(), len(os.listdir("/dev/fd"))


@asynccontextmanager
async def leaving_nothing() -> AsyncIterator[None]:
    """Check that no task, thread or socket started inside is left at the end."""
    with ThreadPoolExecutor(2) as encoders:  # keeps its threads, so all are started before
        asyncio.get_running_loop().set_default_executor(encoders)
        barrier = threading.Barrier(3)
        for _ in range(2):
            encoders.submit(barrier.wait, scaled(20))
        barrier.wait(scaled(20))
        gc.collect()
        gc.freeze()  # existing objects, many after other tests, need not be scanned each time
        try:
            before = open_resources()
            yield
            await until(lambda: open_resources() == before)
        finally:
            gc.unfreeze()


@contextmanager
def noting_failures() -> Iterator[list[EgressError]]:
    """Records every failed attempt to connect to a meeting server."""
    failures: list[EgressError] = []
    original_open = JanusSession.open

    async def open_(address: str) -> JanusSession:
        try:
            return await original_open(address)
        except EgressError as error:
            failures.append(error)
            raise

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JanusSession, "open", open_)
        yield failures
