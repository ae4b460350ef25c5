"""Fixtures of several packages: test order, a browser whose camera shows a face, a relay, the model."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser

from relay.config.check import Check
from tests.browser import Browsers, find_chromium
from tests.clips import Clip, write_mjpeg, write_y4m
from tests.deadlines import scaled
from tests.gaze.weights import write_network
from tests.running import RunningRelay
from tests.scripted import SMALL

# A busy machine is no bug: admission control is off, except where a test turns it on.
os.environ.setdefault("EYELINE_ADMISSION", "false")

# For the same reason examples have no deadline.
settings.register_profile("eyeline", deadline=None, max_examples=40)
settings.load_profile("eyeline")

BROWSERS = pytest.StashKey[Browsers]()
BROWSER_GROUP = "browser"  # the group of all files that drive a browser


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the files that drive a browser first, in one group; every other file is a group of its own.

    Where several processes share the tests (--dist loadgroup), one of them runs all browsers, one after the other: two
    at a time would compete for the processor.
    """
    browsing = {item.path for item in items if "browser" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: item.path not in browsing)
    for item in items:
        group = BROWSER_GROUP if item.path in browsing else str(item.path.relative_to(config.rootpath))
        item.add_marker(pytest.mark.xdist_group(group))
        if config.getoption("timeout") is None:
            item.add_marker(pytest.mark.timeout(scaled(_timeout(item))), append=False)


def _timeout(item: pytest.Item) -> float:
    """The timeout of a test on the reference machine of tests/deadlines.py, seconds."""
    own = item.get_closest_marker("timeout")
    return float(own.args[0] if own else item.config.getini("timeout"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Close the browser after its files: no asyncio test can run beside it."""
    group = item.get_closest_marker("xdist_group")
    if BROWSERS in item.config.stash and group and group.args[0] != BROWSER_GROUP:
        item.config.stash[BROWSERS].close()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close the browser if the last test used it."""
    if BROWSERS in config.stash:
        config.stash[BROWSERS].close()


@pytest.fixture(scope="session")
def model() -> Path:
    """The landmark model's file."""
    path = Check.read([], "tests").model
    if not path.exists():
        pytest.fail(f"{path} is missing; scripts/test fetches it", pytrace=False)
    return path


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny network that follows the spec, for tests that do not depend on trained weights."""
    return write_network(tmp_path_factory.mktemp("weights") / "tiny.onnx")


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The path of Chromium."""
    path = find_chromium()
    if path is None:
        pytest.fail("no Chromium: install one, or name it in EYELINE_CHROMIUM", pytrace=False)
    return path


@pytest.fixture(scope="session")
def camera() -> Clip:
    """What the browser's fake camera shows: one moving face, and a frame number along the top.

    Test modules that need another clip override this.
    """
    return SMALL


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest, chromium: Path, camera: Clip) -> Iterator[Browser]:
    """Headless Chromium that gives any page the fake camera and a fake microphone without asking."""
    file = write_mjpeg(camera) if camera.rate == 30 else write_y4m(camera)  # MJPEG is small, Y4M contains its rate
    browser = request.config.stash.setdefault(BROWSERS, Browsers()).running(chromium, file)
    yield browser
    for context in browser.contexts:
        context.close()


@pytest.fixture(autouse=True)
def closed_pages(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close the pages that a test has opened, also when it fails; those of its module stay."""
    if "browser" not in request.fixturenames:
        yield
        return
    browser: Browser = request.getfixturevalue("browser")
    before = browser.contexts
    yield
    for context in browser.contexts:
        if context not in before:
            context.close()


@pytest.fixture(scope="module")
def relay() -> Iterator[RunningRelay]:
    """A relay on a free port that knows where the eyes of the camera's clip are (tests/scripted.py)."""
    with RunningRelay("--port", "0", scripted=True) as relay:
        yield relay
