"""The room page as people use it, for the tests: who is in the room, what is seen and heard of him."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from playwright.sync_api import Locator, Page, expect

from tests.web.driving import PATIENCE

# Every connection of the page is at hand; `decoded` and `heard` say what has come of somebody, and with `record` every
# picture that is shown of him is noted: when, its number, and which of his tiles it was in.
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
window.pictures = async (name, count) => {
  const canvas = document.createElement('canvas');
  const pictures = [];
  for (let turn = 0; turn < count; turn++) {
    await new Promise((soon) => setTimeout(soon, 150));
    const video = tile(name)?.querySelector('video');
    if (!video?.videoWidth) continue;
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext('2d').drawImage(video, 0, 0);
    pictures.push(canvas.toDataURL('image/jpeg', 1).split(',')[1]);
  }
  return pictures;
};
window.shown = [];
window.record = (name) => {
  const seen = new WeakMap();
  let tiles = 0;
  setInterval(() => {
    for (const video of document.querySelectorAll(`#grid .tile[data-name="${name}"] video`)) {
      if (seen.has(video)) continue;
      seen.set(video, tiles++);
      const note = () => {
        const corrected = video.parentElement?.dataset.corrected === 'true';
        window.shown.push({at: Date.now(), number: readNumber(video), tile: seen.get(video), corrected});
        video.requestVideoFrameCallback(note);
      };
      video.requestVideoFrameCallback(note);
    }
  }, 10);
};
"""


class Evaluates(Protocol):
    """A page in any browser."""

    def evaluate(self, expression: str) -> Any:
        """The value of this JavaScript."""


@dataclass(frozen=True)
class Watched:
    """What was decoded of somebody over a while."""

    rate: float
    width: int
    height: int


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


def expect_frames(page: Evaluates, name: str, rate: float = 10) -> Watched:
    """Wait until so many pictures a second are decoded of this person. A busy machine may take some attempts."""
    watched = Watched(0, 0, 0)
    for _ in range(30):
        watched = watch(page, name, 1)
        if watched.rate >= rate:
            return watched
    raise AssertionError(f"of {name} there is {watched}, not {rate} a second")


def watch(page: Evaluates, name: str, seconds: float) -> Watched:
    """What is decoded of this person in that time."""
    before = _inbound(page, name, "video")
    time.sleep(seconds)
    after = _inbound(page, name, "video")
    if not before or not after or after["id"] != before["id"]:
        return Watched(0, 0, 0)
    passed = (after["timestamp"] - before["timestamp"]) / 1000
    rate = (after.get("framesDecoded", 0) - before.get("framesDecoded", 0)) / passed
    return Watched(round(rate, 1), after.get("frameWidth", 0), after.get("frameHeight", 0))


def loudness(page: Evaluates, name: str, seconds: float = 1.3) -> float:
    """How much sound comes of this person: energy a second; -1 while there is no telling."""
    before = _inbound(page, name, "audio")
    time.sleep(seconds)
    after = _inbound(page, name, "audio")
    if "totalAudioEnergy" not in before or after.get("id") != before["id"]:
        return -1
    return float(after["totalAudioEnergy"] - before["totalAudioEnergy"]) / seconds


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Ask until it is so."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.1)


def _inbound(page: Evaluates, name: str, kind: str) -> dict[str, Any]:
    return page.evaluate(f"window.inbound('{name}', '{kind}')") or {}
