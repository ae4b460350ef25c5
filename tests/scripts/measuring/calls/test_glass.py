import time

import numpy as np
import pytest

from scripts.measuring.calls.callers import RATE, TICKS, luma
from scripts.measuring.calls.glass import DelayMeter, NumberedCamera, Planes, develop
from tests.clips import Clip
from tests.fakes import Clock
from tests.scripts.measuring.clocks import sleeping_clock
from tests.stamp import read_number

CLIP = Clip(width=320, height=240, seconds=0.2, eye_width=24, sway=8)


@pytest.fixture(scope="module")
def film() -> list[Planes]:
    return develop(CLIP)


async def test_numbers_run_on_when_the_film_begins_again(film: list[Planes], monkeypatch: pytest.MonkeyPatch) -> None:
    camera = NumberedCamera(film, sleeping_clock(monkeypatch))
    frames = [await camera.recv() for _ in range(len(film) + 3)]
    assert [read_number(luma(frame)) for frame in frames] == list(range(len(film) + 3))
    assert [frame.pts for frame in frames] == [TICKS * number for number in camera.sent]


async def test_a_number_leaves_the_picture_below_as_it_is_and_has_no_colour(film: list[Planes]) -> None:
    frame = await NumberedCamera(film).recv()
    shown = frame.to_ndarray(format="yuv420p")
    assert (shown[16:] == film[0][16:]).all()
    assert (shown[240 : 240 + 8 * 160 // 320] == 128).all()  # 8 lines of u, two of which lie in one of these
    assert int(np.ptp(shown[244:300])) > 0


async def test_a_camera_leaves_out_what_its_encoder_comes_too_late_for(
    film: list[Planes], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = sleeping_clock(monkeypatch)
    camera = NumberedCamera(film, clock)
    await camera.recv()
    clock.now += 5.5 / RATE
    assert [(await camera.recv()).pts for _ in range(2)] == [5 * TICKS, 6 * TICKS]
    sent = {0: 100.0, 5: 100 + 5.5 / RATE, 6: 100 + 6 / RATE}
    assert camera.sent == pytest.approx(sent)


async def test_a_way_is_from_the_encoder_to_the_first_time_its_number_is_seen(film: list[Planes]) -> None:
    clock = Clock()
    meter = DelayMeter(film, clock)
    frame = await meter._camera.recv()
    clock.now += 0.25
    meter.receive(frame)
    clock.now += 0.25
    meter.receive(frame)  # shown again
    assert meter.delays.between(0, clock.now + 1) == pytest.approx([250])
    await meter._peer.close()


async def test_a_frame_whose_number_never_left_the_camera_says_nothing(film: list[Planes]) -> None:
    meter, other = DelayMeter(film), NumberedCamera(film)
    meter.receive(await other.recv())
    assert meter.delays.between(0, time.monotonic() + 1) == []
    await meter._peer.close()
