"""Actions and expectations on the room page: who is in the room, and their video and audio."""

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, cast

import cv2
import numpy as np
from playwright.sync_api import Locator, Page, expect

from tests.clips import Clip
from tests.portraits import Picture
from tests.stamp import read_number
from tests.web.driving import TIMEOUT_MS

QUIET, LOUD = 1e-6, 1e-4  # audio energy; the fake microphone beeps every second
BEEP = 1.3  # seconds of audio that always contain a beep

# Keeps every peer connection of the page. `inbound` returns the statistics of a participant's track; `record` notes
# each shown frame of a participant: when, and whether with the mark.
INSTRUMENT_PAGE = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...words) { super(...words); window.connections.push(this); }
};
window.tile = (name) => document.querySelector(`#grid .tile:not([hidden])[data-name="${name}"]`);
window.inbound = async (name, kind) => {
  const track = tile(name)?.querySelector('video').srcObject.getTracks().find((one) => one.kind === kind);
  for (const connection of window.connections) {
    const receiver = connection.getReceivers().find((one) => one.track === track);
    if (!receiver || !track) continue;
    for (const report of (await receiver.getStats()).values()) if (report.type === 'inbound-rtp') return report;
  }
};
window.picture = async (name) => {
  const video = tile(name)?.querySelector('video');
  if (!video?.videoWidth) return null;
  const next = new Promise((soon) => video.requestVideoFrameCallback(() => soon(true)));
  if (!await Promise.race([next, new Promise((late) => setTimeout(late, 1000))])) return null; // replaced tile
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext('2d').drawImage(video, 0, 0);
  return canvas.toDataURL('image/jpeg', 1).split(',')[1];
};
window.shown = [];
window.record = (name) => {
  const seen = new WeakSet();
  setInterval(() => {
    for (const video of document.querySelectorAll(`#grid .tile[data-name="${name}"] video`)) {
      if (seen.has(video)) continue;
      seen.add(video);
      const note = () => {
        window.shown.push({at: Date.now(), corrected: video.parentElement?.dataset.corrected === 'true'});
        video.requestVideoFrameCallback(note);
      };
      video.requestVideoFrameCallback(note);
    }
  }, 20);
};
"""


class Evaluates(Protocol):
    """A page in any browser."""

    def evaluate(self, expression: str) -> Any:
        """The value of this JavaScript."""


@dataclass(frozen=True)
class Audio:
    """Received audio of a participant: energy, and its duration in seconds."""

    energy: float
    seconds: float


def join(page: Page, name: str) -> None:
    """Type the name, press Join, and wait until the page has joined."""
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join").click()
    expect(page.locator("body")).to_have_attribute("data-phase", "joined", timeout=TIMEOUT_MS)


def tile_of(page: Page, name: str) -> Locator:
    """The tile of a participant."""
    return page.locator(f'#grid .tile:not([hidden])[data-name="{name}"]')


def expect_person(page: Page, name: str, *, corrected: bool) -> None:
    """Wait until a participant of this name is shown, with the mark or without it."""
    mark = "true" if corrected else "false"
    expect(tile_of(page, name)).to_have_attribute("data-corrected", mark, timeout=TIMEOUT_MS)


def expect_nobody(page: Page, name: str) -> None:
    """Wait until no participant of this name is shown."""
    expect(tile_of(page, name)).to_have_count(0, timeout=TIMEOUT_MS)


def turn(page: Page, what: str) -> None:
    """Press one of the buttons below the video."""
    page.locator("#bar").get_by_role("button", name=what).click()


def expect_frames(page: Evaluates, name: str, count: int = 5) -> tuple[int, int]:
    """Wait until this many more frames of a participant are decoded, on any connection. Returns their size."""
    first: dict[str, Any] = {}
    size = (0, 0)

    def came() -> bool:
        nonlocal first, size
        now = _inbound(page, name, "video")
        if not first or now.get("id") != first.get("id"):
            first = now
        size = now.get("frameWidth", 0), now.get("frameHeight", 0)
        return bool(now) and now.get("framesDecoded", 0) - first.get("framesDecoded", 0) >= count

    wait_for(came, f"{count} frames of {name}")
    return size


def expect_audio(page: Evaluates, name: str) -> None:
    """Wait until audio of this participant is received."""
    meter = AudioMeter(page, name)
    wait_for(lambda: meter.read().energy > LOUD, f"{name} is heard")


def expect_silence(page: Evaluates, name: str) -> None:
    """Wait until this participant's audio is received and silent for longer than the interval of the beeps."""
    meter = AudioMeter(page, name)

    def silent() -> bool:
        now = meter.read()
        if now.energy > QUIET:
            meter.reset()
        return now.energy <= QUIET and now.seconds > BEEP

    wait_for(silent, f"{name} is silent")


class AudioMeter:
    """Measures a participant's audio from now on; starts again when the connection changes."""

    def __init__(self, page: Evaluates, name: str) -> None:
        self._page, self._name = page, name
        self._first: dict[str, Any] = {}

    def reset(self) -> None:
        """Start again."""
        self._first = {}

    def read(self) -> Audio:
        """The audio since the start."""
        now = _inbound(self._page, self._name, "audio")
        if "totalSamplesDuration" not in now:
            return Audio(0, 0)
        if now["id"] != self._first.get("id"):
            self._first = now
        return Audio(*(now[part] - self._first[part] for part in ("totalAudioEnergy", "totalSamplesDuration")))


def picture_of(page: Page, name: str, camera: Clip) -> tuple[int, Picture]:
    """A frame of this participant as shown now, in the camera's size, with its number."""
    found: list[tuple[int, Picture]] = []

    def seen() -> bool:
        text = page.evaluate(f"window.picture('{name}')")
        if text is None:
            return False
        jpeg = np.frombuffer(base64.b64decode(text), np.uint8)
        shown = cast("Picture", cv2.imdecode(jpeg, cv2.IMREAD_COLOR))[:, :, ::-1]
        number = read_number(shown)
        if number is not None and shown.shape[:2] == (camera.height, camera.width):
            found.append((number, shown))
        return bool(found)

    wait_for(seen, f"a frame of {name} with a number")
    return found[0]


def longest_gap(page: Page, since: float) -> float:
    """The longest gap between recorded frames from then on, seconds; the last frame has no mark."""
    shown = page.evaluate("window.shown")
    times = [one["at"] for one in shown]
    first = max(index for index, at in enumerate(times) if at <= since)
    assert not shown[-1]["corrected"]
    return float(max(after - before for before, after in pairwise(times[first:]))) / 1000


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until the condition is true."""
    deadline = time.monotonic() + TIMEOUT_MS / 1000
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.1)


def _inbound(page: Evaluates, name: str, kind: str) -> dict[str, Any]:
    return page.evaluate(f"window.inbound('{name}', '{kind}')") or {}
