"""Fuzz tests: whatever is sent to the relay, it answers as documented, nothing fails, and nothing is left open.

They cover the API by its own OpenAPI document, mutated real offers, and data channel messages. Field packets are only
sent, never received; tests/gaze/wire/test_packets.py fuzzes their readers.
"""

import asyncio
import json
import re
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, Final

import pytest
import schemathesis
import schemathesis.openapi
from aiohttp import web
from aiortc.rtcsctptransport import WEBRTC_STRING
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from requests import Response as Answer
from requests import Session as Http
from schemathesis import Case, CheckContext, GenerationMode, Response, SerializationContext
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from relay.app import SESSIONS, assemble, listening
from relay.config.correction import Correction
from relay.config.serve import Serve
from relay.http.access.tokens import mint
from relay.http.openapi.document import document
from relay.session.data_channel import Control
from tests.deadlines import scaled
from tests.fakes import Browser, Clock, FakeStages, StageFactory, until
from tests.test_app import join

KEY: Final = "the relay's own key, of 32 bytes."
MEETINGS: Final = '{"room": "ws://127.0.0.1:9", "live": "http://127.0.0.1:9"}'  # where nothing listens
FLAGS: Final = ["--token-key", KEY, "--guests", "--no-admission", "--meetings", MEETINGS, "--max-offer-bytes", "30000"]
RATES: Final = ["openings-per-address", "openings-per-token", "requests-per-address", "requests-per-token"]
DOCUMENTED: Final = {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
CHECKED: Final[list[Any]] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# The same examples in each run, and no database: a failure is reproducible everywhere.
FUZZ_SETTINGS = settings(
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
ANNA: Final = mint(KEY, "anna", ("session", "watch", "tap"), ttl=7200)
INSERTED: Final = [
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "m=text 9 RTP/AVP 98",
    "a=group:BUNDLE 0 1 2 3",
    "a=inactive",
    "a=fmtp:97 apt=97",
    "a=fmtp:99 packetization-mode",
    "a=candidate:1 1 udp 1 300.1.1.1 1 typ host",
    "a=setup:passive",
    "a=ice-options:renomination",
    "a=simulcast:send 1;2",
    "c=IN IP6 ::1",
    "",
    "v=0",
]


class Target:
    """A relay in its own thread, with fake stages."""

    def __init__(self) -> None:
        self.stage_factory = StageFactory()
        rates = [word for name in RATES for word in (f"--{name}", "1000000/second")]
        settings = Serve.read([*FLAGS, *rates], "test")
        self._loop = asyncio.new_event_loop()
        self._app = assemble(settings, self.stage_factory)
        self._runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=5)
        self._thread = threading.Thread(target=self._loop.run_forever, name="fuzzed relay")
        self._thread.start()
        self.run(self._runner.setup)
        self.address = f"http://127.0.0.1:{self.run(self._listen)}"
        self.http = Http()

    @property
    def sessions(self) -> int:
        """The number of open sessions."""
        return len(self._app[SESSIONS])

    def ask(self, case: Case[Any], token: str | None) -> None:
        """Check that the response is as documented; close what it opened."""
        answer = case.call(base_url=self.address, session=self.http, headers=bearer(token), timeout=scaled(30))
        case.validate_response(answer, checks=[no_server_error, *CHECKED])
        if answer.status_code == HTTPStatus.CREATED:
            self.delete(answer.headers["location"][0])

    def open(self, offer: str) -> str:
        """Open a session; gives its name."""
        answer = self.post("/api/sessions", offer.encode())
        assert answer.status_code == HTTPStatus.CREATED, answer.text
        return answer.headers["Location"].rpartition("/")[2]

    def post(self, path: str, offer: bytes) -> Answer:
        """Offer this, as Anna."""
        headers = {**bearer(ANNA), "Content-Type": "application/sdp"}
        return self.http.post(self.address + path, data=offer, headers=headers, timeout=scaled(30))

    def delete(self, path: str) -> None:
        """Delete a resource; must succeed."""
        answer = self.http.delete(self.address + path, headers=bearer(ANNA), timeout=scaled(30))
        assert answer.status_code == HTTPStatus.NO_CONTENT, answer.text

    def run(self, work: Callable[[], Any]) -> Any:
        """Run this in the relay's thread and wait."""
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(60)

    def close(self) -> None:
        """Stop the relay and its thread."""
        self.http.close()
        self.run(self._runner.cleanup)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> int:
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return int(self._runner.addresses[0][1])


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    target = Target()
    yield target
    target.close()
    assert [stages.closed for stages in target.stage_factory.made] == [1] * len(target.stage_factory.made)


@pytest.fixture(scope="module")
def real(target: Target) -> str:
    """A browser's offer. The browser is closed."""

    async def make() -> str:
        async with Browser() as browser:
            return re.sub("a=sendrecv", "a=sendonly", await browser.offer())

    return str(target.run(make))


def bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def operations() -> list[Any]:
    found: list[Any] = list(schemathesis.openapi.from_dict(document()).get_all_operations())
    return [one.ok() for one in found]


@schemathesis.serializer("application/sdp", "application/trickle-ice-sdpfrag")
def write_text(_: SerializationContext, value: object) -> bytes:
    """Text as it is; malformed input may be anything."""
    return (value if isinstance(value, str) else json.dumps(value, default=str)).encode(errors="replace")


def no_server_error(_: CheckContext, response: Response, case: Case[Any]) -> None:
    """No 5xx but those that are documented."""
    assert response.status_code < 500 or response.status_code in DOCUMENTED, f"{case.method} {case.path} failed"


@pytest.mark.parametrize("token", [ANNA, None, "wrong"], ids=["token", "no token", "wrong token"])
def test_every_endpoint_answers_as_it_is_described(target: Target, token: str | None) -> None:
    """Each with valid and with malformed input, if it takes any."""
    for operation in operations():
        takes = bool(operation.body or operation.query)
        for mode in list(GenerationMode) if takes and token == ANNA else [GenerationMode.POSITIVE]:

            @settings(FUZZ_SETTINGS, max_examples=(4 if takes else 2) if token == ANNA else 2)
            @given(operation.as_strategy(generation_mode=mode))
            def ask(case: Case[Any]) -> None:
                target.ask(case, token)

            ask()
    assert target.sessions == 0


def test_what_is_asked_of_a_living_session_is_answered_as_described(target: Target, real: str) -> None:
    about = [one for one in operations() if one.path.startswith(("/api/sessions/{id}", "/whip/{id}", "/whep/{id}"))]
    assert len(about) > 8
    for operation in sorted(about, key=lambda one: one.method == "delete"):
        name = target.open(real)

        @settings(FUZZ_SETTINGS, max_examples=3)
        @given(operation.as_strategy())
        def ask(case: Case[Any]) -> None:
            case.path_parameters = {**(case.path_parameters or {}), "id": name}  # noqa: B023 - called at once
            target.ask(case, ANNA)

        ask()
        target.http.delete(f"{target.address}/api/sessions/{name}", headers=bearer(ANNA))
    assert target.sessions == 0


@st.composite
def mutated(draw: st.DrawFn, text: str) -> str:  # noqa: C901 - a list of ways
    """An offer with a few lines removed, duplicated, moved, cut or inserted, or with other numbers or words."""
    lines = text.splitlines()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["drop", "double", "move", "cut", "number", "word", "insert"])):
            case "drop" if len(lines) > 1:
                del lines[at]
            case "double":
                lines.insert(at, lines[at])
            case "move":
                lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(at))
            case "cut":
                lines[at] = lines[at][: draw(st.integers(0, len(lines[at])))]
            case "number":
                number = str(draw(st.sampled_from([-1, 0, 1, 65536, 2**31, 2**63, 10**40])))
                lines[at] = re.sub(r"\d+", number, lines[at], count=draw(st.integers(1, 3)))
            case "word":
                word = draw(st.text(max_size=8)).replace("\\", "\\\\")  # literal
                lines[at] = re.sub(r"[A-Za-z-]{2,}", word, lines[at], count=1)
            case "insert":
                lines.insert(at, draw(st.sampled_from(INSERTED)))
    return "\r\n".join(lines) + "\r\n"


def test_an_offer_that_was_real_once_is_answered_or_refused_and_leaves_nothing(target: Target, real: str) -> None:
    accepted = set()

    @settings(FUZZ_SETTINGS, max_examples=90)
    @given(mutated(real), st.sampled_from(["/api/sessions", "/api/sessions?returns=field", "/whip", "/whep/"]))
    def offer_it(sdp: str, path: str) -> None:
        watched = target.open(real) if path == "/whep/" else ""
        body = (sdp.replace("sendonly", "recvonly") if watched else sdp).encode(errors="replace")
        answer = target.post(path + watched, body)
        accepted.add(answer.status_code)
        assert answer.status_code < 500, sdp
        if answer.status_code == HTTPStatus.CREATED:
            target.delete(answer.headers["Location"])
        if watched:
            target.delete(f"/api/sessions/{watched}")

    offer_it()
    assert {HTTPStatus.CREATED, HTTPStatus.BAD_REQUEST} <= accepted, "all or none were accepted"
    assert target.sessions == 0


def test_whatever_is_said_over_the_data_channel_is_answered_by_a_message() -> None:
    words = st.sampled_from(
        [*Correction.model_fields, "type", "settings", "calibrate", "look", "ping", "t", "trace", "x"]
    )
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | words,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
        max_leaves=8,
    )
    messages = st.dictionaries(words, values, max_size=4).map(json.dumps) | values.map(json.dumps)

    @settings(FUZZ_SETTINGS, max_examples=150)
    @given(messages | st.text(max_size=60) | st.binary(max_size=20))
    @example('{"type": "ping", "t": 1e999}')
    @example('{"type": "settings", "pitch": 1e999}')
    @example('{"type": "settings", "type": "trace"}')
    @example(3000 * "[")
    @example(5000 * " ")
    def send_message(text: str | bytes) -> None:
        sent: list[str] = []
        control = Control(FakeStages(), sent.append, 4096, Clock())
        control.receive(text)
        for one in sent:
            assert "type" in json.loads(one, parse_constant=pytest.fail)

    send_message()


async def test_text_that_is_none_ends_its_own_session_and_no_other() -> None:
    """aiortc closes the connection. No browser sends this."""
    stage_factory = StageFactory()
    settings = Serve.read(["--port", "0"], "test")
    async with listening(settings, stage_factory) as address, Browser() as one, Browser() as other:
        for browser in (one, other):
            await join(address, browser)
            await browser.receive("settings")
        sctp, channel = one.peer.sctp, one.channel
        assert sctp is not None
        assert channel is not None
        sctp._data_channel_queue.append((channel, WEBRTC_STRING, b"\xff\xfe"))
        await sctp._data_channel_flush()
        await until(lambda: one.peer.connectionState == "closed")
        assert await other.see(3)
        assert sum(stages.closed for stages in stage_factory.made) == 2, (
            "those of the trial run, and those of the first browser"
        )
    assert [stages.closed for stages in stage_factory.made] == [1, 1, 1]
