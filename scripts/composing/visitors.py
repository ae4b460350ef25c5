"""Participants who join the demo from outside its containers: each a Chromium with a face as its fake camera.

They reach the containers through the TURN server only (iceTransportPolicy): on Linux the host of the containers could
connect without it, another machine could not.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser import FLAGS
from tests.clips import Clip, write_mjpeg

TIMEOUT: Final = 60_000  # milliseconds, for a busy machine
VIEW: Final = (1120, 700)

# Every connection of the page is kept in a list, and uses TURN only.
THROUGH_TURN: Final = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration) {
    super({...configuration, iceTransportPolicy: 'relay'});
    window.connections.push(this);
  }
};
"""

# The candidate types selected by the active connections.
PATHS: Final = """
async () => {
  const paths = [];
  for (const connection of window.connections) {
    if (connection.connectionState !== 'connected') continue;
    const stats = await connection.getStats();
    for (const {selectedCandidatePairId} of stats.values()) {
      const pair = stats.get(selectedCandidatePairId);
      if (!pair) continue;
      const [here, there] = [stats.get(pair.localCandidateId), stats.get(pair.remoteCandidateId)];
      paths.push({here: here.candidateType, over: here.relayProtocol ?? '', there: there?.candidateType ?? '',
        milliseconds: 1000 * (pair.currentRoundTripTime ?? 0)});
    }
  }
  return paths;
}
"""

# Decoder statistics of the video of the participant with this name.
DECODED: Final = """
async (name) => {
  const video = document.querySelector(`.tile[data-name="${name}"]:not(.own) video`);
  const track = video?.srcObject?.getVideoTracks()[0];
  for (const connection of window.connections) {
    if (!track || connection.connectionState === 'closed') continue;
    for (const report of (await connection.getStats()).values()) {
      if (report.type === 'inbound-rtp' && report.kind === 'video' && report.trackIdentifier === track.id) {
        return {frames: report.framesDecoded, width: report.frameWidth, height: report.frameHeight,
          freezes: report.freezeCount, milliseconds: report.timestamp};
      }
    }
  }
  return null;
}
"""


@dataclass(frozen=True)
class ReceivedVideo:
    """The video that one participant received from another. rate: decoded frames per second."""

    rate: float
    width: int
    height: int
    freezes: int


class Participant:
    """A participant in the room, with a browser of their own."""

    def __init__(self, playwright: Playwright, chromium: Path, name: str, clip: Clip) -> None:
        self.name = name
        flags = [*FLAGS, f"--use-file-for-fake-video-capture={write_mjpeg(clip)}"]
        self._browser: Browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        width, height = VIEW
        context = self._browser.new_context(
            ignore_https_errors=True, viewport={"width": width, "height": height}, permissions=["camera", "microphone"]
        )
        self.page: Page = context.new_page()
        self.page.add_init_script(THROUGH_TURN)
        self.trouble: list[str] = []
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))

    def join(self, address: str) -> None:
        """Open the room page and join; then the camera is sent."""
        self.page.goto(f"{address}/room.html")
        self.page.fill("#name", self.name)
        expect(self.page.locator("#join")).to_be_enabled(timeout=TIMEOUT)
        self.page.click("#join")
        expect(self.page.locator("body")).to_have_attribute("data-phase", "joined", timeout=TIMEOUT)

    def await_corrected(self, name: str) -> None:
        """Wait until another participant's video is received, and marked as corrected."""
        tile = self.page.locator(f'.tile[data-name="{name}"]:not(.own)')
        expect(tile).to_have_attribute("data-corrected", "true", timeout=TIMEOUT)
        self.page.wait_for_function(
            '(name) => document.querySelector(`.tile[data-name="${name}"]:not(.own) video`)?.videoWidth > 0',
            arg=name,
            timeout=TIMEOUT,
        )

    def watch(self, name: str, seconds: float) -> ReceivedVideo:
        """Measure another participant's video for so many seconds."""
        before = self._decoded(name)
        self.page.wait_for_timeout(1000 * seconds)
        after = self._decoded(name)
        took = (after["milliseconds"] - before["milliseconds"]) / 1000
        rate = (after["frames"] - before["frames"]) / took
        return ReceivedVideo(rate, after["width"], after["height"], after["freezes"] - before["freezes"])

    def paths(self) -> list[dict[str, Any]]:
        """Each connection's candidate types, local and remote."""
        return list(self.page.evaluate(PATHS))

    def only_watch(self) -> None:
        """Turn one's own correction and camera off."""
        self.page.click("#turn-correction")
        self.page.click("#turn-camera")

    def leave(self) -> None:
        """Close the browser."""
        self._browser.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def _decoded(self, name: str) -> dict[str, Any]:
        found = self.page.evaluate(DECODED, name)
        if found is None:
            raise LookupError(f"{self.name} receives no video from {name}")
        return dict(found)
