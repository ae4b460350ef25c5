"""The statistics of `relay correct` for one file: counted while it runs, summarised at the end.

Knows nothing of files and clocks; durations are arguments.
"""

from array import array
from collections import Counter
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from relay.frame import Verdict
from relay.metrics import Percentiles


class Summary(BaseModel):
    """The object that --json prints."""

    model_config = ConfigDict(frozen=True)

    source: Path
    target: Path
    lines: str = Field(description="n,m,q: distances of the four lines, frames; 0,0,0 is sequential")
    width: int = Field(description="of the written frames, pixels, as stored")
    height: int
    duration_s: float = Field(description="of the written frames")
    took_s: float
    fps: float = Field(description="frames processed per second")
    frames: int
    faces_found: int = Field(description="frames with a face")
    most_faces: int = Field(description="in one frame")
    corrected: int
    passed: dict[Verdict, int] = Field(description="frames left unchanged, by reason")
    stages_ms: dict[str, Percentiles]
    damaged: int = Field(description="frames that the decoder had to conceal")
    notes: list[str] = Field(description="what could not be kept")

    def __str__(self) -> str:
        reasons = ", ".join(f"{verdict.replace('_', ' ')} {count}" for verdict, count in self.passed.items())
        return (
            f"{self.target}: {self.frames} frames in {self.took_s:.1f} s ({self.fps:.1f} per second), "
            f"{self.corrected} corrected" + (f", the others unchanged ({reasons})" if reasons else "")
        )


class SummaryCounter:
    """Counts frames, faces and milliseconds."""

    def __init__(self) -> None:
        self.verdicts: Counter[Verdict] = Counter()
        self.faces: Counter[int] = Counter()
        self._milliseconds: dict[str, array[float]] = {}

    @property
    def frames(self) -> int:
        """How many were shown."""
        return self.verdicts.total()

    def time(self, stage: str, seconds: float) -> None:
        """Record how long a stage took."""
        self._milliseconds.setdefault(stage, array("f")).append(1000 * seconds)

    @property
    def passed(self) -> dict[Verdict, int]:
        """Frames left unchanged, by reason."""
        return {verdict: n for verdict, n in self.verdicts.items() if verdict is not Verdict.CORRECTED}

    @property
    def stages_ms(self) -> dict[str, Percentiles]:
        """Milliseconds of each stage that ran."""
        found = {stage: Percentiles.of(values) for stage, values in self._milliseconds.items()}
        return {stage: percentiles for stage, percentiles in found.items() if percentiles}
