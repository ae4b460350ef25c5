"""Gaze correction settings of one person."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Mode = Literal["natural", "teleprompter"]
Degrees = Annotated[float, Field(ge=-25, le=25, allow_inf_nan=False)]


class Correction(BaseModel, frozen=True, extra="forbid"):
    """Gaze correction settings of one person. They can be changed at any time during a session."""

    enabled: bool = Field(True, description="correct the gaze; off passes the original through")
    mode: Mode = Field(
        "natural",
        description="natural: a fixed offset that keeps the eyes' own movement; "
        "teleprompter: steer towards the lens by the estimated gaze",
    )
    strength: float = Field(100, ge=0, le=100, allow_inf_nan=False, description="how much of the offset [%]")
    pitch: Degrees = Field(
        8.0,
        description="vertical offset from where the person looks to the lens, + is up [degrees, -25..25]; "
        "8 suits a laptop camera above a face on the screen",
    )
    yaw: Degrees = Field(0.0, description="horizontal offset, + is to the right of the image [degrees, -25..25]")
