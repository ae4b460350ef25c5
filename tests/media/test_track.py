import asyncio
from fractions import Fraction

import av
import numpy as np
import pytest
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from relay.config.lines import Lines
from relay.gaze.face import Faces
from relay.media.pipeline import Listeners, Pipeline
from relay.media.stages import Executors
from relay.media.track import MAX_AUDIO_FRAMES, CorrectedTrack, DelayedTrack, ingest
from relay.metrics import Meter
from tests.fakes import Clip, Clock, FakeStages, started_executors, until


def audio(number: int) -> av.AudioFrame:
    """Frame n of 20 ms, as Opus decodes to."""
    frame = av.AudioFrame.from_ndarray(np.full((1, 1920), number, np.int16), format="s16", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = 48000, 960 * number, Fraction(1, 48000)
    return frame


def piped(executors: Executors, meter: Meter | None = None) -> Pipeline[Faces, float]:
    """A pipeline of fake stages."""
    lines, listeners = Lines.model_validate({}), Listeners[Faces](lambda _: None)
    return Pipeline(
        FakeStages(), executors, lines=lines, meter=meter or Meter("", 0), clock=Clock(), listeners=listeners
    )


class Microphone(MediaStreamTrack):
    """Returns the frames that the test queues; None ends it."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.queue: asyncio.Queue[av.AudioFrame | None] = asyncio.Queue()

    async def recv(self) -> av.AudioFrame:
        frame = await self.queue.get()
        if frame is None:
            raise MediaStreamError
        return frame


async def test_a_fast_source_is_drained_at_once_and_never_queues() -> None:
    with started_executors() as executors:
        meter, clip = Meter("pipelined", 0), Clip(length=500)
        pipeline = piped(executors, meter)
        await ingest(clip, pipeline)
        assert clip.sent == 500
        assert meter.report(100).frames.arrived == 500
        assert pipeline.dropped == 499


async def test_what_comes_out_is_in_order_with_the_time_stamps_of_what_went_in() -> None:
    with started_executors() as executors:
        pipeline = piped(executors)
        lines = [asyncio.create_task(line) for line in (*pipeline.lines(), ingest(Clip(rate=200), pipeline))]
        track = CorrectedTrack(pipeline)
        stamps = [(await track.recv()).pts for _ in range(40)]
        pipeline.close()
        for line in lines:
            line.cancel()
        await asyncio.wait(lines)
    numbers = [stamp // 3000 for stamp in stamps if stamp is not None and stamp % 3000 == 0]
    assert len(numbers) == 40
    assert numbers == sorted(set(numbers))


async def test_every_frame_is_taken_with_its_stamp() -> None:
    taken: list[tuple[int | None, int]] = []

    class Taker:
        def take(self, decoded: av.VideoFrame, stamp: int) -> None:
            taken.append((decoded.pts, stamp))

    await ingest(Clip(length=3), Taker(), lambda frame: 7 + (frame.pts or 0))  # type: ignore[arg-type]
    assert taken == [(0, 7), (3000, 3007), (6000, 6007)]


async def test_a_closed_pipeline_ends_the_track() -> None:
    with started_executors() as executors:
        pipeline = piped(executors)
        track = CorrectedTrack(pipeline)
        waiting = asyncio.create_task(track.recv())
        await asyncio.sleep(0)
        pipeline.close()
        with pytest.raises(MediaStreamError):
            await waiting
        assert track.readyState == "ended"


async def test_sound_passes_untouched_and_in_order() -> None:
    microphone = Microphone()
    track = DelayedTrack(microphone, delay=lambda: 0.0, clock=Clock())
    filling = asyncio.create_task(track.ingest())
    frames = [audio(number) for number in range(10)]
    for frame in frames:
        microphone.queue.put_nowait(frame)
    assert [await track.recv() for _ in frames] == frames
    microphone.queue.put_nowait(None)
    await filling


async def test_sound_waits_as_long_as_the_picture_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, slept = Clock(), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.now += seconds

    microphone = Microphone()
    delay = 0.08
    track = DelayedTrack(microphone, delay=lambda: delay, clock=clock)
    filling = asyncio.create_task(track.ingest())
    for number in range(2):
        microphone.queue.put_nowait(audio(number))
    await until(microphone.queue.empty)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    arrived = clock.now
    await track.recv()
    assert clock.now - arrived == pytest.approx(0.08)
    await track.recv()
    assert slept == [pytest.approx(0.08)]  # both had arrived together
    delay = 0.1
    microphone.queue.put_nowait(audio(2))
    await track.recv()
    assert slept[1:] == [pytest.approx(0.1)]
    filling.cancel()
    await asyncio.wait([filling])


async def test_sound_nobody_fetches_is_dropped_oldest_first() -> None:
    microphone = Microphone()
    track = DelayedTrack(microphone, delay=lambda: 0.0, clock=Clock())
    for number in range(MAX_AUDIO_FRAMES + 5):
        microphone.queue.put_nowait(audio(number))
    microphone.queue.put_nowait(None)
    await track.ingest()
    assert track.dropped == 5
    assert (await track.recv()).pts == 960 * 5


async def test_the_end_of_the_source_ends_the_sound_after_the_last_frame() -> None:
    microphone = Microphone()
    track = DelayedTrack(microphone, delay=lambda: 0.0, clock=Clock())
    microphone.queue.put_nowait(audio(0))
    microphone.queue.put_nowait(None)
    await track.ingest()
    await track.recv()
    with pytest.raises(MediaStreamError):
        await track.recv()
    assert track.readyState == "ended"


async def test_closing_wakes_who_waits_for_sound() -> None:
    track = DelayedTrack(Microphone(), delay=lambda: 0.0, clock=Clock())
    waiting = asyncio.create_task(track.recv())
    await asyncio.sleep(0)
    track.close()
    with pytest.raises(MediaStreamError):
        await waiting
