"""Janus's WebSocket API: one connection, one Janus session, plugin handles; responses are matched by transaction.

Source: the Janus manual, "WebSockets Interface" and "VideoRoom plugin". Knows nothing of rooms, media or participants.
"""

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Self

import aiohttp
from aiortc import RTCSessionDescription

from relay.errors import EgressError, RoomFullError, UnknownFeedError, UnknownRoomError, WrongPinError

SUBPROTOCOL: Final = "janus-protocol"
GONE: Final = "gone"
RESPONSE_TIMEOUT: Final = 5.0  # seconds to connect, and for each response
CLOSE_TIMEOUT: Final = 1.0  # seconds
KEEPALIVE_INTERVAL: Final = 25.0  # seconds; Janus ends a session after 60 without a message
PING_INTERVAL: Final = 5.0  # seconds between WebSocket pings; a dead server is detected after 1.5 times that
MAX_MESSAGE_BYTES: Final = 1 << 20  # of one message; a room of a hundred takes a tenth of it

# Error codes of the VideoRoom plugin that the client can act on, with a sentence for people.
REFUSALS: Final[dict[int, tuple[type[EgressError], str]]] = {
    426: (UnknownRoomError, "the meeting server has no such room; it may have been closed"),
    428: (UnknownFeedError, "the room has no such participant who sends video"),
    432: (RoomFullError, "the room has as many publishers as it allows; try again when somebody has left"),
    429: (WrongPinError, "the room asks for a pin, and none was given"),
    433: (WrongPinError, "the room asks for another pin than the one given"),
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JanusMessage:
    """A message of Janus, a response or an event. kind: as Janus names it: event, success, hangup, detached, webrtcup
    and so on; or GONE, once the connection has ended. data: of the plugin. description: the SDP in it, if any.
    """

    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    description: RTCSessionDescription | None = None

    @classmethod
    def read(cls, message: dict[str, Any]) -> Self:
        """From a message of Janus. Raises KeyError, TypeError or ValueError if it is malformed."""
        data = message.get("plugindata", {}).get("data") or message.get("data") or {}
        if reason := message.get("reason"):
            data = {**data, "reason": reason}
        jsep = message.get("jsep")
        return cls(message["janus"], data, RTCSessionDescription(jsep["sdp"], jsep["type"]) if jsep else None)


class JanusSession:
    """A session with one Janus server, from open() to close()."""

    def __init__(self, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._http, self._socket = http, socket
        self._closed = False
        self._id: int | None = None
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._handles: dict[int, Callable[[JanusMessage], None]] = {}
        self._tasks = [asyncio.create_task(self._read(), name="janus"), asyncio.create_task(self._keep_alive())]

    @classmethod
    async def open(cls, address: str) -> Self:
        """Connect. address: ws:// or wss://. Raises EgressError."""
        http = aiohttp.ClientSession()
        try:
            async with asyncio.timeout(RESPONSE_TIMEOUT):
                socket = await http.ws_connect(
                    address, protocols=[SUBPROTOCOL], heartbeat=PING_INTERVAL, max_msg_size=MAX_MESSAGE_BYTES
                )
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            await http.close()
            log.debug("no WebSocket: %s", error)
            raise EgressError("the meeting server cannot be reached; ask its operator whether it is running") from error
        except BaseException:
            await http.close()
            raise
        session = cls(http, socket)
        try:
            session._id = _id_of(await session.ask("create"))
        except BaseException:
            await session.close()
            raise
        return session

    async def attach(self, plugin: str, on_message: Callable[[JanusMessage], None]) -> "Handle":
        """A handle of this plugin. on_message: called with its events, finally with GONE. Raises EgressError."""
        name = _id_of(await self.ask("attach", plugin=plugin))
        if self._closed:
            raise EgressError("the meeting server went away")
        self._handles[name] = on_message
        return Handle(self, name)

    async def ask(self, verb: str, **content: object) -> dict[str, Any]:
        """Send a request and wait for its response; an acknowledgement is skipped. Raises EgressError."""
        transaction = secrets.token_hex(8)
        future = self._waiting[transaction] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(RESPONSE_TIMEOUT):
                await self._send(verb, transaction, **content)
                answer: dict[str, Any] = await future
        except (TimeoutError, ConnectionError) as error:
            raise EgressError("the meeting server does not answer") from error
        finally:
            del self._waiting[transaction]
        if answer["janus"] == "error":
            raise EgressError(f"the meeting server refuses: {_reason(answer.get('error'))}")
        return answer

    async def detach(self, handle: int) -> None:
        """Detach a handle without waiting for the response: at the latest it ends with the session."""
        self._handles.pop(handle, None)
        with suppress(ConnectionError):
            await self._send("detach", secrets.token_hex(8), handle_id=handle)

    async def close(self) -> None:
        """End the session and close the connection. May be called at any time and more than once."""
        self._handles.clear()
        if self._id is not None and not self._closed:
            with suppress(EgressError, TimeoutError):
                async with asyncio.timeout(CLOSE_TIMEOUT):
                    await self.ask("destroy")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._socket.close()
        await self._http.close()
        self._end()

    async def _send(self, verb: str, transaction: str, **content: object) -> None:
        if self._closed:
            raise ConnectionError("the connection has ended")
        session = {} if self._id is None else {"session_id": self._id}
        await self._socket.send_json({"janus": verb, "transaction": transaction, **session, **content})

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._on_message(message.data)
        finally:
            self._end()

    def _on_message(self, text: str) -> None:
        try:
            message = json.loads(text)
            kind, future = message["janus"], self._waiting.get(message.get("transaction"))
            if future is not None:
                if kind != "ack" and not future.done():  # the response follows an acknowledgement
                    future.set_result(message)
            elif kind in {"timeout", "error"}:
                self._end()  # Janus has ended the session
            elif on_message := self._handles.get(message.get("sender")):
                on_message(JanusMessage.read(message))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("the meeting server sent a malformed message: %s", type(error).__name__)

    async def _keep_alive(self) -> None:
        with suppress(ConnectionError):
            while True:
                await asyncio.sleep(KEEPALIVE_INTERVAL)
                await self._send("keepalive", secrets.token_hex(8))

    def _end(self) -> None:
        if self._closed:
            return
        self._closed = True
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("the connection has ended"))
        for on_message in self._handles.values():
            on_message(JanusMessage(GONE))


class Handle:
    """One use of a plugin."""

    def __init__(self, session: JanusSession, name: int) -> None:
        self._session, self._name = session, name

    async def send(self, body: Mapping[str, object], description: RTCSessionDescription | None = None) -> JanusMessage:
        """Send the plugin a request, with SDP if given; the response may be a refusal. Raises EgressError."""
        jsep = {"jsep": {"type": description.type, "sdp": description.sdp}} if description else {}
        message = await self._session.ask("message", handle_id=self._name, body=body, **jsep)
        try:
            return JanusMessage.read(message)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EgressError("the meeting server sent a malformed response") from error

    async def ask(self, body: Mapping[str, object], description: RTCSessionDescription | None = None) -> JanusMessage:
        """As send(), but a refusal is raised as the error in REFUSALS."""
        return accepted(await self.send(body, description))

    async def detach(self) -> None:
        """Detach the handle; if the connection has ended, it no longer exists."""
        await self._session.detach(self._name)


def accepted(message: JanusMessage) -> JanusMessage:
    """The response, if it is no refusal. Raises EgressError and its subclasses."""
    if code := message.data.get("error_code"):
        kind, sentence = REFUSALS.get(code, (EgressError, ""))
        raise kind(sentence or f"the meeting server refuses: {_reason({**message.data, 'code': code})}")
    return message


def _id_of(answer: dict[str, Any]) -> int:
    try:
        return int(answer["data"]["id"])
    except (KeyError, TypeError, ValueError) as error:
        raise EgressError("the meeting server sent a malformed response") from error


def _reason(error: object) -> str:
    """The text and the code of a refusal, if Janus gives them."""
    if not isinstance(error, dict):
        return "no reason given"
    words = str(error.get("reason") or error.get("error") or "no reason given")
    return f"{words[:200]} ({error.get('code', 'no code')})"
