"""What finds faces and turns eyes, in every command that does so."""

from pathlib import Path
from typing import Annotated, Final, Literal

from platformdirs import user_cache_path
from pydantic import BaseModel, Field

FieldMode = Literal["network", "geometric"]
MotionMode = Literal["flow", "velocity", "off"]
DEFAULT_MODEL: Final = user_cache_path("eyeline") / "face_landmarker.task"
ModelFile = Annotated[Path, Field(description="landmark model file; fetched where it is missing")]


def shipped_weights() -> Path:
    """The network's weights: inside an installed package, under models/ in a source tree."""
    package = Path(__file__).parents[1]
    installed = package / "weights"
    return (installed if installed.is_dir() else package.parent / "models" / "weights") / "eyeline.onnx"


class Limits(BaseModel, frozen=True):
    """Where a correction still looks right."""

    full_gaze: float = Field(20, ge=0, le=60, description="full effect up to this gaze off the lens [degrees]")
    full_head: float = Field(15, ge=0, le=60, description="full effect up to this turn of the head [degrees]")
    no_effect: float = Field(30, ge=1, le=90, description="no effect from this gaze or turn on [degrees]")


class Engine(Limits):
    """What every command needs to find faces and turn eyes."""

    faces: int = Field(2, ge=1, le=8, description="most faces corrected in one picture")
    landmark_width: int = Field(
        640, ge=160, le=1920, description="longer side of the picture that landmarks are found in [pixels]"
    )
    model: ModelFile = DEFAULT_MODEL
    field: FieldMode = Field(
        "network",
        description="network: how an eye turns is learned; geometric: it is computed, a ball under lids that follow",
    )
    weights: Path = Field(
        shipped_weights(),
        description="the network's weights, ONNX; NAME_fp16.onnx beside NAME.onnx is taken on a GPU",
    )
    motion: MotionMode = Field(
        "flow",
        description="how eyes are carried from the frame they were found in to the one shown; flow: by the picture's "
        "own motion around them; velocity: as they moved before; off: they stay where they were",
    )
    blink_guard: bool = Field(
        True, description="look at the shown frame's own lids, so that no field of before moves a lid that closes"
    )
    compute_threads: int = Field(
        1, ge=1, le=64, description="threads of each numeric library (OpenCV, OMP, onnxruntime) [threads]"
    )

    @property
    def limits(self) -> Limits:
        """The limits alone."""
        return Limits(**{name: getattr(self, name) for name in Limits.model_fields})
