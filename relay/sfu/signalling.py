"""Janus's WebSocket API: one connection, one Janus session, handles of plugins; answers found by their transaction.

Source: the Janus manual, "WebSockets Interface" and "VideoRoom plugin". Knows nothing of rooms, media or who is who.
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
PATIENCE: Final = 5.0  # seconds for a connection, and for each answer
FAREWELL: Final = 1.0  # seconds that taking leave may take
KEEPALIVE: Final = 25.0  # seconds; Janus forgets a session after 60 without a word
HEARTBEAT: Final = 5.0  # seconds between WebSocket pings; a server that is gone is noticed after 1.5 times that
LARGEST: Final = 1 << 20  # bytes of one message; a room of a hundred fills a tenth of it

# Codes of the VideoRoom plugin that are somebody's own fault, with a sentence for him.
REFUSALS: Final[dict[int, tuple[type[EgressError], str]]] = {
    426: (UnknownRoomError, "the meeting server has no such room; it may have been closed"),
    428: (UnknownFeedError, "the room has no such participant who sends video"),
    432: (RoomFullError, "the room has as many publishers as it may have; try again when somebody has left"),
    429: (WrongPinError, "the room asks for a pin, and none was given"),
    433: (WrongPinError, "the room asks for another pin than the one that was given"),
}

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JanusMessage:
    """What Janus says, as an answer or by itself. kind: its own word: event, success, hangup, detached, webrtcup and
    so on; or GONE, once the connection has ended. data: of the plugin. description: SDP that came along.
    """

    kind: str
    data: dict[str, Any] = field(default_factory=dict)
    description: RTCSessionDescription | None = None

    @classmethod
    def read(cls, message: dict[str, Any]) -> Self:
        """From a message of Janus. Raises KeyError, TypeError or ValueError where it is none."""
        data = message.get("plugindata", {}).get("data") or message.get("data") or {}
        if reason := message.get("reason"):
            data = {**data, "reason": reason}
        jsep = message.get("jsep")
        return cls(message["janus"], data, RTCSessionDescription(jsep["sdp"], jsep["type"]) if jsep else None)


class JanusSession:
    """A session with one Janus; open() makes it, close() ends it."""

    def __init__(self, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._http, self._socket = http, socket
        self._over = False
        self._id: int | None = None
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._handles: dict[int, Callable[[JanusMessage], None]] = {}
        self._tasks = [asyncio.create_task(self._read(), name="janus"), asyncio.create_task(self._keep_alive())]

    @classmethod
    async def open(cls, address: str) -> Self:
        """Connect. address: ws:// or wss://. Raises EgressError."""
        http = aiohttp.ClientSession()
        try:
            async with asyncio.timeout(PATIENCE):
                socket = await http.ws_connect(
                    address, protocols=[SUBPROTOCOL], heartbeat=HEARTBEAT, max_msg_size=LARGEST
                )
        except (aiohttp.ClientError, OSError, ValueError, TimeoutError) as error:
            await http.close()
            log.debug("no WebSocket: %s", error)
            raise EgressError("the meeting server cannot be reached; ask who runs it whether it is up") from error
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

    async def attach(self, plugin: str, hear: Callable[[JanusMessage], None]) -> "Handle":
        """A handle of this plugin. hear: called with what it says by itself, at last with GONE. Raises EgressError."""
        name = _id_of(await self.ask("attach", plugin=plugin))
        if self._over:
            raise EgressError("the meeting server went away")
        self._handles[name] = hear
        return Handle(self, name)

    async def ask(self, verb: str, **content: object) -> dict[str, Any]:
        """Send a request, and wait for its answer: for the real one, where Janus first acknowledges. Raises
        EgressError.
        """
        transaction = secrets.token_hex(8)
        future = self._waiting[transaction] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._send(verb, transaction, **content)
                answer: dict[str, Any] = await future
        except (TimeoutError, ConnectionError) as error:
            raise EgressError("the meeting server does not answer") from error
        finally:
            del self._waiting[transaction]
        if answer["janus"] == "error":
            raise EgressError(f"the meeting server refuses: {_reason(answer.get('error'))}")
        return answer

    async def forget(self, handle: int) -> None:
        """Give a handle back. Not asked whether it worked: it goes with the session at the latest."""
        self._handles.pop(handle, None)
        with suppress(ConnectionError):
            await self._send("detach", secrets.token_hex(8), handle_id=handle)

    async def close(self) -> None:
        """Take leave and hang up. May be called at any time, and again."""
        self._handles.clear()
        if self._id is not None and not self._over:
            with suppress(EgressError, TimeoutError):
                async with asyncio.timeout(FAREWELL):
                    await self.ask("destroy")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL):
                await self._socket.close()
        await self._http.close()
        self._end()

    async def _send(self, verb: str, transaction: str, **content: object) -> None:
        if self._over:
            raise ConnectionError("the connection has ended")
        session = {} if self._id is None else {"session_id": self._id}
        await self._socket.send_json({"janus": verb, "transaction": transaction, **session, **content})

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._hear(message.data)
        finally:
            self._end()

    def _hear(self, text: str) -> None:
        try:
            message = json.loads(text)
            kind, future = message["janus"], self._waiting.get(message.get("transaction"))
            if future is not None:
                if kind != "ack" and not future.done():  # after an acknowledgement the answer is yet to come
                    future.set_result(message)
            elif kind in {"timeout", "error"}:
                self._end()  # Janus has forgotten the session
            elif hear := self._handles.get(message.get("sender")):
                hear(JanusMessage.read(message))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("the meeting server said what the relay does not understand: %s", type(error).__name__)

    async def _keep_alive(self) -> None:
        with suppress(ConnectionError):
            while True:
                await asyncio.sleep(KEEPALIVE)
                await self._send("keepalive", secrets.token_hex(8))

    def _end(self) -> None:
        if self._over:
            return
        self._over = True
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("the connection has ended"))
        for hear in self._handles.values():
            hear(JanusMessage(GONE))


class Handle:
    """One use of a plugin."""

    def __init__(self, session: JanusSession, name: int) -> None:
        self._session, self._name = session, name

    async def send(self, body: Mapping[str, object], description: RTCSessionDescription | None = None) -> JanusMessage:
        """Send the plugin a request, with SDP if there is some; the answer may be a refusal. Raises EgressError."""
        jsep = {"jsep": {"type": description.type, "sdp": description.sdp}} if description else {}
        message = await self._session.ask("message", handle_id=self._name, body=body, **jsep)
        try:
            return JanusMessage.read(message)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise EgressError("the meeting server answers what the relay does not understand") from error

    async def ask(self, body: Mapping[str, object], description: RTCSessionDescription | None = None) -> JanusMessage:
        """The same, but a refusal is raised, too, as what it is (REFUSALS)."""
        return accepted(await self.send(body, description))

    async def detach(self) -> None:
        """Give the handle back; where the connection has ended, it is gone anyhow."""
        await self._session.forget(self._name)


def accepted(message: JanusMessage) -> JanusMessage:
    """The answer, if it is no refusal. Raises EgressError and its children."""
    if code := message.data.get("error_code"):
        kind, sentence = REFUSALS.get(code, (EgressError, ""))
        raise kind(sentence or f"the meeting server refuses: {_reason({**message.data, 'code': code})}")
    return message


def _id_of(answer: dict[str, Any]) -> int:
    try:
        return int(answer["data"]["id"])
    except (KeyError, TypeError, ValueError) as error:
        raise EgressError("the meeting server answers what the relay does not understand") from error


def _reason(error: object) -> str:
    """A refusal's code and Janus's own words for it, as far as there are any."""
    if not isinstance(error, dict):
        return "it does not say why"
    words = str(error.get("reason") or error.get("error") or "it does not say why")
    return f"{words[:200]} ({error.get('code', 'no code')})"
