"""What a real Janus says, and in the same words the scripted one of the browser's tests (tests/vectors/janus.json)."""

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


def expect(said: Mapping[str, Any], vector: Mapping[str, Any], **names: object) -> None:
    """Janus said at least what the vector has; words in capitals stand for these."""
    assert _part(said, vector) == {key: _named(value, {"ROOM": 1234, **names}) for key, value in vector.items()}


def _part(said: Mapping[str, Any], vector: Mapping[str, Any]) -> dict[str, Any]:
    """Of what was said the fields that the vector has."""
    return {
        key: [_part(one, value[0]) for one in said[key]] if isinstance(value, list) else said.get(key)
        for key, value in vector.items()
    }


def _named(value: Any, names: Mapping[str, object]) -> Any:
    if isinstance(value, list):
        return [{key: _named(one, names) for key, one in entry.items()} for entry in value]
    return names.get(value, value) if isinstance(value, str) else value


class Person:
    """Somebody who speaks to Janus without anything of the product's in between but the line itself."""

    def __init__(self, session: JanusSession) -> None:
        self._session, self.heard, self.peer = session, list[JanusMessage](), RTCPeerConnection()
        self.handle: Handle

    async def ask(self, body: Mapping[str, object], description: RTCSessionDescription | None = None) -> JanusMessage:
        return await self.handle.send(body, description)

    async def publish(self, display: str) -> JanusMessage:
        self.peer.addTransceiver(Clip(), direction="sendonly")
        await self.peer.setLocalDescription(await self.peer.createOffer())
        said = await self.ask({"request": "publish", "display": display}, self.peer.localDescription)
        if said.description:
            await self.peer.setRemoteDescription(said.description)
        return said

    async def hear(self, vector: str, **names: object) -> None:
        """Waits until Janus has said this by itself."""
        wanted = VECTORS["events"][vector]
        await until(lambda: any(set(wanted) <= set(said.data) for said in self.heard))
        expect(next(said.data for said in self.heard if set(wanted) <= set(said.data)), wanted, **names)
        self.heard.clear()


@asynccontextmanager
async def person(janus: RunningJanus) -> AsyncIterator[Person]:
    session = await JanusSession.open(janus.address)
    one = Person(session)
    try:
        one.handle = await session.attach(PLUGIN, one.heard.append)
        yield one
    finally:
        await session.close()
        await one.peer.close()


async def test_coming_and_going_is_told_in_these_words(janus: RunningJanus) -> None:
    answers = VECTORS["answers"]
    async with person(janus) as witness, person(janus) as latecomer:
        await witness.ask(JOIN)
        async with person(janus) as anna:
            own = (await anna.ask(JOIN)).data["id"]
            expect((await anna.publish("Anna")).data, answers["publish"])
            await witness.hear("published", ID=own, NAME="Anna")
            joined = (await latecomer.ask(JOIN)).data
            expect(joined, answers["joined"], ID=joined["id"], PRIVATE=joined["private_id"], OTHER=own, NAME="Anna")
            expect((await anna.ask({"request": "configure", "display": "Ada"})).data, answers["configure"])
            await witness.hear("renamed", ID=own, NAME="Ada")
            await subscribe(janus, own)
            expect((await anna.ask({"request": "unpublish"})).data, answers["unpublish"])
            await witness.hear("unpublished", ID=own)
        await witness.hear("left", ID=own)


async def subscribe(janus: RunningJanus, feed: int) -> None:
    """Watch somebody, as far as words go."""
    async with person(janus) as viewer:
        said = await viewer.ask({"request": "join", "ptype": "subscriber", "room": 1234, "streams": [{"feed": feed}]})
        expect(said.data, VECTORS["answers"]["subscribed"])
        assert said.description
        assert said.description.type == "offer"
        await viewer.peer.setRemoteDescription(said.description)
        await viewer.peer.setLocalDescription(await viewer.peer.createAnswer())
        started = await viewer.ask({"request": "start"}, viewer.peer.localDescription)
        expect(started.data, VECTORS["answers"]["start"])


async def test_being_put_out_and_the_end_of_a_room_are_told_in_these_words(janus: RunningJanus) -> None:
    room = {"room": 4321}
    async with asking(janus) as host, person(janus) as witness, person(janus) as anna:
        await host.ask({"request": "create", **room})
        await witness.ask({**JOIN, **room})
        own = (await anna.ask({**JOIN, **room})).data["id"]
        await anna.publish("Anna")
        await listed(janus, "Anna", 4321)
        assert (await present(janus, 4321))["Anna"] == own
        witness.heard.clear()
        await host.ask({"request": "kick", **room, "id": own})
        await anna.hear("put_out", ROOM=4321)
        await witness.hear("kicked", ROOM=4321, ID=own)
        await host.ask({"request": "destroy", **room})
        await witness.hear("destroyed", ROOM=4321)


@pytest.mark.parametrize(
    ("refusal", "wish"),
    [
        ("unknown_room", {"room": 77}),
        ("wrong_pin", {"room": 5, "pin": ""}),
        ("wrong_pin", {"room": 5, "pin": "guessed"}),
        ("unknown_feed", {"ptype": "subscriber", "streams": [{"feed": 9}]}),
    ],
)
async def test_a_refusal_has_this_code(janus: RunningJanus, refusal: str, wish: dict[str, Any]) -> None:
    async with person(janus) as anna:
        said = (await anna.ask({**JOIN, **wish})).data
        expect(said, {"error_code": VECTORS["refusals"][refusal]["error_code"]})


async def test_a_full_room_has_this_code(janus: RunningJanus) -> None:
    async with person(janus) as anna, person(janus) as berta:
        for one in (anna, berta):
            await one.ask({**JOIN, "room": 1})
        assert (await anna.publish("Anna")).description
        await listed(janus, "Anna", 1)
        expect((await berta.publish("Berta")).data, VECTORS["refusals"]["room_full"])


async def test_where_rooms_are_words_a_number_is_refused_with_this_code() -> None:
    with RunningJanus({"tea": {}}, string_ids=True) as janus:
        async with person(janus) as anna:
            expect((await anna.ask(JOIN)).data, VECTORS["refusals"]["invalid_element"])
            assert "joined" in (await anna.ask({**JOIN, "room": "tea"})).data.values()
