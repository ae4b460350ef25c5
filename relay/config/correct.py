"""Settings of `relay correct`."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import CliPositionalArg, NoDecode

from relay.config.correction import Correction
from relay.config.engine import Engine
from relay.config.lines import PipelineMode, Schedule
from relay.config.reading import Command


class Correct(Command, Correction, Engine):
    """Correct the gaze in a video file (see docs/correct.md); the output is opaque, 8 bits, without HDR."""

    source: CliPositionalArg[Path] = Field(description="any video file FFmpeg reads")
    target: CliPositionalArg[Path] = Field(description="file for the corrected video; its extension selects the format")
    pipeline: PipelineMode = Field(
        "sequential", description="sequential: every frame waits for its own landmarks and field"
    )
    lines: Annotated[Schedule | None, NoDecode, BeforeValidator(Schedule.parse)] = Field(
        None,
        description="n,m,q: run the four lines at these distances, in frames: the field of x+n is made with the "
        "landmarks of x and applied to x+q at the landmarks of x+m; overrides --pipeline",
    )
    trace: Path | None = Field(None, description="write a Chrome trace of the stages; contains no images")
    side_by_side: bool = Field(False, description="show the original to the left of the corrected video")
    start: float = Field(0, ge=0, allow_inf_nan=False, description="where to start in the source [seconds]")
    end: float | None = Field(None, gt=0, allow_inf_nan=False, description="where to stop in the source [seconds]")
    json_summary: bool = Field(
        False, alias="json", description="print the statistics as one JSON object on the last line"
    )

    @property
    def correction(self) -> Correction:
        """The correction settings alone."""
        return Correction(**{name: getattr(self, name) for name in Correction.model_fields})
