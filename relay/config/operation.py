"""Operation: draining, admission control, metrics and logging."""

from typing import Literal

from pydantic import BaseModel, Field


class Operation(BaseModel, frozen=True):
    """Draining, admission control, metrics and logging."""

    drain_timeout: float = Field(
        30, ge=0, le=3600, description="time after SIGTERM for running sessions to move elsewhere [seconds]"
    )
    admission: bool = Field(
        True, description="refuse new sessions while the machine is too busy, so that running ones do not degrade"
    )
    admit_processor: float = Field(
        85,
        ge=1,
        le=100,
        description="maximum share of the processor time available to the relay that all sessions may use [%]",
    )
    admit_lag: float = Field(
        50,
        ge=1,
        le=10000,
        description="refuse new sessions while the 95th percentile of the event loop lag is above this [ms]",
    )
    admit_lateness: float = Field(
        70,
        ge=1,
        le=1000,
        description="refuse new sessions while the 95th percentile of a session's lateness is above this "
        "share of its limit [%]",
    )
    metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="TCP port that serves /metrics instead of the main one; 0: any free port",
    )
    metrics_host: str = Field("localhost", description="address that --metrics-port listens on")
    log_format: Literal["text", "json"] = Field("text", description="json: one JSON object per line")
