"""WebRTC settings: packet loss, queues, codecs, bitrates, ICE."""

from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from relay.errors import ConfigError

IceUrl = Annotated[str, Field(pattern=r"^(stuns?|turns?):[^/].*$")]


class Media(BaseModel, frozen=True):
    """Settings of every WebRTC connection."""

    release_on_marker: bool = Field(
        True,
        description="decode a received frame at its last packet instead of at the first packet of the next frame",
    )
    rescue: bool = Field(
        True,
        description="request lost packets again, and then a keyframe, so that losses freeze the video only briefly",
    )
    keyframe_interval: float = Field(
        0.3, ge=0, le=10, description="minimum time between requested keyframes; 0: no limit [seconds]"
    )
    packet_history: int = Field(
        1024, ge=128, le=8192, description="sent packets that are kept for retransmission [packets]"
    )
    bounded_queues: bool = Field(True, description="bound the queues of received frames, and drop what exceeds them")
    codec_threads: int = Field(
        0,
        ge=0,
        le=64,
        description="maximum number of threads of one video encoder or decoder; 0: the cores of this container",
    )
    start_bitrate: int = Field(2500, ge=100, le=20000, description="initial video bitrate [kbit/s]")
    max_bitrate: int = Field(5000, ge=100, le=50000, description="maximum video bitrate [kbit/s]")
    ice_servers: list[IceUrl] = Field(
        [],
        description="STUN and TURN addresses for relay and browser, as JSON: "
        '["stun:host:3478"]; not needed on a local network',
    )

    @model_validator(mode="after")
    def _compare_bitrates(self) -> Self:
        if self.start_bitrate > self.max_bitrate:
            raise ConfigError(
                f"start_bitrate: {self.start_bitrate} is not right: at most max_bitrate, {self.max_bitrate}"
            )
        return self
