"""The room page as people use it, for the tests: who is in the room, what is seen and heard of them."""

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
from tests.web.driving import PATIENCE

QUIET, LOUD = 1e-6, 1e-4  # sound's energy; the microphone beeps every second
BEEP = 1.3  # seconds of sound in which there is a beep for certain

# Every connection of the page is at hand; `inbound` says what has come of somebody, and with `record` every picture
# that is shown of them is noted: when, and whether with the mark.
OVERHEAR = """
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
  if (!await Promise.race([next, new Promise((late) => setTimeout(late, 1000))])) return null; // another tile's turn
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
class Sound:
    """What was heard of somebody: energy, and how many seconds of sound."""

    energy: float
    seconds: float


def join(page: Page, name: str) -> None:
    """Type the name, press Join, and wait until one is in the room."""
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Join").click()
    expect(page.locator("body")).to_have_attribute("data-phase", "joined", timeout=PATIENCE)


def tile_of(page: Page, name: str) -> Locator:
    """Where this person is to be seen."""
    return page.locator(f'#grid .tile:not([hidden])[data-name="{name}"]')


def expect_person(page: Page, name: str, *, corrected: bool) -> None:
    """Wait until somebody of this name is there, with the mark or without it."""
    mark = "true" if corrected else "false"
    expect(tile_of(page, name)).to_have_attribute("data-corrected", mark, timeout=PATIENCE)


def expect_nobody(page: Page, name: str) -> None:
    """Wait until nobody of this name is there."""
    expect(tile_of(page, name)).to_have_count(0, timeout=PATIENCE)


def turn(page: Page, what: str) -> None:
    """Press one of the switches below the picture."""
    page.locator("#bar").get_by_role("button", name=what).click()


def expect_frames(page: Evaluates, name: str, count: int = 5) -> tuple[int, int]:
    """Wait until so many more pictures of this person were decoded, by whichever way. Gives their width and height."""
    first: dict[str, Any] = {}
    size = (0, 0)

    def came() -> bool:
        nonlocal first, size
        now = _inbound(page, name, "video")
        if not first or now.get("id") != first.get("id"):
            first = now
        size = now.get("frameWidth", 0), now.get("frameHeight", 0)
        return bool(now) and now.get("framesDecoded", 0) - first.get("framesDecoded", 0) >= count

    wait_for(came, f"{count} pictures of {name}")
    return size


def expect_sound(page: Evaluates, name: str) -> None:
    """Wait until this person is heard."""
    heard = Listening(page, name)
    wait_for(lambda: heard.more().energy > LOUD, f"{name} is heard")


def expect_silence(page: Evaluates, name: str) -> None:
    """Wait until this person can be heard, and is silent for as long as there is a beep in for certain."""
    heard = Listening(page, name)

    def silent() -> bool:
        now = heard.more()
        if now.energy > QUIET:
            heard.begin()
        return now.energy <= QUIET and now.seconds > BEEP

    wait_for(silent, f"{name} is silent")


class Listening:
    """What comes of somebody's sound from now on, or from the connection on by which it comes now."""

    def __init__(self, page: Evaluates, name: str) -> None:
        self._page, self._name = page, name
        self._first: dict[str, Any] = {}

    def begin(self) -> None:
        """From now on."""
        self._first = {}

    def more(self) -> Sound:
        """What has come so far."""
        now = _inbound(self._page, self._name, "audio")
        if "totalSamplesDuration" not in now:
            return Sound(0, 0)
        if now["id"] != self._first.get("id"):
            self._first = now
        return Sound(*(now[part] - self._first[part] for part in ("totalAudioEnergy", "totalSamplesDuration")))


def picture_of(page: Page, name: str, camera: Clip) -> tuple[int, Picture]:
    """What is shown of this person just now, in the camera's size, with its number."""
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

    wait_for(seen, f"a picture of {name} with a number")
    return found[0]


def standstill(page: Page, since: float) -> float:
    """Longest time without another recorded picture from then on, seconds; the last of them have no mark."""
    shown = page.evaluate("window.shown")
    times = [one["at"] for one in shown]
    first = max(index for index, at in enumerate(times) if at <= since)
    assert not shown[-1]["corrected"]
    return float(max(after - before for before, after in pairwise(times[first:]))) / 1000


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Ask until it is so."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.1)


def _inbound(page: Evaluates, name: str, kind: str) -> dict[str, Any]:
    return page.evaluate(f"window.inbound('{name}', '{kind}')") or {}
