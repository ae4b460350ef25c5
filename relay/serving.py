"""Settings of `relay serve` that come with being on a network: who may do what, meetings, running.

Read with all others by relay/config.py. Knows nothing of how they are used.
"""

from pydantic import BaseModel, Field


class Access(BaseModel, frozen=True):
    """Who may do what, and how much of it."""

    insecure: bool = Field(False, description="serve other machines without asking anybody for a token")


class Meetings(BaseModel, frozen=True):
    """Where corrected tracks may go."""

    meetings: dict[str, str] = Field(
        {},
        description="meeting servers that the relay may call, as JSON, name to address: "
        '{"janus": "ws://localhost:8188"}; none is called that is not listed',
    )


class Operation(BaseModel, frozen=True):
    """How the relay runs among other services."""

    drain_timeout: float = Field(
        30, ge=0, le=3600, description="after SIGTERM running sessions have this long to go elsewhere [seconds]"
    )
