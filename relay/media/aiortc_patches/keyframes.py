"""Keyframes: which encoded frame is one, and how often a sender makes one on its receivers' requests.

A keyframe is ten times as large as another frame. Many requests at once, or a second request before the first keyframe
can have arrived, must not make the sender send keyframes only.
Uses aiortc's private names, as relay/media/aiortc_patches/codec.py does.
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

_original_send: Final = getattr(RTCRtpSender, SEND, None)
_last: Final[WeakKeyDictionary[RTCRtpSender, float]] = WeakKeyDictionary()
_waiting: Final[WeakKeyDictionary[RTCRtpSender, asyncio.TimerHandle]] = WeakKeyDictionary()

log = logging.getLogger(__name__)


def is_keyframe(data: bytes) -> bool:
    """Whether this encoded frame, VP8 or H264 with start codes (or its first packet), is a keyframe."""
    if data[3:6] == VP8_START:
        return not data[0] & 1
    return data.startswith(b"\0\0\0\1") and INTRA.search(data) is not None


def limit_keyframes(interval: float) -> None:
    """Set the minimum interval of each sender's keyframes on request [seconds]; 0: no limit, as in aiortc.

    An early request is served at the end of the interval: its loss may be newer than the last keyframe.
    """
    if _original_send is None:
        log.warning("aiortc's RTCRtpSender has no %s any more: keyframes are sent on every request", SEND)
        return

    def request(sender: RTCRtpSender) -> None:
        now = time.monotonic()
        wait = _last.get(sender, float("-inf")) + interval - now
        if wait <= 0:
            _last[sender] = now
            _waiting.pop(sender, None)
            _original_send(sender)
        elif sender not in _waiting:
            _waiting[sender] = asyncio.get_running_loop().call_later(wait + 0.001, _again, sender)

    def _again(sender: RTCRtpSender) -> None:
        _waiting.pop(sender, None)
        request(sender)

    setattr(RTCRtpSender, SEND, request if interval else _original_send)
