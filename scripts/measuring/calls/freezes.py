"""Freezes of the video returned by the relay, from a browser's statistics polled every 50 ms.

Decoded frames are counted, not shown ones: a software compositor skips some, which is not a freeze. A freeze lasts from
the first to the last reading with the same count; so a browser that is late to poll does not count as a freeze.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from playwright.sync_api import Page

# A minimal call: sends camera and microphone, shows the corrected video.
CALL: Final = """
async (size) => {
  const camera = await navigator.mediaDevices.getUserMedia({ video: size, audio: true });
  const peer = new RTCPeerConnection({ iceServers: [] });
  window.peer = peer;
  const video = document.body.appendChild(document.createElement("video"));
  peer.ontrack = ({ track }) => { if (track.kind === "video") video.srcObject = new MediaStream([track]); };
  for (const track of camera.getTracks()) peer.addTrack(track, camera);
  peer.createDataChannel("eyeline");
  await peer.setLocalDescription();
  while (peer.iceGatheringState !== "complete") await new Promise((soon) => setTimeout(soon, 20));
  const headers = { "Content-Type": "application/sdp" };
  const answer = await fetch("/api/sessions", { method: "POST", headers, body: peer.localDescription.sdp });
  await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  await video.play();
}
"""

# [[milliseconds, frames decoded, keyframes decoded, bytes, NACKs sent, PLIs sent, height, frames sent, PLIs got], ...]
READ: Final = """
async (seconds) => {
  const readings = [];
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; ) {
    const found = [...(await window.peer.getStats()).values()].filter((one) => one.kind === "video");
    const back = found.find((one) => one.type === "inbound-rtp") ?? {};
    const sent = found.find((one) => one.type === "outbound-rtp") ?? {};
    readings.push([
      performance.now(), back.framesDecoded ?? 0, back.keyFramesDecoded ?? 0, back.bytesReceived ?? 0,
      back.nackCount ?? 0, back.pliCount ?? 0, back.frameHeight ?? 0, sent.framesSent ?? 0, sent.pliCount ?? 0,
    ]);
    await new Promise((soon) => setTimeout(soon, 50));
  }
  return readings;
}
"""


@dataclass(frozen=True)
class Reading:
    """A browser's statistics at one moment; counts are of the returned video since the call began.

    at: milliseconds. sent: frames that the browser sent; asked: PLIs that the relay sent for them.
    """

    at: float
    frames: int
    keyframes: int
    size: int
    nacks: int
    plis: int
    height: int
    sent: int
    asked: int


@dataclass(frozen=True)
class Freeze:
    """A time without a new frame: its start and duration [milliseconds]."""

    at: float
    length: float


def begin(page: Page, address: str, width: int = 640, height: int = 480) -> None:
    """Call the relay at this address, and wait until video is returned."""
    page.goto(f"{address}/api/config")  # any page of this origin may use camera and API
    page.evaluate(CALL, {"width": width, "height": height})


def read(page: Page, seconds: float) -> list[Reading]:
    """Poll an established call for so many seconds."""
    return [Reading(*one) for one in page.evaluate(READ, seconds)]


def freezes(readings: Sequence[Reading], least: float = 150) -> list[Freeze]:
    """Freezes of at least this duration [ms], in order."""
    return [one for one in _pauses(readings) if one.length >= least]


def _pauses(readings: Sequence[Reading]) -> Iterator[Freeze]:
    for _, same in groupby(readings, key=lambda one: one.frames):
        together = list(same)
        yield Freeze(together[0].at, together[-1].at - together[0].at)


def summarise(readings: Sequence[Reading]) -> dict[str, Any]:
    """Statistics of one call: seconds, frames per s, freezes [ms], bitrates [kbit/s] over thirds, height, requests."""
    first, last = readings[0], readings[-1]
    seconds = (last.at - first.at) / 1000
    found = freezes(readings)
    return {
        "seconds": round(seconds, 1),
        "fps": round((last.frames - first.frames) / seconds, 1),
        "sent_fps": round((last.sent - first.sent) / seconds, 1),
        "longest_ms": round(max((one.length for one in _pauses(readings)), default=0)),
        "over_200_ms": sum(one.length >= 200 for one in found),
        "over_500_ms": sum(one.length >= 500 for one in found),
        "over_1_s": sum(one.length >= 1000 for one in found),
        "frozen_s": round(sum(one.length for one in found) / 1000, 1),
        "kbits": [round(_rate(part)) for part in _thirds(readings)],
        "height": last.height,
        "keyframes": last.keyframes - first.keyframes,
        "nacks": last.nacks - first.nacks,
        "plis": last.plis - first.plis,
        "plis_by_relay": last.asked - first.asked,
    }


def _thirds(readings: Sequence[Reading]) -> Iterator[Sequence[Reading]]:
    step = max(1, len(readings) // 3)
    yield from (readings[begin : begin + step + 1] for begin in (0, step, 2 * step))


def _rate(readings: Sequence[Reading]) -> float:
    if len(readings) < 2:
        return 0.0
    return 8 * (readings[-1].size - readings[0].size) / (readings[-1].at - readings[0].at)
