"""Settings of face detection and gaze correction, for every command that uses them."""

from pathlib import Path
from typing import Annotated, Final, Literal

from platformdirs import user_cache_path
from pydantic import BaseModel, Field

FieldMode = Literal["network", "geometric"]
MotionMode = Literal["flow", "velocity", "off"]
DEFAULT_MODEL: Final = user_cache_path("eyeline") / "face_landmarker.task"
ModelFile = Annotated[Path, Field(description="landmark model file; downloaded if missing")]


def shipped_weights() -> Path:
    """The network's weights: inside an installed package, under models/ in a source tree."""
    package = Path(__file__).parents[1]
    installed = package / "weights"
    return (installed if installed.is_dir() else package.parent / "models" / "weights") / "eyeline.onnx"


class Limits(BaseModel, frozen=True):
    """Angles up to which the correction is applied."""

    full_gaze: float = Field(20, ge=0, le=60, description="full effect up to this gaze angle from the lens [degrees]")
    full_head: float = Field(15, ge=0, le=60, description="full effect up to this head rotation [degrees]")
    no_effect: float = Field(
        30, ge=1, le=90, description="no effect from this gaze angle or head rotation on [degrees]"
    )


class Engine(Limits):
    """Settings of face detection and gaze correction."""

    faces: int = Field(2, ge=1, le=8, description="maximum number of faces corrected in one frame")
    landmark_width: int = Field(
        640, ge=160, le=1920, description="longer side of the frame that landmarks are detected in [pixels]"
    )
    model: ModelFile = DEFAULT_MODEL
    field: FieldMode = Field(
        "network",
        description="source of the warp field; network: a trained model; geometric: a computed eyeball under lids that "
        "follow",
    )
    weights: Path = Field(
        shipped_weights(),
        description="the network's weights, ONNX; on a GPU NAME_fp16.onnx beside NAME.onnx is used",
    )
    motion: MotionMode = Field(
        "flow",
        description="how landmarks are moved from the frame they were detected in to the one shown; flow: by optical "
        "flow around the eyes; velocity: by their previous velocity; off: not at all",
    )
    blink_guard: bool = Field(
        True, description="check the lids in the shown frame, so that an older field does not move a closing lid"
    )
    compute_threads: int = Field(
        1, ge=1, le=64, description="threads of each numeric library (OpenCV, OMP, onnxruntime) [threads]"
    )

    @property
    def limits(self) -> Limits:
        """The limits alone."""
        return Limits(**{name: getattr(self, name) for name in Limits.model_fields})
