"""The page in a call: a real browser whose camera shows a face, a real relay, the real corrector."""

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import cast

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from tests.browser import LARGE, begin_call
from tests.clips import Clip, Seen
from tests.deadlines import TIMEOUT_MS
from tests.portraits import Picture
from tests.running import RunningRelay
from tests.stamp import read_number
from tests.web.driving import wait_until

OUTPUT = Path(__file__).parent / "output"
STAMP = Path(__file__).parent / "stamp.js"
TURNED = 0.7  # pixels by which irises rise at least when the eyes are turned; 1.8 at the default angle

# The next frames of a video that carry a readable number.
GRAB = """
async ([selector, count]) => {
  const video = document.querySelector(selector);
  const canvas = document.createElement("canvas");
  const pictures = [];
  while (pictures.length < count) {
    await new Promise((shown) => video.requestVideoFrameCallback(shown));
    if (readNumber(video) === null) continue;
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    pictures.push(canvas.toDataURL("image/jpeg", 1).split(",")[1]);
  }
  return pictures;
}
"""


@dataclass(frozen=True)
class Difference:
    """How a returned frame differs from the camera's.

    outside: beside the eyes, PSNR in dB. inside: mean in grey levels. rise: of the irises, pixels upwards.
    """

    outside: float
    inside: float
    rise: float


@pytest.fixture(scope="module")
def camera() -> Clip:
    return LARGE


@pytest.fixture(scope="module")
def relay(model: Path) -> Iterator[RunningRelay]:
    """With MediaPipe and the network, and in sequential mode, so that every frame is corrected on any machine."""
    with RunningRelay("--port", "0", "--pipeline", "sequential") as relay:
        yield relay


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(path=STAMP)
    yield page
    page.close()


def grab(page: Page, selector: str, count: int, camera: Clip) -> list[tuple[int, Picture]]:
    """Frames with their numbers. Waits until they have the camera's size."""
    wait_until(page, f"document.querySelector('{selector}').videoWidth === {camera.width}")
    pictures = []
    for text in page.evaluate(GRAB, [selector, count]):
        jpeg = np.frombuffer(base64.b64decode(text), np.uint8)
        picture = cast("Picture", cv2.imdecode(jpeg, cv2.IMREAD_COLOR))[:, :, ::-1]
        number = read_number(picture)
        assert number is not None
        pictures.append((number, picture))
    return pictures


def compare(number: int, returned: Picture, camera: Clip) -> Difference:
    before, after = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(float) for one in (camera.frame(number), returned))
    eyes = camera.eyes(number)[0]
    beside = ~np.any([_around(eye, camera, 1.1) for eye in eyes], axis=0)
    inside = np.any([_around(eye, camera, 0.4) for eye in eyes], axis=0)
    # A browser converts the camera's full-range luma to limited range and back, with a small offset: fit it out.
    after = np.polyval(np.polyfit(after[beside], before[beside], 1), after)
    return Difference(
        outside=float(10 * np.log10(255**2 / ((before - after)[beside] ** 2).mean())),
        inside=float(np.abs(before - after)[inside].mean()),
        rise=float(np.mean([_iris(before, eye, camera) - _iris(after, eye, camera) for eye in eyes])),
    )


def _around(eye: Seen, camera: Clip, radius: float) -> NDArray[np.bool_]:
    """The pixels within so many eye widths of an eye's centre."""
    y, x = np.mgrid[: camera.height, : camera.width] + 0.5
    mask: NDArray[np.bool_] = np.hypot(x - eye.x, y - eye.y) < radius * eye.width
    return mask


def _iris(luma: NDArray[np.float64], eye: Seen, camera: Clip) -> float:
    """The height at which the eye is darkest, pixels downwards."""
    mask = _around(eye, camera, 0.35)
    dark = np.where(mask, np.clip(np.percentile(luma[mask], 40) - luma, 0, None), 0)
    return float((dark.sum(axis=1) * np.arange(len(dark))).sum() / dark.sum())


@pytest.mark.timeout(240)
def test_the_picture_comes_back_with_other_eyes_and_nothing_else_changed(
    page: Page, relay: RunningRelay, camera: Clip
) -> None:
    begin_call(page, relay.address)
    assert len({number for number, _ in turned(page, camera)}) >= 4, "there are hardly any new frames"
    OUTPUT.mkdir(exist_ok=True)
    for width, height in ((1280, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=OUTPUT / f"page-{width}.png")

    page.locator("#enabled").set_checked(False)
    passed: list[Difference] = []

    def untouched() -> bool:  # once the change has arrived and the correction has faded out
        passed[:] = [compare(number, picture, camera) for number, picture in grab(page, "#corrected", 10, camera)]
        return median(one.rise for one in passed) < TURNED / 2

    poll(untouched)
    page.locator("#enabled").set_checked(True)
    corrected = [one for _, one in turned(page, camera)]  # by now the bitrate is as high as it was for the others
    assert median(one.inside for one in corrected) > 1.5 * median(one.inside for one in passed)
    assert median(one.outside for one in passed) > 28
    assert median(one.outside for one in corrected) > median(one.outside for one in passed) - 2


def turned(page: Page, camera: Clip, wanted: int = 5) -> list[tuple[int, Difference]]:
    """Wait for this many frames with the eyes turned; returns their numbers and how they differ from the camera's."""
    found: list[tuple[int, Difference]] = []

    def check() -> bool:
        compared = [
            (number, compare(number, picture, camera)) for number, picture in grab(page, "#corrected", 5, camera)
        ]
        found.extend(one for one in compared if one[1].rise > TURNED)
        return len(found) >= wanted

    poll(check)
    return found


def poll(condition: Callable[[], bool]) -> None:
    """Wait until the condition is true."""
    deadline = time.monotonic() + 2.5 * TIMEOUT_MS / 1000
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
