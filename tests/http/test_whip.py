"""WHIP, as RFC 9725 has it: for clients that only send."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from relay.errors import (
    BusyError,
    ForbiddenError,
    IceRestartError,
    InvalidSettingError,
    MalformedError,
    NameTakenError,
    NoPreconditionError,
    NoVideoError,
    PreconditionError,
    TooLargeError,
    TooManyTracksError,
    UnauthorizedError,
    UnknownSessionError,
    UnsupportedMediaTypeError,
)
from relay.http.whip import read_settings, read_stage
from relay.media.aiortc_patches import codec
from relay.metrics import Statistics
from tests.clips import write_mjpeg
from tests.exchanging import FRAGMENT, KEY, SDP, Watcher, bearer, encoder, expect, serving, without_candidates
from tests.fakes import StageFactory, until
from tests.running import RunningRelay
from tests.scripted import SMALL
from tests.servers.whip_client import WhipClient


async def test_an_offer_is_answered_by_the_book() -> None:
    async with serving("--pitch", "5") as client, encoder() as sender:
        response = await client.post("/whip", data=await sender.offer(), headers=SDP)
        assert (response.status, response.content_type) == (201, "application/sdp")
        assert re.fullmatch(r"/whip/[\w-]{22}", response.headers["Location"])
        assert re.fullmatch(r'"[\w-]+"', response.headers["ETag"])
        answer = await response.text()
        assert set(re.findall(r"a=(sendrecv|sendonly|recvonly|inactive)", answer)) == {"recvonly"}
        assert "a=candidate:" in answer
        await sender.accept(answer)
        assert (await client.get(response.headers["Location"])).status == 204
        path = response.headers["Location"].replace("/whip/", "/api/sessions/")
        await until(lambda: sender.peer.connectionState == "connected")
        await until(lambda: sender.clip.sent > 10)
        assert (await (await client.get(path)).json())["frames"]["in"] > 0
        # If-Match has no effect here.
        ended = await client.delete(response.headers["Location"], headers={"If-Match": '"other"'})
        assert ended.status == 204
        await expect(await client.delete(response.headers["Location"]), UnknownSessionError)


async def test_the_client_may_begin_the_encryption() -> None:
    """GStreamer's certificate is RSA, which aiortc supports only as the DTLS server."""
    async with serving() as client, encoder() as sender:
        answer = await (await client.post("/whip", data=await sender.offer(), headers=SDP)).text()
        assert set(re.findall(r"a=setup:(\w+)", answer)) == {"passive"}


async def test_candidates_that_come_later_are_used() -> None:
    async with serving() as client, encoder() as sender:
        offer, fragment = without_candidates(await sender.offer())
        response = await client.post("/whip", data=offer, headers=SDP)
        path, match = response.headers["Location"], {"If-Match": response.headers["ETag"]}
        # The client has no address to check, so only the relay's own checks can succeed.
        await sender.accept(without_candidates(await response.text())[0])
        patched = await client.patch(path, data=fragment, headers={**FRAGMENT, **match})
        assert (patched.status, await patched.text(), "ETag" in patched.headers) == (204, "", False)
        await until(lambda: sender.peer.connectionState == "connected")


@pytest.mark.parametrize(
    ("headers", "change", "error"),
    [
        ({}, lambda text: text, NoPreconditionError),
        ({"If-Match": '"other"'}, lambda text: text, PreconditionError),
        ({"If-Match": "W/TAG"}, lambda text: text, PreconditionError),
        ({"If-Match": "TAG", "Content-Type": "application/sdp"}, lambda text: text, UnsupportedMediaTypeError),
        ({"If-Match": "TAG"}, lambda text: "hello", MalformedError),
        ({"If-Match": "TAG"}, lambda text: b"\xff\xfe", MalformedError),
        ({"If-Match": "TAG"}, lambda text: 20001 * "a", TooLargeError),
        ({"If-Match": "*"}, lambda text: text.replace("a=ice-ufrag:", "a=ice-ufrag:new"), IceRestartError),
        ({"If-Match": '"*"'}, lambda text: text.replace("a=ice-ufrag:", "a=ice-ufrag:new"), IceRestartError),
    ],
)
async def test_a_wrong_fragment_changes_nothing(headers, change, error) -> None:  # type: ignore[no-untyped-def]
    async with serving("--max-offer-bytes", "20000") as client, encoder() as sender:
        offer, fragment = without_candidates(await sender.offer())
        response = await client.post("/whip", data=offer, headers=SDP)
        headers = {name: value.replace("TAG", response.headers["ETag"]) for name, value in headers.items()}
        path = response.headers["Location"]
        await expect(await client.patch(path, data=change(fragment), headers=FRAGMENT | headers), error)
        assert (await client.get(path)).status == 204


async def test_settings_come_in_the_query() -> None:
    stage_factory = StageFactory()
    async with serving("--pitch", "5", stage_factory=stage_factory) as client, encoder() as sender:
        response = await client.post("/whip?strength=80&yaw=-2.5", data=await sender.offer(), headers=SDP)
        assert response.status == 201
        correction = stage_factory.made[0].correction
        assert (correction.strength, correction.yaw, correction.pitch) == (80, -2.5, 5)


@pytest.mark.parametrize("query", [{"pitch": "up"}, {"pitch": "26"}, {"colour": "1"}, {"strength": "nan"}])
def test_a_wrong_setting_is_named(query: dict[str, str]) -> None:
    with pytest.raises(InvalidSettingError, match=next(iter(query))):
        read_settings(query)


@pytest.mark.parametrize("stage", ["", "a b", "ä", "../x", 65 * "x"])
def test_a_stage_has_a_plain_name(stage: str) -> None:
    with pytest.raises(InvalidSettingError, match="stage"):
        read_stage({"stage": stage})


@pytest.mark.parametrize(
    ("kind", "change", "error"),
    [
        ("application/json", lambda sdp: sdp, UnsupportedMediaTypeError),
        ("application/sdp", lambda sdp: "hello", MalformedError),
        ("application/sdp", lambda sdp: b"\xff\xfe", MalformedError),
        ("application/sdp", lambda sdp: 20001 * "a", TooLargeError),
        ("application/sdp", lambda sdp: sdp.replace("sendonly", "recvonly"), NoVideoError),
        ("application/sdp", lambda sdp: sdp + sdp[sdp.index("m=audio") :], TooManyTracksError),
    ],
)
async def test_a_wrong_offer_opens_nothing(kind, change, error) -> None:  # type: ignore[no-untyped-def]
    async with serving("--max-offer-bytes", "20000") as client, encoder() as sender:
        response = await client.post("/whip", data=change(await sender.offer()), headers={"Content-Type": kind})
        await expect(response, error)


async def test_a_full_relay_says_when_to_try_again() -> None:
    async with serving("--max-sessions", "1") as client, encoder() as one, encoder() as other:
        assert (await client.post("/whip", data=await one.offer(), headers=SDP)).status == 201
        response = await client.post("/whip", data=await other.offer(), headers=SDP)
        await expect(response, BusyError)
        assert int(response.headers["Retry-After"]) > 0


async def test_options_say_what_may_be_sent() -> None:
    async with serving() as client, encoder() as sender:
        response = await client.options("/whip")
        assert (response.status, response.headers["Accept-Post"]) == (200, "application/sdp")
        path = (await client.post("/whip", data=await sender.offer(), headers=SDP)).headers["Location"]
        assert (await client.options(path)).headers["Accept-Patch"] == "application/trickle-ice-sdpfrag"
        assert (await client.get("/whip")).status == 204
        assert (await client.put("/whip")).status == 405
        assert (await client.post(path)).status == 405


async def test_pages_of_other_sites_may_be_let_in() -> None:
    page = {"Origin": "https://meet.example.org", "Access-Control-Request-Headers": "content-type,if-match"}
    async with serving("--allow-origins", '["https://meet.example.org"]') as client, encoder() as sender:
        for path, method in (("/whip", "POST"), ("/whip/x", "PATCH"), ("/whip/x", "DELETE"), ("/whep/x", "POST")):
            preflight = await client.options(path, headers=page | {"Access-Control-Request-Method": method})
            assert preflight.status == 200
            assert preflight.headers["Access-Control-Allow-Origin"] == page["Origin"]
        response = await client.post("/whip", data=await sender.offer(), headers=SDP | page)
        exposed = response.headers["Access-Control-Expose-Headers"].split(",")
        assert {"Location", "ETag", "Link"} <= set(exposed)
        assert (await client.options("/whip")).headers["Accept-Post"] == "application/sdp"


async def test_turn_servers_are_told_with_credentials_to_who_may_use_them() -> None:
    turn = ["--turn-urls", '["turn:127.0.0.1:1"]', "--turn-secret", "s" * 32, "--ice-servers", '["stun:127.0.0.1:1"]']
    async with serving("--token-key", KEY, *turn) as client:
        assert "Link" not in (await client.options("/whip")).headers
        links = (await client.options("/whip", headers=bearer("ada"))).headers.getall("Link")
        assert links[0] == '<stun:127.0.0.1:1>; rel="ice-server"'
        assert re.fullmatch(
            r'<turn:127.0.0.1:1>; rel="ice-server"; username="\d+:ada"; credential="[^"]+"; credential-type="password"',
            links[1],
        )


async def test_a_session_is_its_owners() -> None:
    async with serving("--token-key", KEY) as client, encoder() as sender:
        offer = await sender.offer()
        missing = await client.post("/whip", data=offer, headers=SDP)
        await expect(missing, UnauthorizedError)
        assert missing.headers["WWW-Authenticate"].startswith("Bearer")
        await expect(await client.post("/whip", data=offer, headers=SDP | bearer("ada", "watch")), ForbiddenError)
        response = await client.post("/whip?stage=talk", data=offer, headers=SDP | bearer("ada"))
        path, match = response.headers["Location"], {"If-Match": "*"}
        for attempt in (
            client.delete(path, headers=bearer("bob")),
            client.get(path, headers=bearer("bob")),
            client.patch(path, data="a=end-of-candidates", headers=bearer("bob") | match | FRAGMENT),
        ):
            await expect(await attempt, ForbiddenError)
        async with encoder() as other:
            taken = client.post("/whip?stage=talk", data=await other.offer(), headers=SDP | bearer("bob"))
            await expect(await taken, NameTakenError)
        assert (await client.delete(path, headers=bearer("ada"))).status == 204


# Real parts on both sides ----------------------------------------------------------------------------------------


async def watch(address: str, http: ClientSession, watcher: Watcher) -> None:
    response = await http.post(address, data=await watcher.offer(), headers=SDP)
    assert response.status == 201
    await watcher.accept(await response.text())


@pytest.fixture(scope="module")
def patient_relay() -> Iterator[RunningRelay]:
    """A relay with long timeouts that waits for its own results, so that it also corrects on a busy machine."""
    codec.set_consent(30)
    flags = ("--pipeline", "sequential", "--vanish-timeout", "30")
    with RunningRelay("--port", "0", *flags, scripted=True) as relay:
        yield relay
    codec.set_consent(4)


async def test_somebody_elses_client_is_corrected_and_watched(patient_relay: RunningRelay) -> None:
    """Debian's simple-whip-client, GStreamer's WebRTC: it trickles, is corrected, and ends its session."""
    clip: Path = await asyncio.to_thread(write_mjpeg, SMALL)
    address = f"{patient_relay.address}/whep/gstreamer"
    with await asyncio.to_thread(WhipClient, f"{patient_relay.address}/whip?stage=gstreamer&pitch=6", clip) as sender:
        async with ClientSession() as http, Watcher() as watcher:
            await until(lambda: "PeerConnection connected" in sender.output, 30)
            await watch(address, http, watcher)
            frames = await watcher.see(10)
            assert (frames[-1].width, frames[-1].height) == (SMALL.width, SMALL.height)
            assert await watcher.take("audio")
            name = re.search(r"Resource URL: \S*/whip/([\w-]+)", sender.output)
            assert name, sender.output
            session = Statistics.model_validate(
                await (await http.get(f"{patient_relay.address}/api/sessions/{name[1]}")).json()
            )
            assert session.returns == "none"
            assert session.frames.corrected > 5
            await until(lambda: "Sending candidates: end-of-candidates" in sender.output)
            code = await asyncio.to_thread(sender.stop)
            assert (await http.get(address)).status == 404
    assert "[trickle]" not in sender.output, "a PATCH was refused"
    assert "[ERR]" not in sender.output
    assert code == 0
