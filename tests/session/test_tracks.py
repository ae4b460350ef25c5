import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiortc import AudioStreamTrack
from aiortc.mediastreams import MediaStreamError

from relay.config.lines import Lines
from relay.errors import NoVideoError
from relay.gaze.face import Faces
from relay.media.pipeline import Listeners, Pipeline
from relay.metrics import Meter
from relay.session.tracks import PersonTracks
from tests.deadlines import scaled
from tests.fakes import Clip, FakeStages, started_executors


@asynccontextmanager
async def running(tracks: PersonTracks) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(line) for line in tracks.lines()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        tracks.close()


@pytest.fixture
def tracks() -> Iterator[PersonTracks]:
    with started_executors() as executors:
        lines = Lines.model_validate({})
        meter, listeners = Meter(lines.pipeline, time.monotonic()), Listeners[Faces](lambda _: None)
        pipeline = Pipeline(
            FakeStages(), executors, lines=lines, meter=meter, clock=time.monotonic, listeners=listeners
        )
        yield PersonTracks(pipeline, time.monotonic)


async def test_every_consumer_has_its_own_tracks(tracks: PersonTracks) -> None:
    tracks.add_video(Clip(), lambda _: 0, lambda: None)
    tracks.corrected_video()
    tracks.add_audio(AudioStreamTrack())
    async with running(tracks):
        one, other = tracks.subscribe(), tracks.subscribe()
        assert one.audio is not None
        assert other.audio is not None
        await asyncio.gather(one.video.recv(), other.video.recv(), one.audio.recv(), other.audio.recv())
        one.video.stop()
        assert await other.video.recv()
    with suppress(MediaStreamError):
        async with asyncio.timeout(scaled(10)):
            while True:
                await other.video.recv()


async def test_without_sound_there_is_only_video(tracks: PersonTracks) -> None:
    tracks.add_video(Clip(), lambda _: 0, lambda: None)
    tracks.corrected_video()
    assert tracks.subscribe().audio is None
    tracks.close()


async def test_a_client_that_warps_by_itself_has_no_tracks(tracks: PersonTracks) -> None:
    tracks.add_video(Clip(), lambda _: 0, lambda: None)
    with pytest.raises(NoVideoError):
        tracks.subscribe()
    tracks.close()


async def test_the_end_of_the_video_is_told(tracks: PersonTracks) -> None:
    ended = asyncio.Event()
    tracks.add_video(Clip(length=3), lambda _: 0, ended.set)
    tracks.corrected_video()
    async with running(tracks), asyncio.timeout(scaled(10)):
        await ended.wait()
