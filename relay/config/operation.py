"""How the relay runs among other services."""

from typing import Literal

from pydantic import BaseModel, Field


class Operation(BaseModel, frozen=True):
    """How the relay runs among other services."""

    drain_timeout: float = Field(
        30, ge=0, le=3600, description="after SIGTERM running sessions have this long to go elsewhere [seconds]"
    )
    admission: bool = Field(
        True, description="refuse a new session while too little is left of the machine, before the others suffer"
    )
    admit_processor: float = Field(
        85, ge=1, le=100, description="most that all sessions may take of the processor left to the relay [%]"
    )
    admit_lag: float = Field(
        50, ge=1, le=10000, description="no new session while one in twenty turns of the event loop is later [ms]"
    )
    admit_lateness: float = Field(
        70,
        ge=1,
        le=1000,
        description="no new session while one in twenty frames or results of one has used up as much of its time [%]",
    )
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="TCP port that /metrics is served on, instead of that of the page; 0 takes a free one",
    )
    metrics_host: str = Field("localhost", description="address that --metrics-port listens on")
    log_format: Literal["text", "json"] = Field("text", description="json: each line of the log is an object")
