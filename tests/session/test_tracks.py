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
from relay.media.pipeline import Ears, Pipeline
from relay.metrics import Meter
from relay.session.tracks import Passage
from tests.deadlines import scaled
from tests.fakes import Clip, FakeEyes, hired


@asynccontextmanager
async def running(passage: Passage) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(line) for line in passage.lines()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        passage.close()


@pytest.fixture
def passage() -> Iterator[Passage]:
    with hired() as hands:
        lines = Lines.model_validate({})
        meter, ears = Meter(lines.pipeline, time.monotonic()), Ears[Faces](lambda _: None)
        pipeline = Pipeline(FakeEyes(), hands, lines=lines, meter=meter, clock=time.monotonic, ears=ears)
        yield Passage(pipeline, time.monotonic)


async def test_every_taker_has_tracks_of_his_own(passage: Passage) -> None:
    passage.enter_video(Clip(), lambda _: 0, lambda: None)
    passage.show_video()
    passage.enter_audio(AudioStreamTrack())
    async with running(passage):
        one, other = passage.subscribe(), passage.subscribe()
        assert one.audio is not None
        assert other.audio is not None
        await asyncio.gather(one.video.recv(), other.video.recv(), one.audio.recv(), other.audio.recv())
        one.video.stop()
        assert await other.video.recv()
    with suppress(MediaStreamError):
        async with asyncio.timeout(scaled(10)):
            while True:
                await other.video.recv()


async def test_without_sound_there_is_only_video(passage: Passage) -> None:
    passage.enter_video(Clip(), lambda _: 0, lambda: None)
    passage.show_video()
    assert passage.subscribe().audio is None
    passage.close()


async def test_who_warps_by_himself_has_nothing_to_give(passage: Passage) -> None:
    passage.enter_video(Clip(), lambda _: 0, lambda: None)
    with pytest.raises(NoVideoError):
        passage.subscribe()
    passage.close()


async def test_the_end_of_the_video_is_told(passage: Passage) -> None:
    ended = asyncio.Event()
    passage.enter_video(Clip(length=3), lambda _: 0, ended.set)
    passage.show_video()
    async with running(passage), asyncio.timeout(scaled(10)):
        await ended.wait()
