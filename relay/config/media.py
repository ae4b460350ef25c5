"""How pictures travel between the relay and the others: losses, queues, codecs, bitrates, ICE."""

from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from relay.errors import ConfigError

IceUrl = Annotated[str, Field(pattern=r"^(stuns?|turns?):[^/].*$")]


class Media(BaseModel, frozen=True):
    """Settings of every WebRTC connection."""

    release_on_marker: bool = Field(
        True,
        description="decode a received frame with its last packet, and not a frame later with the next one's first",
    )
    rescue: bool = Field(
        True,
        description="ask again for lost packets, and then for a keyframe, so that losses freeze no picture for long",
    )
    keyframe_interval: float = Field(
        0.3, ge=0, le=10, description="send a keyframe at most this often to those who ask; 0: whenever [seconds]"
    )
    packet_history: int = Field(
        1024, ge=128, le=8192, description="sent packets that are kept in case they are asked for again [packets]"
    )
    bounded_queues: bool = Field(
        True, description="let a received frame wait behind few others only, and drop what is too much"
    )
    codec_threads: int = Field(
        0, ge=0, le=64, description="most threads of one video encoder or decoder; 0: the cores of this container"
    )
    start_bitrate: int = Field(2500, ge=100, le=20000, description="video bitrate to start with [kbit/s]")
    max_bitrate: int = Field(5000, ge=100, le=50000, description="highest video bitrate [kbit/s]")
    ice_servers: list[IceUrl] = Field(
        [],
        description="STUN and TURN addresses for relay and browser, as JSON: "
        '["stun:host:3478"]; none is needed locally',
    )

    @model_validator(mode="after")
    def _compare_bitrates(self) -> Self:
        if self.start_bitrate > self.max_bitrate:
            raise ConfigError(
                f"start_bitrate: {self.start_bitrate} is not right: at most max_bitrate, {self.max_bitrate}"
            )
        return self
