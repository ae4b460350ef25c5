"""Several viewers at a time, each with its own connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiortc import AudioStreamTrack
from aiortc.codecs.vpx import Vp8Encoder

from relay.errors import BusyError, MalformedError, NoVideoError, TooManyTracksError, UnknownSessionError
from relay.media.aiortc_patches import codec
from relay.media.fan import Fan
from relay.session import viewers
from relay.session.viewers import Viewers
from relay.sfu.egress import Tracks
from tests.deadlines import scaled
from tests.exchanging import Watcher
from tests.fakes import Clip, until


class Stage:
    """Video and audio that can be watched; a session's own are tested with sessions."""

    def __init__(self, most: int, *, audio: bool = True) -> None:
        self.clip = Clip()
        self.fans = {"video": Fan(self.clip)} | ({"audio": Fan(AudioStreamTrack())} if audio else {})
        self.viewers = Viewers(self.subscribe, most=most, ice_servers=list)

    def subscribe(self) -> Tracks:
        return Tracks(self.fans["video"].branch(), self.fans["audio"].branch() if "audio" in self.fans else None)

    async def admit(self, watcher: Watcher) -> str:
        admitted = await self.viewers.open(await watcher.offer())
        await watcher.accept(admitted.answer)
        return admitted.viewer.name


@asynccontextmanager
async def staged(most: int = 4, *, audio: bool = True) -> AsyncIterator[Stage]:
    stage = Stage(most, audio=audio)
    before = asyncio.all_tasks()
    lines = [asyncio.create_task(fan.run()) for fan in stage.fans.values()]
    try:
        yield stage
    finally:
        await stage.viewers.close_all()
        for line in lines:
            line.cancel()
        await asyncio.wait(lines)
    assert len(stage.viewers) == 0
    await until(lambda: not [task for task in asyncio.all_tasks() - before if task.get_name().startswith("viewer")])


async def test_several_see_and_hear_the_one_picture() -> None:
    async with staged() as stage, Watcher() as one, Watcher() as other:
        await stage.admit(one)
        seen = await one.see(5)
        sent = stage.clip.sent
        await stage.admit(other)  # a later viewer gets frames at once too
        assert await other.see(5)
        assert stage.clip.sent - sent < 1500, "the encoder makes a keyframe by itself every 3000"
        assert {(frame.width, frame.height) for frame in seen} == {(160, 120)}
        assert await one.take("audio")
        assert await other.take("audio")
        assert {one.currentDirection for one in other.peer.getTransceivers()} == {"recvonly"}


async def test_who_asks_for_a_keyframe_disturbs_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    forced: dict[int, int] = {}
    encode = Vp8Encoder.encode

    def count(self: Vp8Encoder, frame: Any, force_keyframe: bool = False) -> Any:
        forced[id(self)] = forced.get(id(self), 0) + force_keyframe
        return encode(self, frame, force_keyframe)

    monkeypatch.setattr(Vp8Encoder, "encode", count)
    async with staged() as stage, Watcher("video") as one, Watcher("video") as other:
        for watcher in (one, other):
            await stage.admit(watcher)
            await watcher.see(3)
        before = dict(forced)
        receiver = one.peer.getTransceivers()[0].receiver
        await receiver._send_rtcp_pli(receiver.getSynchronizationSources()[0].source)
        await until(lambda: forced != before)
        await other.see(3)
        assert sorted(forced[name] - before[name] for name in forced) == [0, 1]


async def test_sound_goes_to_who_asks_for_it() -> None:
    async with staged() as stage, Watcher("video") as deaf:
        await stage.admit(deaf)
        assert await deaf.see(2)
        assert set(deaf.received) == {"video"}
        assert len(stage.fans["audio"]._branches) == 0


async def test_where_there_is_no_sound_none_is_promised() -> None:
    async with staged(audio=False) as stage, Watcher() as watcher:
        await stage.admit(watcher)
        assert await watcher.see(2)
        directions = {one.kind: one.currentDirection for one in watcher.peer.getTransceivers()}
        assert directions == {"video": "recvonly", "audio": "inactive"}


async def test_a_full_house_says_so_and_has_room_again_later() -> None:
    async with staged(most=1) as stage, Watcher() as one, Watcher() as other, Watcher() as third:
        name = await stage.admit(one)
        with pytest.raises(BusyError):
            await stage.admit(other)
        assert await one.see(2)
        await stage.viewers.close(name)
        with pytest.raises(UnknownSessionError):
            stage.viewers.find(name)
        await stage.admit(third)
        assert await third.see(2)


async def test_who_vanishes_is_dropped_and_the_others_go_on() -> None:
    codec.set_consent(scaled(2))
    try:
        async with staged() as stage, Watcher("video") as one, Watcher("video") as other:
            for watcher in (one, other):
                await stage.admit(watcher)
                await watcher.see(2)
            await one.vanish()
            await until(lambda: len(stage.viewers) == 1)
            assert await other.see(5)
            await other.peer.close()
            await until(lambda: len(stage.viewers) == 0)
    finally:
        codec.set_consent(4)


async def test_who_never_comes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "CONNECT_TIMEOUT", 0.2)
    async with staged() as stage, Watcher() as watcher:
        await stage.viewers.open(await watcher.offer())
        await until(lambda: len(stage.viewers) == 0)
        assert not stage.fans["video"]._branches


async def test_when_there_is_no_more_to_see_everybody_goes() -> None:
    async with staged() as stage, Watcher() as one, Watcher() as other:
        for watcher in (one, other):
            await stage.admit(watcher)
            await watcher.see(2)
        stage.fans["video"].close()
        await until(lambda: len(stage.viewers) == 0)


async def test_nobody_is_let_in_after_the_end() -> None:
    async with staged() as stage, Watcher() as watcher:
        await stage.viewers.close_all()
        with pytest.raises(UnknownSessionError):
            await stage.admit(watcher)
        assert not stage.fans["video"]._branches


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda sdp: "hello", MalformedError),
        (lambda sdp: sdp.replace("recvonly", "sendonly"), NoVideoError),
        (lambda sdp: sdp + sdp[sdp.index("m=video") :].replace("a=mid:0", "a=mid:9"), TooManyTracksError),
        (lambda sdp: sdp.replace("a=ice-pwd:", "a=ice-pwd-not:"), MalformedError),
    ],
)
async def test_a_wrong_offer_costs_no_branch(change, error) -> None:  # type: ignore[no-untyped-def]
    async with staged() as stage, Watcher("video") as watcher:
        with pytest.raises(error):
            await stage.viewers.open(change(await watcher.offer()))
        assert (len(stage.viewers), len(stage.fans["video"]._branches)) == (0, 0)
