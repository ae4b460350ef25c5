import asyncio
from contextlib import suppress

import pytest
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from relay.errors import EgressError, UnknownFeedError, WrongPinError
from relay.sfu.egress import MeetingState
from relay.sfu.room import Participant
from relay.sfu.subscription import ParticipantSelector, Subscription
from tests.deadlines import scaled
from tests.fakes import until
from tests.servers.janus import RunningJanus
from tests.sfu.people import leaving_nothing, listed, noting_failures, present, put_out, see, sending


def subscribe(
    janus: RunningJanus, selector: ParticipantSelector, room: int = 1234, pin: str | None = None
) -> Subscription:
    return Subscription(janus.address, str(room), pin, selector)


async def end_of(track: MediaStreamTrack) -> None:
    """Wait until a track ends; frames already decoded are still received."""
    with suppress(MediaStreamError):
        async with asyncio.timeout(scaled(30)):
            while True:
                await track.recv()


def test_whom_one_wants_is_found_by_id_before_name() -> None:
    anna, other = Participant(1, "Anna"), Participant(2, "Anna")
    assert ParticipantSelector(feed=2, display="Anna").find([anna, other]) == other
    assert ParticipantSelector(feed=9, display="Anna").find([anna, other]) == anna
    assert ParticipantSelector(feed=9).find([anna, other]) is None
    assert ParticipantSelector(display="Berta").find([anna, other]) is None
    assert ParticipantSelector().find([Participant(1, "")]) is None


async def test_a_feed_is_found_by_name_or_by_id(janus: RunningJanus) -> None:
    async with leaving_nothing(), sending(janus, "Anna"), sending(janus, "Berta"):
        feed = (await present(janus))["Berta"]
        for selector in (ParticipantSelector(display="Berta"), ParticipantSelector(feed=feed)):
            subscription = subscribe(janus, selector)
            assert await subscription.open() == Participant(feed, "Berta")
            tracks = await subscription.next()
            assert await see(tracks.video, 3)
            assert tracks.audio is not None
            assert await tracks.audio.recv()
            await subscription.close()


async def test_who_is_not_there_is_said_to_be_unknown_and_who_is_there_is_named(janus: RunningJanus) -> None:
    async with leaving_nothing(), sending(janus, "Anna"):
        subscription = subscribe(janus, ParticipantSelector(display="Nobody"))
        with pytest.raises(UnknownFeedError, match="there is 'Anna'"):
            await subscription.open()
        await subscription.close()


async def test_a_room_that_does_not_let_in_says_why(janus: RunningJanus) -> None:
    async with leaving_nothing():
        for pin, error in ((None, WrongPinError), ("secret", UnknownFeedError)):
            subscription = subscribe(janus, ParticipantSelector(display="Anna"), 5, pin)
            with pytest.raises(error):
                await subscription.open()
            await subscription.close()
        away = Subscription("ws://127.0.0.1:9", "5", None, ParticipantSelector(display="Anna"))
        with pytest.raises(EgressError, match="cannot be reached"):
            await away.open()
        await away.close()


async def test_a_feed_behind_a_pin_can_be_watched(janus: RunningJanus) -> None:
    async with leaving_nothing(), sending(janus, "Anna", 5, "secret"):
        subscription = subscribe(janus, ParticipantSelector(display="Anna"), 5, "secret")
        await subscription.open()
        assert await see((await subscription.next()).video, 2)
        await subscription.close()


@pytest.mark.parametrize("kicked", [False, True])
async def test_tracks_end_with_the_person_and_there_are_new_ones_when_they_are_back(
    janus: RunningJanus, *, kicked: bool
) -> None:
    subscription = subscribe(janus, ParticipantSelector(display="Anna"))
    async with leaving_nothing():
        async with sending(janus, "Anna"):
            await subscription.open()
            tracks = await subscription.next()
            assert await see(tracks.video, 2)
            if kicked:
                await put_out(janus, "Anna")
                await end_of(tracks.video)
        await end_of(tracks.video)
        coming = asyncio.create_task(subscription.next())
        await listed(janus, "Anna", sends=False)
        assert not coming.done()
        async with sending(janus, "Anna"):
            assert await see((await coming).video, 2)
            await subscription.close()


async def test_a_server_that_was_killed_is_entered_again() -> None:
    with RunningJanus() as janus:
        subscription = subscribe(janus, ParticipantSelector(display="Anna"))
        async with leaving_nothing(), sending(janus, "Anna") as events:
            await subscription.open()
            tracks = await subscription.next()
            assert await see(tracks.video, 2)
            with noting_failures() as failures:
                janus.kill()
                await end_of(tracks.video)
                coming = asyncio.create_task(subscription.next())
                await until(lambda: len(failures) >= 2)
                janus.start()
            assert await see((await coming).video, 2)
            await events.wait_for(MeetingState.JOINED)
            await subscription.close()


async def test_one_can_stop_waiting(janus: RunningJanus) -> None:
    async with leaving_nothing():
        async with sending(janus, "Anna"):
            subscription = subscribe(janus, ParticipantSelector(display="Anna"))
            await subscription.open()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await subscription.next()
        await subscription.close()
        await subscription.close()
