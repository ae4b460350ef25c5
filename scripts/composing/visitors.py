"""People who come to the demo from outside its containers: each a Chromium with a face before its camera.

They may reach the containers through the TURN server alone (iceTransportPolicy): on Linux the machine that runs the
containers would find them without it, another machine would not.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser import FLAGS
from tests.clips import Clip, write_mjpeg

PATIENCE: Final = 60_000  # milliseconds until something happens, on a busy machine
VIEW: Final = (1120, 700)

# Every connection of the page is kept in a list, and finds its way through TURN only.
THROUGH_TURN: Final = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration) {
    super({...configuration, iceTransportPolicy: 'relay'});
    window.connections.push(this);
  }
};
"""

# Which kinds of candidates the connections that are in use have chosen.
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

# What has been decoded of the picture of the person with this name.
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
class MotionReference:
    """What one person got to see of another. rate: decoded frames a second."""

    rate: float
    width: int
    height: int
    freezes: int


class Visitor:
    """One person in the room: a browser of its own, which ends with it."""

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
        """Open the room page and go in; then the camera is sent."""
        self.page.goto(f"{address}/room.html")
        self.page.fill("#name", self.name)
        expect(self.page.locator("#join")).to_be_enabled(timeout=PATIENCE)
        self.page.click("#join")
        expect(self.page.locator("body")).to_have_attribute("data-phase", "joined", timeout=PATIENCE)

    def await_corrected(self, name: str) -> None:
        """Wait until the picture of somebody else is there, and marked as corrected."""
        tile = self.page.locator(f'.tile[data-name="{name}"]:not(.own)')
        expect(tile).to_have_attribute("data-corrected", "true", timeout=PATIENCE)
        self.page.wait_for_function(
            '(name) => document.querySelector(`.tile[data-name="${name}"]:not(.own) video`)?.videoWidth > 0',
            arg=name,
            timeout=PATIENCE,
        )

    def watch(self, name: str, seconds: float) -> MotionReference:
        """Look at somebody for so long."""
        before = self._decoded(name)
        self.page.wait_for_timeout(1000 * seconds)
        after = self._decoded(name)
        took = (after["milliseconds"] - before["milliseconds"]) / 1000
        rate = (after["frames"] - before["frames"]) / took
        return MotionReference(rate, after["width"], after["height"], after["freezes"] - before["freezes"])

    def paths(self) -> list[dict[str, Any]]:
        """How each of its connections goes: kinds of candidates here and there."""
        return list(self.page.evaluate(PATHS))

    def only_watch(self) -> None:
        """Turn the own correction and camera off."""
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
            raise LookupError(f"{self.name} gets no picture of {name}")
        return dict(found)
