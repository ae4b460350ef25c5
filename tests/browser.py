"""The Chromium for the tests: where it is, and how it is started.

As a program it prints the path, or that there is none (status 1).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests import deadlines
from tests.clips import Clip

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = ("Chromium.app/Contents/MacOS/Chromium", "Google Chrome.app/Contents/MacOS/Google Chrome")

FLAGS = (
    "--no-sandbox",  # a sandbox needs namespaces, which root and containers do not have
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=WebRtcHideLocalIpsWithMdns",  # .local candidates need a multicast network
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
TIMEOUT_MS = deadlines.TIMEOUT_MS

# What the fake camera shows where the correction itself is tested: realistic size, and a blink.
LARGE = Clip(rate=15, blinks=(2.0,), numbered=True)


class Browsers:
    """One Chromium at a time, kept from file to file while its camera shows the same clip.

    Playwright's event loop counts as running between its calls, so no asyncio test can run until this is closed.
    """

    def __init__(self) -> None:
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._flags: list[str] = []

    def running(self, chromium: Path, camera: Path) -> Browser:
        """A headless Chromium that gives any page this camera and a microphone without asking."""
        flags = [*FLAGS, f"--use-file-for-fake-video-capture={camera}"]
        if self._browser is not None and self._browser.is_connected() and flags == self._flags:
            return self._browser
        if self._browser is not None:
            self._browser.close()
        self._playwright = self._playwright or sync_playwright().start()
        self._browser = self._playwright.chromium.launch(
            executable_path=chromium, args=flags, timeout=deadlines.milliseconds(60)
        )
        self._flags = flags
        return self._browser

    def close(self) -> None:
        """End the browser and Playwright; both start again when a browser is asked for."""
        if self._browser is not None:
            self._browser.close()
        if self._playwright is not None:
            self._playwright.stop()
        self._browser = self._playwright = None


def begin_call(page: Page, address: str) -> None:
    """Open the relay's page, start the camera, and wait until the corrected picture is shown."""
    page.goto(address)
    page.click("#start")
    expect(page.locator("#stage")).to_have_attribute("data-showing", "corrected", timeout=TIMEOUT_MS)


def find_chromium() -> Path | None:
    """EYELINE_CHROMIUM, else an installed Chromium or Chrome, else Playwright's own; one that runs, or None."""
    return next((path for path in _candidates() if _runs(path)), None)


def _candidates() -> Iterator[Path]:
    if named := os.environ.get("EYELINE_CHROMIUM"):
        yield Path(named)
        return
    yield from (Path(path) for name in NAMES if (path := shutil.which(name)))
    yield from (Path("/Applications", name) for name in APPLICATIONS)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    yield own


def _runs(path: Path) -> bool:
    """Whether it is a browser and not a stub that only says where to get one, as on Ubuntu."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, check=False, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    found = find_chromium()
    print(found or "no Chromium found", file=sys.stdout if found else sys.stderr)
    sys.exit(found is None)
