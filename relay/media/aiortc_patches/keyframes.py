"""Keyframes: which encoded frame is one, and how often a sender makes one when its receivers ask.

A keyframe is ten times as large as another frame. One that many packets ask for at once, or a receiver that asks again
before the first can have arrived, must not make the sender send nothing else.
Touches aiortc's private names, as relay/media/aiortc_patches/codec.py does.
"""

import asyncio
import logging
import re
import time
from typing import Final
from weakref import WeakKeyDictionary

from aiortc import RTCRtpSender

SEND: Final = "_send_keyframe"
INTRA: Final = re.compile(rb"\x00\x00\x01[\x05\x07\x25\x27\x45\x47\x65\x67]")  # H264: an IDR slice, or its parameters
VP8_START: Final = b"\x9d\x01\x2a"  # RFC 6386, 9.1

_as_asked: Final = getattr(RTCRtpSender, SEND, None)
_last: Final[WeakKeyDictionary[RTCRtpSender, float]] = WeakKeyDictionary()
_waiting: Final[WeakKeyDictionary[RTCRtpSender, asyncio.TimerHandle]] = WeakKeyDictionary()

log = logging.getLogger(__name__)


def is_keyframe(data: bytes) -> bool:
    """Whether this encoded frame, VP8 or H264 with start codes (or its first packet), needs no frame before it."""
    if data[3:6] == VP8_START:
        return not data[0] & 1
    return data.startswith(b"\0\0\0\1") and INTRA.search(data) is not None


def limit_keyframes(interval: float) -> None:
    """Let each sender make a keyframe at most this often when it is asked to [seconds]; 0: whenever, as aiortc does.

    Who asks too early gets one as soon as it may be: his loss may have come after the last one.
    """
    if _as_asked is None:
        log.warning("aiortc's RTCRtpSender has no %s any more: keyframes are sent as often as they are asked for", SEND)
        return

    def ask(sender: RTCRtpSender) -> None:
        now = time.monotonic()
        wait = _last.get(sender, float("-inf")) + interval - now
        if wait <= 0:
            _last[sender] = now
            _waiting.pop(sender, None)
            _as_asked(sender)
        elif sender not in _waiting:
            _waiting[sender] = asyncio.get_running_loop().call_later(wait + 0.001, _again, sender)

    def _again(sender: RTCRtpSender) -> None:
        _waiting.pop(sender, None)
        ask(sender)

    setattr(RTCRtpSender, SEND, ask if interval else _as_asked)
