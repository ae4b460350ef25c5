"""Settings of `relay serve`."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from relay.config.access import Access
from relay.config.correction import Correction
from relay.config.engine import Engine
from relay.config.lines import Lines
from relay.config.media import Media
from relay.config.meetings import Meetings
from relay.config.operation import Operation
from relay.config.reading import Command


class Serve(Command, Correction, Engine, Lines, Media, Access, Meetings, Operation):
    """Serve the page and the relay. Correction flags are the defaults of new sessions."""

    host: str = Field("localhost", description="address to listen on")
    port: int = Field(8080, ge=0, le=65535, description="TCP port of the page and the API; 0 takes a free one")
    max_sessions: int = Field(8, ge=1, le=1000, description="sessions at the same time")
    max_offer_bytes: int = Field(65536, ge=1024, le=1048576, description="largest offer [bytes]")
    max_message_bytes: int = Field(4096, ge=256, le=65536, description="largest data channel message [bytes]")
    vanish_timeout: float = Field(4, ge=1, le=60, description="a silent peer is dropped after this [seconds]")
    trace: Path | None = Field(
        None,
        description="write a Chrome trace (ui.perfetto.dev shows it) of who worked on which frame when; no pictures",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="what is logged")

    @property
    def lines(self) -> Lines:
        """How the lines run, alone."""
        return Lines(**{name: getattr(self, name) for name in Lines.model_fields})

    @property
    def correction(self) -> Correction:
        """The defaults of a new session."""
        return Correction(**{name: getattr(self, name) for name in Correction.model_fields})
