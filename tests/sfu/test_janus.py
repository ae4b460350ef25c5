import asyncio

import pytest

from relay.errors import EgressError, RoomFullError, UnknownRoomError, WrongPinError
from relay.sfu import janus as adapter
from relay.sfu.egress import MeetingState, Tracks
from relay.sfu.janus import JanusEgress, RetryPolicy
from tests.deadlines import scaled
from tests.fakes import Clip, until
from tests.servers.janus import RunningJanus
from tests.sfu.people import (
    EventLog,
    asking,
    camera,
    leaving_nothing,
    listed,
    noting_failures,
    present,
    put_out,
    see,
    sending,
    watching,
)


async def test_picture_and_sound_arrive_in_the_room(janus: RunningJanus) -> None:
    async with leaving_nothing(), sending(janus, "Anna") as events, watching(janus, "Anna") as tracks:
        assert tracks.audio is not None
        frames, audio_frames = await asyncio.gather(see(tracks.video, 12), receive_audio(tracks))
        assert {(one.width, one.height) for one in frames} == {(160, 120)}
        levels = {int(one.to_ndarray()[0, 0]) for one in frames}
        assert len(levels) > 4, "the video is frozen"
        assert audio_frames == 10
        assert not events.received


async def receive_audio(tracks: Tracks) -> int:
    """The number of audio frames received, of ten."""
    assert tracks.audio is not None
    async with asyncio.timeout(scaled(30)):
        return len([await tracks.audio.recv() for _ in range(10)])


async def test_a_picture_without_sound_will_do(janus: RunningJanus) -> None:
    egress = JanusEgress(janus.address, "1234", None, "Mute")
    async with leaving_nothing():
        await egress.publish(lambda: Tracks(Clip()), EventLog())
        async with watching(janus, "Mute") as tracks:
            assert await see(tracks.video, 3)
            assert tracks.audio is None
        await egress.close()


async def test_who_leaves_is_gone_at_once(janus: RunningJanus) -> None:
    async with leaving_nothing():
        async with sending(janus, "Berta"):
            assert "Berta" in await present(janus)
        await listed(janus, "Berta", sends=False)


@pytest.mark.parametrize(
    ("room", "pin", "error", "sentence"),
    [
        ("77", None, UnknownRoomError, "no such room"),
        ("5", None, WrongPinError, "asks for a pin"),
        ("5", "guessed", WrongPinError, "another pin"),
    ],
)
async def test_what_is_wrong_is_said(
    janus: RunningJanus, room: str, pin: str | None, error: type[EgressError], sentence: str
) -> None:
    async with leaving_nothing():
        given: list[Tracks] = []
        egress = JanusEgress(janus.address, room, pin, "Anna")
        with pytest.raises(error, match=sentence):
            await egress.publish(lambda: given.append(camera()) or given[-1], EventLog())  # type: ignore[func-returns-value]
        await egress.close()
        assert [one.video.readyState for one in given] == ["ended"]


async def test_the_right_pin_opens_the_room(janus: RunningJanus) -> None:
    async with sending(janus, "Anna", room=5, pin="secret"):
        pass


async def test_a_full_room_takes_nobody_more(janus: RunningJanus) -> None:
    async with leaving_nothing(), sending(janus, "Anna", room=1):
        await listed(janus, "Anna", 1)
        with pytest.raises(RoomFullError, match="as many publishers"):
            async with sending(janus, "Berta", room=1):
                pass


async def test_a_server_that_is_away_is_said_to_be() -> None:
    async with leaving_nothing():
        egress = JanusEgress("ws://127.0.0.1:9", "1234", None, "Anna")
        with pytest.raises(EgressError, match="cannot be reached"):
            await egress.publish(camera, EventLog())
        await egress.close()


def test_who_waits_for_a_server_to_come_back_asks_twice_in_five_seconds() -> None:
    assert 2 * (adapter.MAX_WAIT + adapter.JITTER) < 5


async def test_a_server_that_was_killed_and_comes_back_has_the_person_again() -> None:
    with RunningJanus() as janus:
        async with leaving_nothing(), sending(janus, "Anna") as events:
            with noting_failures() as failures:
                janus.kill()
                assert (await events.wait_for(MeetingState.LOST)).detail
                await until(lambda: len(failures) >= 2)
                janus.start()
                await events.wait_for(MeetingState.JOINED)
            async with watching(janus, "Anna") as tracks:
                assert await see(tracks.video, 3)
            assert events.states == [MeetingState.LOST, MeetingState.JOINED]


async def test_one_can_leave_while_the_server_is_away() -> None:
    with RunningJanus() as janus:
        async with leaving_nothing(), sending(janus, "Anna") as events:
            with noting_failures() as failures:
                janus.kill()
                await events.wait_for(MeetingState.LOST)
                await until(lambda: len(failures) >= 1)
        assert events.states == [MeetingState.LOST]


async def test_a_room_that_is_gone_after_a_restart_is_given_up_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "MAX_REFUSALS", 2)
    with RunningJanus({1234: {}}) as janus:
        async with leaving_nothing(), sending(janus, "Anna") as events:
            janus.kill()
            (janus.folder / "janus.plugin.videoroom.jcfg").write_text("general = {}\n")
            janus.start()
            assert "no such room" in (await events.wait_for(MeetingState.ENDED)).detail
            assert events.states == [MeetingState.LOST, MeetingState.ENDED]


async def test_who_is_put_out_stays_out(janus: RunningJanus) -> None:
    async with leaving_nothing(), sending(janus, "Anna") as events:
        await put_out(janus, "Anna")
        assert "put this video out" in (await events.wait_for(MeetingState.ENDED)).detail
        await listed(janus, "Anna", sends=False)
        assert "meeting" not in {task.get_name() for task in asyncio.all_tasks()}, "a rejoin is still possible"
        assert events.states == [MeetingState.ENDED]
        assert "Anna" not in await present(janus)


async def test_a_room_that_is_closed_ends_it() -> None:
    with RunningJanus() as janus:
        async with leaving_nothing(), sending(janus, "Anna") as events:
            async with asking(janus) as handle:
                await handle.ask({"request": "destroy", "room": 1234})
            assert "closed" in (await events.wait_for(MeetingState.ENDED)).detail
            assert events.states == [MeetingState.ENDED]


async def test_media_that_cannot_flow_are_an_error_and_not_a_silent_picture(
    janus: RunningJanus, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def accept_nothing(*_: object) -> None:
        """Ignore the answer, so that nothing connects."""

    monkeypatch.setattr(adapter, "MEDIA_TIMEOUT", 0.3)
    monkeypatch.setattr(adapter.Publication, "_accept", accept_nothing)
    async with leaving_nothing():
        egress = JanusEgress(janus.address, "1234", None, "Anna")
        with pytest.raises(EgressError, match="no media can flow"):
            await egress.publish(camera, EventLog())
        await egress.close()
        assert "Anna" not in await present(janus)


def test_one_hopes_for_ever_where_nobody_answers_but_not_against_every_no() -> None:
    retries = RetryPolicy()
    away, full = EgressError("away"), RoomFullError("full")
    assert all(retries(away) for _ in range(50))
    assert [retries(full) for _ in range(adapter.MAX_REFUSALS)][-2:] == [True, False]
    assert not RetryPolicy()(ValueError("a mistake"))


async def test_sessions_come_and_go_and_leave_nothing(janus: RunningJanus) -> None:
    async with leaving_nothing():
        for number in range(5):
            async with sending(janus, f"guest {number}"):
                pass
    assert not [name for name in await present(janus) if name.startswith("guest")]
