"""One track for several consumers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiortc import AudioStreamTrack
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from relay.media.fan import Fan
from tests.fakes import Clip


@asynccontextmanager
async def running(source: MediaStreamTrack) -> AsyncIterator[Fan]:
    fan = Fan(source)
    task = asyncio.create_task(fan.run())
    yield fan
    task.cancel()
    await asyncio.wait([task])


async def test_every_branch_gets_the_very_same_frames() -> None:
    async with running(Clip(rate=200)) as fan:
        first, second = fan.branch(), fan.branch()
        for _ in range(5):
            one, other = await asyncio.gather(first.recv(), second.recv())
            assert one is other


async def test_nothing_is_fetched_while_nobody_waits() -> None:
    clip = Clip(length=100)
    async with running(clip) as fan:
        branch = fan.branch()
        await asyncio.sleep(0.02)
        assert clip.sent == 0
        await branch.recv()
        await asyncio.sleep(0.02)
        assert clip.sent == 1


async def test_a_slow_taker_of_pictures_gets_the_newest_and_holds_nobody_up() -> None:
    clip = Clip(length=100)
    async with running(clip) as fan:
        quick, slow = fan.branch(), fan.branch()
        frames = [await quick.recv() for _ in range(7)]
        assert await slow.recv() is frames[-1]
        assert (quick.dropped, slow.dropped) == (0, 6)


async def test_a_slow_taker_of_sound_misses_nothing() -> None:
    async with running(AudioStreamTrack()) as fan:
        quick, slow = fan.branch(), fan.branch()
        frames = [await quick.recv() for _ in range(4)]
        assert [await slow.recv() for _ in range(4)] == frames


async def test_branches_end_with_their_source() -> None:
    async with running(Clip(length=1)) as fan:
        branch = fan.branch()
        await branch.recv()
        with pytest.raises(MediaStreamError):
            await branch.recv()
        with pytest.raises(MediaStreamError):
            await fan.branch().recv()


async def test_a_branch_that_stops_leaves_the_others_alone() -> None:
    async with running(Clip(length=100)) as fan:
        first, second = fan.branch(), fan.branch()
        await first.recv()
        first.stop()
        assert await second.recv()
        assert await second.recv()
        with pytest.raises(MediaStreamError):
            await first.recv()
