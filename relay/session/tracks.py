"""One person's picture and sound on their way through the pipeline, to as many takers as there are.

Knows nothing of where they come from, who the takers are, or of what is done to a picture.
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
    """The tracks of one person: what comes in is taken at once, what goes out is fetched by its takers.

    pipeline: closed with the passage. clock: monotonic seconds. Tracks are entered first; then the lines run, each as
    a task.
    """

    def __init__(self, pipeline: Pipeline[Any, Any], clock: Callable[[], float]) -> None:
        self._pipeline, self._clock = pipeline, clock
        self._fans: dict[str, Fan] = {}
        self._lines: list[Coroutine[Any, Any, None]] = []

    def lines(self) -> list[Coroutine[Any, Any, None]]:
        """What is to be run."""
        return [*self._pipeline.lines(), *self._lines]

    def add_video(self, track: MediaStreamTrack, stamp: Stamper, ended: Callable[[], None]) -> None:
        """Let the pipeline have this track's frames. ended: called when the track has."""

        async def carry() -> None:
            await ingest(track, self._pipeline, stamp)
            ended()

        self._lines.append(carry())

    def corrected_video(self) -> Fan:
        """Make the corrected video for those who take it."""
        return self._spread(CorrectedTrack(self._pipeline))

    def add_audio(self, track: MediaStreamTrack) -> Fan:
        """Make this sound, in step with the corrected video, for those who take it. track: as aiortc received it."""
        delayed = DelayedTrack(track, lambda: self._pipeline.delay - codec.AUDIO_HELD, self._clock)
        self._lines.append(delayed.ingest())
        return self._spread(delayed)

    def subscribe(self) -> Tracks:
        """Video, and sound in step with it, for one more taker. Raises NoVideoError where no video is shown."""
        if "video" not in self._fans:
            raise NoVideoError("this session makes no corrected video: its client warps by itself")
        sound = self._fans.get("audio")
        return Tracks(self._fans["video"].branch(), sound.branch() if sound else None)

    def close(self) -> None:
        """No more frames in or out; what was never run will not be. Call it when no line is running any more."""
        self._pipeline.close()
        for line in self._lines:
            line.close()
        for fan in self._fans.values():
            fan.close()

    def _spread(self, track: MediaStreamTrack) -> Fan:
        self._fans[track.kind] = fan = Fan(track)
        self._lines.append(fan.run())
        return fan
