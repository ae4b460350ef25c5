"""Messages of a real Janus, which the scripted one of the browser's tests repeats (tests/vectors/janus.json)."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription

from relay.sfu.room import PLUGIN
from relay.sfu.signalling import Handle, JanusMessage, JanusSession
from tests.fakes import Clip, until
from tests.running import ROOT
from tests.servers.janus import RunningJanus
from tests.sfu.people import asking, listed, present

VECTORS = json.loads((ROOT / "tests" / "vectors" / "janus.json").read_text())
JOIN = {"request": "join", "ptype": "publisher", "room": 1234}


@pytest.fixture(scope="module")
def janus() -> Iterator[RunningJanus]:
    with RunningJanus({1234: {}, 1: {"publishers": 1}, 5: {"pin": "secret"}}) as janus:
        yield janus


def expect(message: Mapping[str, Any], vector: Mapping[str, Any], **names: object) -> None:
    """The message has at least the fields of the vector; words in capitals are placeholders for names."""
    assert _part(message, vector) == {key: _named(value, {"ROOM": 1234, **names}) for key, value in vector.items()}


def _part(message: Mapping[str, Any], vector: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a message that the vector has."""
    return {
        key: [_part(one, value[0]) for one in message[key]] if isinstance(value, list) else message.get(key)
        for key, value in vector.items()
    }


def _named(value: Any, names: Mapping[str, object]) -> Any:
    if isinstance(value, list):
        return [{key: _named(one, names) for key, one in entry.items()} for entry in value]
    return names.get(value, value) if isinstance(value, str) else value


class Participant:
    """A participant that uses only the signalling code of the product."""

    def __init__(self, session: JanusSession) -> None:
        self._session, self.received, self.peer = session, list[JanusMessage](), RTCPeerConnection()
        self.handle: Handle

    async def ask(self, body: Mapping[str, object], description: RTCSessionDescription | None = None) -> JanusMessage:
        return await self.handle.send(body, description)

    async def publish(self, display: str) -> JanusMessage:
        self.peer.addTransceiver(Clip(), direction="sendonly")
        await self.peer.setLocalDescription(await self.peer.createOffer())
        message = await self.ask({"request": "publish", "display": display}, self.peer.localDescription)
        if message.description:
            await self.peer.setRemoteDescription(message.description)
        return message

    async def wait_for(self, vector: str, **names: object) -> None:
        """Wait until Janus has sent this event."""
        wanted = VECTORS["events"][vector]
        await until(lambda: any(set(wanted) <= set(message.data) for message in self.received))
        expect(next(message.data for message in self.received if set(wanted) <= set(message.data)), wanted, **names)
        self.received.clear()


@asynccontextmanager
async def participant(janus: RunningJanus) -> AsyncIterator[Participant]:
    session = await JanusSession.open(janus.address)
    one = Participant(session)
    try:
        one.handle = await session.attach(PLUGIN, one.received.append)
        yield one
    finally:
        await session.close()
        await one.peer.close()


async def test_coming_and_going_is_told_in_these_words(janus: RunningJanus) -> None:
    answers = VECTORS["answers"]
    async with participant(janus) as witness, participant(janus) as latecomer:
        await witness.ask(JOIN)
        async with participant(janus) as anna:
            own = (await anna.ask(JOIN)).data["id"]
            expect((await anna.publish("Anna")).data, answers["publish"])
            await witness.wait_for("published", ID=own, NAME="Anna")
            joined = (await latecomer.ask(JOIN)).data
            expect(joined, answers["joined"], ID=joined["id"], PRIVATE=joined["private_id"], OTHER=own, NAME="Anna")
            expect((await anna.ask({"request": "configure", "display": "Ada"})).data, answers["configure"])
            await witness.wait_for("renamed", ID=own, NAME="Ada")
            await subscribe(janus, own)
            expect((await anna.ask({"request": "unpublish"})).data, answers["unpublish"])
            await witness.wait_for("unpublished", ID=own)
        await witness.wait_for("left", ID=own)


async def subscribe(janus: RunningJanus, feed: int) -> None:
    """Subscribe to a participant, signalling only."""
    async with participant(janus) as viewer:
        message = await viewer.ask(
            {"request": "join", "ptype": "subscriber", "room": 1234, "streams": [{"feed": feed}]}
        )
        expect(message.data, VECTORS["answers"]["subscribed"])
        assert message.description
        assert message.description.type == "offer"
        await viewer.peer.setRemoteDescription(message.description)
        await viewer.peer.setLocalDescription(await viewer.peer.createAnswer())
        started = await viewer.ask({"request": "start"}, viewer.peer.localDescription)
        expect(started.data, VECTORS["answers"]["start"])


async def test_being_put_out_and_the_end_of_a_room_are_told_in_these_words(janus: RunningJanus) -> None:
    room = {"room": 4321}
    async with asking(janus) as host, participant(janus) as witness, participant(janus) as anna:
        await host.ask({"request": "create", **room})
        await witness.ask({**JOIN, **room})
        own = (await anna.ask({**JOIN, **room})).data["id"]
        await anna.publish("Anna")
        await listed(janus, "Anna", 4321)
        assert (await present(janus, 4321))["Anna"] == own
        witness.received.clear()
        await host.ask({"request": "kick", **room, "id": own})
        await anna.wait_for("put_out", ROOM=4321)
        await witness.wait_for("kicked", ROOM=4321, ID=own)
        await host.ask({"request": "destroy", **room})
        await witness.wait_for("destroyed", ROOM=4321)


@pytest.mark.parametrize(
    ("refusal", "fields"),
    [
        ("unknown_room", {"room": 77}),
        ("wrong_pin", {"room": 5, "pin": ""}),
        ("wrong_pin", {"room": 5, "pin": "guessed"}),
        ("unknown_feed", {"ptype": "subscriber", "streams": [{"feed": 9}]}),
    ],
)
async def test_a_refusal_has_this_code(janus: RunningJanus, refusal: str, fields: dict[str, Any]) -> None:
    async with participant(janus) as anna:
        message = (await anna.ask({**JOIN, **fields})).data
        expect(message, {"error_code": VECTORS["refusals"][refusal]["error_code"]})


async def test_a_full_room_has_this_code(janus: RunningJanus) -> None:
    async with participant(janus) as anna, participant(janus) as berta:
        for one in (anna, berta):
            await one.ask({**JOIN, "room": 1})
        assert (await anna.publish("Anna")).description
        await listed(janus, "Anna", 1)
        expect((await berta.publish("Berta")).data, VECTORS["refusals"]["room_full"])


async def test_where_rooms_are_words_a_number_is_refused_with_this_code() -> None:
    with RunningJanus({"tea": {}}, string_ids=True) as janus:
        async with participant(janus) as anna:
            expect((await anna.ask(JOIN)).data, VECTORS["refusals"]["invalid_element"])
            assert "joined" in (await anna.ask({**JOIN, "room": "tea"})).data.values()
