"""What tests of several rooms need: the landmark model, a browser with a face before its camera, a relay."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from relay.config.check import Check
from tests.browser import FLAGS, find_chromium
from tests.clips import Clip, write_mjpeg
from tests.gaze.weights import write_network
from tests.running import RunningRelay

# A busy machine is no bug: nobody is refused for want of processor, but where a test asks for that.
os.environ.setdefault("EYELINE_ADMISSION", "false")

# Likewise examples may take as long as they take.
settings.register_profile("eyeline", deadline=None)
settings.load_profile("eyeline")

CAMERA = Clip(seconds=6, blinks=(2.0, 4.5), numbered=True)


@pytest.fixture(scope="session")
def model() -> Path:
    """The landmark model's file."""
    path = Check.read([], "tests").model
    if not path.exists():
        pytest.fail(f"{path} is missing; scripts/test fetches it", pytrace=False)
    return path


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny network that keeps to the spec, for tests to which it does not matter what was learned."""
    return write_network(tmp_path_factory.mktemp("weights") / "tiny.onnx")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser's program."""
    path = find_chromium()
    if path is None:
        pytest.fail("no Chromium: install one, or name it in EYELINE_CHROMIUM", pytrace=False)
    return path


@pytest.fixture(scope="session")
def camera() -> Clip:
    """What the browser's fake camera sees: one face that moves and blinks, and a frame number along the top."""
    return CAMERA


# Playwright's own event loop runs while it is open, which no asyncio test may find: so it ends with its module.
@pytest.fixture(scope="module")
def browser(chromium: Path, camera: Clip) -> Iterator[Browser]:
    """Headless Chromium that gives any page the fake camera and a fake microphone without asking."""
    with sync_playwright() as playwright:
        flags = [*FLAGS, f"--use-file-for-fake-video-capture={write_mjpeg(camera)}"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def relay(model: Path) -> Iterator[RunningRelay]:
    """A relay on a free port, as `relay serve` starts it."""
    with RunningRelay("--port", "0") as relay:
        yield relay
