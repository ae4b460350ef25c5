"""WHEP: the corrected video of a session, for several viewers."""

import re

import pytest

from relay.app import MONITOR
from relay.errors import (
    BusyError,
    DrainingError,
    ForbiddenError,
    IceRestartError,
    MalformedError,
    NoPreconditionError,
    NoVideoError,
    PreconditionError,
    UnauthorizedError,
    UnknownSessionError,
    UnsupportedMediaTypeError,
)
from tests.deadlines import scaled
from tests.exchanging import (
    FRAGMENT,
    KEY,
    SDP,
    Client,
    Watcher,
    bearer,
    encoder,
    expect,
    serving,
    without_candidates,
)
from tests.fakes import Browser, until


async def publish(client: Client, sender: Browser, query: str = "") -> tuple[str, str]:
    """Open a session; gives its path and the path to watch it."""
    response = await client.post(f"/whip{query}", data=await sender.offer(), headers=SDP)
    assert response.status == 201
    await sender.accept(await response.text())
    stage = re.fullmatch(r'<(/whep/[\w-]+)>; rel="alternate"; title="WHEP"', response.headers.getall("Link")[-1])
    assert stage
    return response.headers["Location"], stage[1]


async def watch(client: Client, address: str, watcher: Watcher) -> str:
    """Add a viewer; gives its path."""
    response = await client.post(address, data=await watcher.offer(), headers=SDP)
    assert response.status == 201
    await watcher.accept(await response.text())
    return response.headers["Location"]


async def test_several_watch_one_correction() -> None:
    async with serving() as client, encoder() as sender, Watcher() as one, Watcher() as other:
        session, stage = await publish(client, sender)
        response = await client.post(stage, data=await one.offer(), headers=SDP)
        assert (response.status, response.content_type) == (201, "application/sdp")
        assert re.fullmatch(rf"{stage}/[\w-]{{22}}", response.headers["Location"])
        answer = await response.text()
        assert set(re.findall(r"a=(sendrecv|sendonly|recvonly|inactive)", answer)) == {"sendonly"}
        await one.accept(answer)
        second = await watch(client, stage, other)
        assert await one.see(5)
        assert await other.see(5)
        assert await other.take("audio", 2)
        frames = (await (await client.get(session.replace("/whip/", "/api/sessions/"))).json())["frames"]
        assert frames["out"] <= frames["in"]  # each frame was corrected once, whatever the number of viewers
        assert (await client.delete(second)).status == 204
        await expect(await client.get(second), UnknownSessionError)
        assert await one.see(5)


async def test_a_session_that_ends_ends_its_viewers() -> None:
    async with serving() as client, encoder() as sender, Watcher() as watcher:
        session, stage = await publish(client, sender)
        viewer = await watch(client, stage, watcher)
        assert await watcher.see(2)
        assert (await client.delete(session)).status == 204
        for path in (stage, viewer):
            await expect(await client.get(path), UnknownSessionError)
        await until(lambda: watcher.peer.connectionState == "closed")


async def test_a_publisher_that_vanishes_ends_its_viewers() -> None:
    async with serving("--vanish-timeout", str(scaled(1))) as client, encoder() as sender, Watcher() as watcher:
        _, stage = await publish(client, sender)
        await watch(client, stage, watcher)
        assert await watcher.see(2)
        await sender.vanish()
        await until(lambda: watcher.peer.connectionState == "closed")
        await expect(await client.get(stage), UnknownSessionError)


async def test_a_page_s_session_can_be_watched_by_its_own_name() -> None:
    async with serving() as client, Browser() as browser, Watcher() as watcher:
        response = await client.post("/api/sessions", data=await browser.offer(), headers=SDP)
        await browser.accept(await response.text())
        await watch(client, response.headers["Location"].replace("/api/sessions", "/whep"), watcher)
        assert await watcher.see(2)
        assert await browser.see(2)


async def test_where_no_picture_is_made_there_is_none_to_watch() -> None:
    async with serving() as client, Browser() as browser, Watcher() as watcher:
        response = await client.post("/api/sessions?returns=field", data=await browser.offer(), headers=SDP)
        stage = response.headers["Location"].replace("/api/sessions", "/whep")
        await expect(await client.post(stage, data=await watcher.offer(), headers=SDP), NoVideoError)


async def test_a_newer_session_takes_its_stage_over() -> None:
    """A publisher that reconnects is watched at the same address."""
    async with serving() as client, encoder() as first, encoder() as second, Watcher() as watcher:
        old, stage = await publish(client, first, "?stage=talk")
        assert stage == "/whep/talk"
        new, _ = await publish(client, second, "?stage=talk")
        await client.delete(old)
        await watch(client, stage, watcher)
        assert await watcher.see(2)
        await client.delete(new)
        await expect(await client.get(stage), UnknownSessionError)


async def test_candidates_that_come_later_are_used_under_the_same_rules() -> None:
    async with serving() as client, encoder() as sender, Watcher() as watcher:
        _, stage = await publish(client, sender)
        offer, fragment = without_candidates(await watcher.offer())
        response = await client.post(stage, data=offer, headers=SDP)
        path, match = response.headers["Location"], {"If-Match": response.headers["ETag"]}
        await watcher.accept(without_candidates(await response.text())[0])
        restart = fragment.replace("a=ice-ufrag:", "a=ice-ufrag:new")
        for headers, text, error in (
            (FRAGMENT, fragment, NoPreconditionError),
            (FRAGMENT | {"If-Match": '"other"'}, fragment, PreconditionError),
            (SDP | match, fragment, UnsupportedMediaTypeError),
            (FRAGMENT | match, "hello", MalformedError),
            (FRAGMENT | {"If-Match": "*"}, restart, IceRestartError),
        ):
            await expect(await client.patch(path, data=text, headers=headers), error)
        assert (await client.patch(path, data=fragment, headers=FRAGMENT | match)).status == 204
        assert await watcher.see(2)


@pytest.mark.parametrize(
    ("kind", "change", "error"),
    [
        ("application/json", lambda sdp: sdp, UnsupportedMediaTypeError),
        ("application/sdp", lambda sdp: "hello", MalformedError),
        ("application/sdp", lambda sdp: sdp.replace("recvonly", "sendonly"), NoVideoError),
    ],
)
async def test_a_wrong_offer_admits_nobody(kind, change, error) -> None:  # type: ignore[no-untyped-def]
    async with serving() as client, encoder() as sender, Watcher() as watcher:
        _, stage = await publish(client, sender)
        response = await client.post(stage, data=change(await watcher.offer()), headers={"Content-Type": kind})
        await expect(response, error)


async def test_a_full_house_says_when_to_try_again() -> None:
    async with serving("--max-viewers", "1") as client, encoder() as sender, Watcher() as one, Watcher() as other:
        _, stage = await publish(client, sender)
        await watch(client, stage, one)
        response = await client.post(stage, data=await other.offer(), headers=SDP)
        await expect(response, BusyError)
        assert int(response.headers["Retry-After"]) > 0


async def test_options_say_what_may_be_sent() -> None:
    async with serving() as client, encoder() as sender, Watcher() as watcher:
        _, stage = await publish(client, sender)
        response = await client.options(stage)
        assert (response.status, response.headers["Accept-Post"]) == (200, "application/sdp")
        viewer = await watch(client, stage, watcher)
        assert (await client.options(viewer)).headers["Accept-Patch"] == "application/trickle-ice-sdpfrag"
        assert (await client.get(viewer)).status == 204


async def test_who_may_watch_may_do_nothing_else() -> None:
    async with serving("--token-key", KEY) as client, encoder() as sender, Watcher() as watcher:
        response = await client.post("/whip?stage=talk", data=await sender.offer(), headers=SDP | bearer("ada"))
        session = response.headers["Location"]
        await sender.accept(await response.text())
        offer = await watcher.offer()
        await expect(await client.post("/whep/talk", data=offer, headers=SDP), UnauthorizedError)
        await expect(await client.post("/whep/talk", data=offer, headers=SDP | bearer("bob")), ForbiddenError)
        response = await client.post("/whep/talk", data=offer, headers=SDP | bearer("bob", "watch"))
        assert response.status == 201
        await watcher.accept(await response.text())
        assert await watcher.see(2)
        # The stage is not the session's name: it only allows watching.
        for path in ("/whip/talk", "/api/sessions/talk"):
            await expect(await client.delete(path, headers=bearer("bob", "watch")), UnknownSessionError)
        await expect(await client.post("/api/sessions/talk/close"), UnknownSessionError)
        await expect(await client.delete(session, headers=bearer("bob", "watch")), ForbiddenError)


async def test_a_token_for_one_room_shows_that_stage_alone() -> None:
    async with serving("--token-key", KEY) as client, encoder() as sender, Watcher() as watcher:
        offer = await sender.offer()
        talks = SDP | bearer("ada", "session", "watch", room="talk")
        await expect(await client.post("/whip?stage=other", data=offer, headers=talks), ForbiddenError)
        assert (await client.post("/whip?stage=talk", data=offer, headers=talks)).status == 201
        others = SDP | bearer("bob", "watch", room="other")
        await expect(await client.post("/whep/talk", data=await watcher.offer(), headers=others), ForbiddenError)
        assert (await client.get("/whep/talk", headers=talks)).status == 204


async def test_a_relay_about_to_stop_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as client, encoder() as sender, Watcher() as watcher:
        _, stage = await publish(client, sender)
        assert client.app is not None
        monkeypatch.setattr(client.app[MONITOR].drain, "check", _refuse)
        response = await client.post(stage, data=await watcher.offer(), headers=SDP)
        await expect(response, DrainingError)
        assert int(response.headers["Retry-After"]) > 0


def _refuse() -> None:
    raise DrainingError("the relay is about to stop")
