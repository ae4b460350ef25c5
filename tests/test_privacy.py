"""No picture, no name and no count leaves the machine: what runs opens no outside connection and looks up no name."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import begin_call
from tests.clips import Clip, write_mp4
from tests.deadlines import TIMEOUT_MS
from tests.running import ROOT, RunningRelay
from tests.watch import Watch
from tests.web.driving import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the watch needs Linux's seccomp")

ENOUGH = 50  # inspected calls: a call with video makes more


def test_correcting_a_file_reaches_nobody(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    clip = write_mp4(Clip(seconds=2), tone=True)
    command = [sys.executable, "-m", "relay", "correct", str(clip), str(target)]
    with Watch() as watch:
        process = watch.start(
            lambda: subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        )
        output, _ = process.communicate()
    assert process.returncode == 0, output
    assert target.stat().st_size > 0
    assert watch.attempts == []


def test_a_call_reaches_nobody_but_the_browser(model: Path, browser: Browser) -> None:
    requested: list[str] = []
    with Watch() as watch:
        relay = watch.start(lambda: RunningRelay("--port", "0"))
        with relay, browser.new_page() as page:
            page.on("request", lambda request: requested.append(request.url))
            begin_call(page, relay.address)
            expect(page.locator("#gaze")).to_have_attribute("data-altered", "true", timeout=TIMEOUT_MS)
            wait_for(page, lambda: watch.calls > ENOUGH, "the video that is sent to the browser")
            page.click("#stop")
    assert watch.attempts == []
    assert requested
    assert [url for url in requested if not url.startswith(relay.address)] == []
