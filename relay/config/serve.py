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
    port: int = Field(8080, ge=0, le=65535, description="TCP port of the page and the API; 0: any free port")
    max_sessions: int = Field(8, ge=1, le=1000, description="maximum number of concurrent sessions")
    max_offer_bytes: int = Field(65536, ge=1024, le=1048576, description="maximum size of an offer [bytes]")
    max_message_bytes: int = Field(4096, ge=256, le=65536, description="maximum size of a data channel message [bytes]")
    vanish_timeout: float = Field(
        4, ge=1, le=60, description="a peer that does not respond is dropped after this [seconds]"
    )
    trace: Path | None = Field(
        None,
        description="write a Chrome trace (for ui.perfetto.dev) of the stages' work on each frame; contains no images",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="minimum level that is logged")

    @property
    def lines(self) -> Lines:
        """The pipeline settings alone."""
        return Lines(**{name: getattr(self, name) for name in Lines.model_fields})

    @property
    def correction(self) -> Correction:
        """The defaults of a new session."""
        return Correction(**{name: getattr(self, name) for name in Correction.model_fields})
