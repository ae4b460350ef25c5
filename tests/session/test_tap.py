import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from relay.config.correction import Correction
from relay.config.serve import Serve
from relay.errors import BusyError, EgressError, RoomFullError, UnknownFeedError, UnknownSessionError
from relay.http.bodies import TapOrder
from relay.http.publishing import tap_for
from relay.session.registry import Sessions
from relay.session.session import State
from relay.session.tap import TapRequest
from relay.sfu.nowhere import NullEgress
from relay.sfu.subscription import ParticipantSelector, Subscription
from tests.deadlines import scaled
from tests.fakes import started_executors, until
from tests.servers.janus import RunningJanus
from tests.sfu.people import (
    Marking,
    leaving_nothing,
    listed,
    noting_failures,
    present,
    put_out,
    sending,
    until_marked,
    watching,
)

NAME = "Anna (eye contact)"


class StageFactory:
    """Creates Marking stages, and keeps them."""

    def __init__(self) -> None:
        self.made: list[Marking] = []

    def __call__(self, correction: Correction) -> Marking:
        self.made.append(Marking(correction))
        return self.made[-1]


@asynccontextmanager
async def tapping(
    janus: RunningJanus, *flags: str, stage_factory: StageFactory | None = None
) -> AsyncIterator[Sessions]:
    """A relay's sessions that may connect to this Janus; none is left afterwards."""
    settings = Serve.read([*flags, "--meetings", f'{{"main": "{janus.address}"}}'], "test")
    stage_factory = stage_factory or StageFactory()
    with started_executors() as executors:
        sessions = Sessions(settings, executors, stage_factory, time.monotonic)
        try:
            yield sessions
        finally:
            await sessions.close_all()
        assert len(sessions) == 0
        assert [stages.closed for stages in stage_factory.made] == [1] * len(stage_factory.made)


def request(sessions: Sessions, **order: object) -> TapRequest:
    whole = {"janus": "main", "room": 1234, "display": "Anna", **order}
    return tap_for(TapOrder.model_validate(whole), sessions._settings)


@pytest.fixture(scope="module")
def janus() -> Iterator[RunningJanus]:
    with RunningJanus({1234: {}, 1: {"publishers": 1}}) as janus:
        yield janus


async def test_a_participant_is_seen_corrected_beside_the_original(janus: RunningJanus) -> None:
    stage_factory = StageFactory()
    async with leaving_nothing(), sending(janus, "Anna"), tapping(janus, stage_factory=stage_factory) as sessions:
        opened = await sessions.open_tap(request(sessions, settings={"pitch": -3}))
        assert opened.answer == NAME
        assert {"Anna", NAME} <= set(await present(janus))
        tap = sessions.find_tap(opened.name)
        assert tap.state is State.LIVE
        async with watching(janus, NAME) as tracks:
            await until_marked(tracks.video)
            assert tracks.audio is not None
            assert await asyncio.wait_for(tracks.audio.recv(), scaled(30))
        assert tap.statistics().frames.corrected > 0
        assert tap.statistics().fps_in > 0
        assert stage_factory.made[0].correction.pitch == -3
        await sessions.close(opened.name)
        assert str(tap.state) == "closed"
        await listed(janus, NAME, sends=False)
        assert "Anna" in await present(janus)


async def test_a_participant_may_be_named_by_the_id_of_the_feed(janus: RunningJanus) -> None:
    async with leaving_nothing(), sending(janus, "Anna"), tapping(janus) as sessions:
        feed = (await present(janus))["Anna"]
        assert (await sessions.open_tap(request(sessions, feed=feed, display=None))).answer == NAME


async def test_who_is_not_there_cannot_be_tapped(janus: RunningJanus) -> None:
    stage_factory = StageFactory()
    async with leaving_nothing(), tapping(janus, stage_factory=stage_factory) as sessions:
        with pytest.raises(UnknownFeedError, match="nobody sends video"):
            await sessions.open_tap(request(sessions))
        assert not stage_factory.made


async def test_a_full_room_has_no_place_for_a_tap(janus: RunningJanus) -> None:
    async with leaving_nothing(), sending(janus, "Anna", 1), tapping(janus) as sessions:
        await listed(janus, "Anna", 1)
        with pytest.raises(RoomFullError):
            await sessions.open_tap(request(sessions, room=1))
        assert len(sessions) == 0


async def test_a_tap_takes_the_place_of_a_session(janus: RunningJanus) -> None:
    async with sending(janus, "Anna"), sending(janus, "Berta"), tapping(janus, "--max-sessions", "1") as sessions:
        name = (await sessions.open_tap(request(sessions))).name
        with pytest.raises(BusyError):
            await sessions.open_tap(request(sessions, display="Berta"))
        with pytest.raises(UnknownSessionError, match="no session"):
            sessions.find(name)
        await sessions.close(name)
        with pytest.raises(UnknownSessionError, match="no tap"):
            sessions.find_tap(name)


async def test_a_tap_ends_when_the_participant_has_left(janus: RunningJanus) -> None:
    async with leaving_nothing(), tapping(janus, "--tap-patience", "0.2") as sessions:
        async with sending(janus, "Anna"):
            await sessions.open_tap(request(sessions))
        await until(lambda: len(sessions) == 0)
        await listed(janus, NAME, sends=False)


async def test_a_tap_goes_on_when_the_participant_returns_in_time(janus: RunningJanus) -> None:
    stage_factory = StageFactory()
    async with leaving_nothing(), tapping(janus, stage_factory=stage_factory) as sessions:
        async with sending(janus, "Anna"):
            tap = sessions.find_tap((await sessions.open_tap(request(sessions))).name)
            await until(lambda: tap.frames.out >= 5)
        await until(lambda: tap.state is State.CONNECTING)
        await listed(janus, NAME, sends=False)
        before = tap.frames.out
        async with sending(janus, "Anna"):
            await listed(janus, NAME)
            await until(lambda: tap.frames.out > before)
            assert tap.state is State.LIVE
        assert [stages.closed for stages in stage_factory.made] == [1, 0]


async def test_a_tap_outlives_the_meeting_server() -> None:
    with RunningJanus() as janus:
        async with leaving_nothing(), sending(janus, "Anna"), tapping(janus) as sessions:
            await sessions.open_tap(request(sessions))
            with noting_failures() as failures:
                janus.kill()
                await until(lambda: len(failures) >= 2)
                janus.start()
            await listed(janus, NAME)
            assert len(sessions) == 1


async def test_a_tap_that_is_put_out_ends(janus: RunningJanus) -> None:
    async with leaving_nothing(), sending(janus, "Anna"), tapping(janus) as sessions:
        await sessions.open_tap(request(sessions))
        await put_out(janus, NAME)
        await until(lambda: len(sessions) == 0)
        assert "Anna" in await present(janus)


async def test_the_way_back_may_be_any_adapter(janus: RunningJanus) -> None:
    adapters: list[NullEgress] = []

    def make_egress(display: str) -> NullEgress:
        adapters.append(NullEgress(display))
        return adapters[-1]

    async with leaving_nothing(), sending(janus, "Anna"), tapping(janus) as sessions:
        subscription = Subscription(janus.address, "1234", None, ParticipantSelector(display="Anna"))
        await sessions.open_tap(TapRequest(subscription, make_egress))
        await until(lambda: adapters[0].taken["video"] > 3)
        assert adapters[0].display == NAME


async def test_eyes_that_cannot_be_made_leave_no_tap(janus: RunningJanus) -> None:
    def fail(_: Correction) -> Marking:
        raise EgressError("no stages")

    async with leaving_nothing(), sending(janus, "Anna"):
        with started_executors() as executors:
            settings = Serve.read(["--meetings", f'{{"main": "{janus.address}"}}'], "test")
            sessions = Sessions(settings, executors, fail, time.monotonic)
            with pytest.raises(EgressError, match="no stages"):
                await sessions.open_tap(request(sessions))
            assert len(sessions) == 0
