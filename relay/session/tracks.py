"""One person's video and audio tracks through the pipeline, to any number of consumers.

Knows nothing of their source, of the consumers, or of what is done to a frame.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from aiortc import MediaStreamTrack

from relay.errors import NoVideoError
from relay.media.aiortc_patches import codec
from relay.media.fan import Fan
from relay.media.pipeline import Pipeline
from relay.media.track import CorrectedTrack, DelayedTrack, Stamper, ingest
from relay.sfu.egress import Tracks


class PersonTracks:
    """The tracks of one person: received frames are read at once; outgoing ones are fetched by the consumers.

    pipeline: closed with the tracks. clock: monotonic seconds. Add the tracks first; then run the lines, each as a
    task.
    """

    def __init__(self, pipeline: Pipeline[Any, Any], clock: Callable[[], float]) -> None:
        self._pipeline, self._clock = pipeline, clock
        self._fans: dict[str, Fan] = {}
        self._lines: list[Coroutine[Any, Any, None]] = []

    def lines(self) -> list[Coroutine[Any, Any, None]]:
        """The coroutines to run."""
        return [*self._pipeline.lines(), *self._lines]

    def add_video(self, track: MediaStreamTrack, stamp: Stamper, ended: Callable[[], None]) -> None:
        """Pass this track's frames to the pipeline. ended: called when the track has ended."""

        async def feed() -> None:
            await ingest(track, self._pipeline, stamp)
            ended()

        self._lines.append(feed())

    def corrected_video(self) -> Fan:
        """Create the corrected video for its consumers."""
        return self._fan_out(CorrectedTrack(self._pipeline))

    def add_audio(self, track: MediaStreamTrack) -> Fan:
        """Create this audio, synchronised with the corrected video, for its consumers. track: as aiortc received it."""
        delayed = DelayedTrack(track, lambda: self._pipeline.delay - codec.AUDIO_HELD, self._clock)
        self._lines.append(delayed.ingest())
        return self._fan_out(delayed)

    def subscribe(self) -> Tracks:
        """Video and synchronised audio for one more consumer. Raises NoVideoError where there is no corrected video."""
        if "video" not in self._fans:
            raise NoVideoError("this session makes no corrected video: its client warps by itself")
        audio = self._fans.get("audio")
        return Tracks(self._fans["video"].branch(), audio.branch() if audio else None)

    def close(self) -> None:
        """Stop all frames and close lines that never ran. Call it when no line is running."""
        self._pipeline.close()
        for line in self._lines:
            line.close()
        for fan in self._fans.values():
            fan.close()

    def _fan_out(self, track: MediaStreamTrack) -> Fan:
        self._fans[track.kind] = fan = Fan(track)
        self._lines.append(fan.run())
        return fan
