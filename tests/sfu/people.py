"""People in a real Janus room: who is there, sending, watching, being put out."""

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
from relay.sfu.subscription import Subscription, Wanted
from tests.deadlines import scaled
from tests.fakes import Clip, FakeStages, until
from tests.servers.janus import RunningJanus

DARK = 16  # the luma that Marking gives every pixel; the camera's own is lighter


def camera() -> Tracks:
    """A numbered picture and silence."""
    return Tracks(Clip(rate=15), AudioStreamTrack())


class Ear:
    """What a person is told of their meeting, in order."""

    def __init__(self) -> None:
        self.heard: list[MeetingEvent] = []

    def __call__(self, news: MeetingEvent) -> None:
        self.heard.append(news)

    @property
    def presences(self) -> list[MeetingState]:
        return [news.state for news in self.heard]

    async def hear(self, state: MeetingState, seconds: float = 30) -> MeetingEvent:
        """Waits for it."""
        await until(lambda: state in self.presences, seconds)
        return next(news for news in self.heard if news.state is state)


@asynccontextmanager
async def sending(janus: RunningJanus, display: str, room: int = 1234, pin: str | None = None) -> AsyncIterator[Ear]:
    """Somebody sends camera and sound into the room."""
    ear, egress = Ear(), JanusEgress(janus.address, str(room), pin, display)
    try:
        await egress.publish(camera, ear)
        yield ear
    finally:
        await egress.close()


@asynccontextmanager
async def watching(janus: RunningJanus, display: str, room: int = 1234) -> AsyncIterator[Tracks]:
    """Somebody is watched."""
    subscription = Subscription(janus.address, str(room), None, Wanted(display=display))
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
    """Shows a black picture, so that what went through the eyes is known from what did not."""

    def show(self, frame: Frame, faces: Faces, fields: float, share: float) -> Shown:
        super().show(frame, faces, fields, share)
        dark = frame.y.copy()
        dark[:] = DARK
        return Shown(replace(frame, y=dark), Verdict.CORRECTED)


async def until_marked(track: MediaStreamTrack) -> None:
    """Waits for a picture that went through Marking eyes."""
    async with asyncio.timeout(scaled(30)):
        while True:
            (frame,) = await see(track)
            if int(frame.to_ndarray()[5, 5]) < DARK + 8:
                return


@asynccontextmanager
async def asking(janus: RunningJanus) -> AsyncIterator[Handle]:
    """Whoever runs the rooms, without being in one."""
    session = await JanusSession.open(janus.address)
    try:
        yield await session.attach(PLUGIN, lambda _: None)
    finally:
        await session.close()


async def present(janus: RunningJanus, room: int = 1234) -> dict[str, int]:
    """Who sends into the room, with the ids of the feeds."""
    async with asking(janus) as handle:
        message = await handle.ask({"request": "listparticipants", "room": room})
    return {one.get("display", ""): one["id"] for one in message.data["participants"] if one["publisher"]}


async def listed(janus: RunningJanus, display: str, room: int = 1234, *, sends: bool = True) -> None:
    """Waits until the room says of somebody that they send, or that they do not."""
    async with asyncio.timeout(scaled(30)):
        while (display in await present(janus, room)) is not sends:  # noqa: ASYNC110 - Janus has to be asked
            await asyncio.sleep(0.02)


async def put_out(janus: RunningJanus, display: str, room: int = 1234) -> None:
    """Kick somebody who sends."""
    await listed(janus, display, room)
    feed = (await present(janus, room))[display]
    async with asking(janus) as handle:
        await handle.ask({"request": "kick", "room": room, "id": feed})


def held() -> tuple[int, int, int]:
    """Tasks, threads and open files of this process."""
    gc.collect()
    return len(asyncio.all_tasks()), threading.active_count(), len(os.listdir("/dev/fd"))


@asynccontextmanager
async def leaving_nothing() -> AsyncIterator[None]:
    """What begins inside has ended at its end: no task, thread or socket is left."""
    with ThreadPoolExecutor(2) as encoders:  # keeps the threads it has started, so all are started before
        asyncio.get_running_loop().set_default_executor(encoders)
        together = threading.Barrier(3)
        for _ in range(2):
            encoders.submit(together.wait, scaled(20))
        together.wait(scaled(20))
        gc.collect()
        gc.freeze()  # what there is already, after many tests a lot, is not to be gone through each time
        try:
            before = held()
            yield
            await until(lambda: held() == before)
        finally:
            gc.unfreeze()


@contextmanager
def noting_failures() -> Iterator[list[EgressError]]:
    """Every vain attempt to reach a meeting server, as it fails."""
    failures: list[EgressError] = []
    really_open = JanusSession.open

    async def open_(address: str) -> JanusSession:
        try:
            return await really_open(address)
        except EgressError as error:
            failures.append(error)
            raise

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JanusSession, "open", open_)
        yield failures
