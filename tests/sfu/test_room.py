from collections.abc import Mapping

import pytest

from relay.errors import UnknownRoomError
from relay.sfu.room import Participant, Room
from tests.servers.janus import RunningJanus
from tests.sfu.people import leaving_nothing, sending


async def test_who_comes_in_is_told_who_sends_video(janus: RunningJanus) -> None:
    async with leaving_nothing(), sending(janus, "Anna"):
        member = await Room(janus.address, "1234").enter("Berta", lambda _: None)
        assert [one.display for one in member.others] == ["Anna"]
        await member.leave()
        await member.leave()


def test_who_sends_no_video_is_not_listed() -> None:
    def publisher(number: int, *streams: Mapping[str, object]) -> dict[str, object]:
        return {"id": number, "streams": list(streams)}

    sound, shut = {"type": "audio"}, {"type": "video", "disabled": True}
    listed = [publisher(1, sound), publisher(2, sound, shut), publisher(3, sound, {"type": "video"}), {"id": 4}]
    assert Participant.read({"publishers": listed}) == [Participant(3, "")]
    assert Participant.read({}) == []


@pytest.mark.parametrize("name", ["1234", "standup"])
async def test_rooms_may_be_named_by_words_even_where_they_look_like_numbers(name: str) -> None:
    with RunningJanus({name: {}}, string_ids=True) as janus:
        member = await Room(janus.address, name).enter("Anna", lambda _: None)
        await member.leave()
        with pytest.raises(UnknownRoomError):
            await Room(janus.address, "77").enter("Anna", lambda _: None)


@pytest.mark.parametrize("name", ["77", "9" * 60])
async def test_a_room_that_is_not_there_is_said_to_be_unknown(janus: RunningJanus, name: str) -> None:
    with pytest.raises(UnknownRoomError):
        await Room(janus.address, name).enter("Anna", lambda _: None)
