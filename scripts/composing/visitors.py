"""Participants outside of the containers: each is a Chromium with a face in its fake camera.

They reach the containers through the TURN server only (iceTransportPolicy): on Linux the machine that runs the
containers could reach them directly, another machine could not.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser import FLAGS
from tests.clips import Clip, write_mjpeg

TIMEOUT: Final = 60_000  # milliseconds, on a busy machine
VIEW: Final = (1120, 700)

# Records every connection of the page, and restricts it to TURN.
TURN_ONLY: Final = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration) {
    super({...configuration, iceTransportPolicy: 'relay'});
    window.connections.push(this);
  }
};
"""

# Candidate types of the selected pairs of all connections in use.
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

# Decoded video of the participant with this name.
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
    """What one participant received of another. rate: decoded frames a second."""

    rate: float
    width: int
    height: int
    freezes: int


class Participant:
    """One participant in the room: a browser of its own, closed with it."""

    def __init__(self, playwright: Playwright, chromium: Path, name: str, clip: Clip) -> None:
        self.name = name
        flags = [*FLAGS, f"--use-file-for-fake-video-capture={write_mjpeg(clip)}"]
        self._browser: Browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        width, height = VIEW
        context = self._browser.new_context(
            ignore_https_errors=True, viewport={"width": width, "height": height}, permissions=["camera", "microphone"]
        )
        self.page: Page = context.new_page()
        self.page.add_init_script(TURN_ONLY)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def join(self, address: str) -> None:
        """Open the room page and join; the camera is sent from then on."""
        self.page.goto(f"{address}/room.html")
        self.page.fill("#name", self.name)
        expect(self.page.locator("#join")).to_be_enabled(timeout=TIMEOUT)
        self.page.click("#join")
        expect(self.page.locator("body")).to_have_attribute("data-phase", "joined", timeout=TIMEOUT)

    def await_corrected(self, name: str) -> None:
        """Wait until another participant's video is shown, and marked as corrected."""
        tile = self.page.locator(f'.tile[data-name="{name}"]:not(.own)')
        expect(tile).to_have_attribute("data-corrected", "true", timeout=TIMEOUT)
        self.page.wait_for_function(
            '(name) => document.querySelector(`.tile[data-name="${name}"]:not(.own) video`)?.videoWidth > 0',
            arg=name,
            timeout=TIMEOUT,
        )

    def measure(self, name: str, seconds: float) -> ReceivedVideo:
        """Measure the video received of another participant."""
        before = self._decoded(name)
        self.page.wait_for_timeout(1000 * seconds)
        after = self._decoded(name)
        elapsed = (after["milliseconds"] - before["milliseconds"]) / 1000
        rate = (after["frames"] - before["frames"]) / elapsed
        return ReceivedVideo(rate, after["width"], after["height"], after["freezes"] - before["freezes"])

    def paths(self) -> list[dict[str, Any]]:
        """The route of each connection: candidate types here and there."""
        return list(self.page.evaluate(PATHS))

    def stop_sending(self) -> None:
        """Turn off the participant's correction and camera."""
        self.page.click("#turn-correction")
        self.page.click("#turn-camera")

    def close(self) -> None:
        """Close the browser."""
        self._browser.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _decoded(self, name: str) -> dict[str, Any]:
        found = self.page.evaluate(DECODED, name)
        if found is None:
            raise LookupError(f"{self.name} receives no video of {name}")
        return dict(found)
