"""Settings: frozen, validated, read once from flags and from the environment (EYELINE_*; flags win).

The only file that reads the environment. Every field becomes a flag of its command and a line of its --help.
"""

import os
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from platformdirs import user_cache_path
from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    CliPositionalArg,
    CliSettingsSource,
    NoDecode,
    SettingsConfigDict,
    SettingsError,
)

from relay.errors import ConfigError
from relay.serving import Access, Meetings, Operation, Right, SigningKey, parse_duration, split_words

Mode = Literal["natural", "teleprompter"]
PipelineMode = Literal["sequential", "pipelined"]
FieldMode = Literal["network", "geometric"]
MotionMode = Literal["flow", "velocity", "off"]
ReturnMode = Literal["video", "field", "none"]
IceUrl = Annotated[str, Field(pattern=r"^(stuns?|turns?):[^/].*$")]
LONGEST_LINES: Final = 30  # frames
DEFAULT_MODEL: Final = user_cache_path("eyeline") / "face_landmarker.task"
ModelFile = Annotated[Path, Field(description="landmark model file; fetched where it is missing")]
Degrees = Annotated[float, Field(ge=-25, le=25, allow_inf_nan=False)]


def shipped_weights() -> Path:
    """The network's weights: inside an installed package, under models/ in a source tree."""
    package = Path(__file__).parent
    installed = package / "weights"
    return (installed if installed.is_dir() else package.parent / "models" / "weights") / "eyeline.onnx"


class Correction(BaseModel, frozen=True, extra="forbid"):
    """How one person's eyes are to be turned. Can be changed at any time during a session."""

    enabled: bool = Field(True, description="correct the gaze; off passes the original through")
    mode: Mode = Field(
        "natural",
        description="natural: a fixed offset, the eyes' own movement stays; "
        "teleprompter: steer towards the lens by the estimated gaze",
    )
    strength: float = Field(100, ge=0, le=100, allow_inf_nan=False, description="how much of the offset [%]")
    pitch: Degrees = Field(
        8.0,
        description="vertical offset from where the person looks to the lens, + is up [degrees, -25..25]; "
        "8 suits a laptop camera above a face on the screen",
    )
    yaw: Degrees = Field(0.0, description="horizontal offset, + is to the picture's right [degrees, -25..25]")


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


class _Command(BaseSettings):
    """Flags and environment, for one verb of the command line."""

    model_config = SettingsConfigDict(
        env_prefix="EYELINE_",
        frozen=True,
        extra="forbid",
        cli_kebab_case=True,
        cli_implicit_flags=True,
        cli_enforce_required=True,
        cli_hide_none_type=True,
    )

    @classmethod
    def read(cls, arguments: list[str], program: str) -> Self:
        """The settings from these command-line words and the environment.

        Raises ConfigError naming key, value and what would be right; SystemExit for --help and unknown flags.
        """
        try:
            source: CliSettingsSource[Any] = CliSettingsSource(
                cls, cli_parse_args=arguments, cli_prog_name=program, cli_exit_on_error=True
            )
            return cls(_cli_settings_source=source)
        except ValidationError as error:
            raise ConfigError(describe(error)) from error
        except SettingsError as error:
            raise ConfigError(f"{error}; a list is written as JSON") from error


def describe(error: ValidationError) -> str:
    """The first thing that is wrong, as "KEY: VALUE is not right: what would be"."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "settings"
    if first["type"] in {"missing", "extra_forbidden"}:
        return f"{key}: {first['msg'].lower()}"
    return f"{key}: {first['input']!r} is not right: {first['msg'][0].lower()}{first['msg'][1:]}"


class Lines(BaseModel, frozen=True):
    """How the four lines run, and how far apart their frames may be (claim 26)."""

    pipeline: PipelineMode = Field(
        "pipelined",
        description="pipelined: the shown frame waits for nothing and uses the newest landmarks and field; "
        "sequential: it waits for its own",
    )
    max_landmark_age: int = Field(
        5, ge=0, le=15, description="older landmarks than this fade the correction out [frames]"
    )
    max_field_age: int = Field(6, ge=0, le=15, description="an older field than this fades the correction out [frames]")
    landmark_every: int = Field(
        0,
        ge=0,
        le=10,
        description="landmarks are found in every n-th frame and carried on between; 0: each, but every second where "
        "the browser warps [frames]",
    )
    field_every: int = Field(
        0, ge=0, le=10, description="a field is made for every n-th frame; 0: as with --landmark-every [frames]"
    )

    @model_validator(mode="after")
    def _compare_ages(self) -> Self:
        for name, line in (("landmark_every", "max_landmark_age"), ("field_every", "max_field_age")):
            every, oldest = getattr(self, name), getattr(self, line)
            if every > max(oldest, 1):
                raise ConfigError(
                    f"{name}: {every} is not right: at most {line}, {oldest}, or a correction would fade out "
                    "before the next result"
                )
        return self

    def every(self, returns: ReturnMode) -> tuple[int, int]:
        """In which frames landmarks are found, and for which a field is made: every so many.

        Who warps by itself carries both on to its own newest frames; half of them take half the work, and of the
        fields half the network.
        """
        usual = 2 if returns == "field" else 1
        return self.landmark_every or usual, self.field_every or usual


class Schedule(BaseModel, frozen=True):
    """Distances of the four lines in frames (claims 15-25): landmarks of x, field of x + n with the landmarks of x,
    landmarks of x + m, shown x + q with that field at those landmarks. The method asks for n >= 1, m >= n + 1 and
    q >= m + 1; all zero is the sequential order (claims 11-14).
    """

    n: int
    m: int
    q: int

    @classmethod
    def parse(cls, text: object) -> object:
        """From "n,m,q"; anything else is left to the validation. Raises ValueError that says what is wrong."""
        if not isinstance(text, str):
            return text
        words = [word.strip() for word in text.split(",")]
        if len(words) != 3 or not all(word.isdecimal() for word in words):
            raise ValueError("three whole numbers of frames, none below zero, as in 1,2,3")
        n, m, q = (int(word) for word in words)
        if n > m:
            raise ValueError(
                f"m must be at least n, {n}: a field of frame x+{n} is placed at landmarks that are no older"
            )
        if m > q:
            raise ValueError(f"q must be at least m, {m}: a shown frame cannot wait for landmarks of a later one")
        if q > LONGEST_LINES:
            raise ValueError(f"q is at most {LONGEST_LINES} frames: no older field fits the eyes")
        return {"n": n, "m": m, "q": q}

    def __str__(self) -> str:
        return f"{self.n},{self.m},{self.q}"


class Serve(_Command, Correction, Engine, Lines, Access, Meetings, Operation):
    """Serve the page and the relay. Correction flags are the defaults of new sessions."""

    host: str = Field("localhost", description="address to listen on")
    port: int = Field(8080, ge=0, le=65535, description="TCP port of the page and the API; 0 takes a free one")
    max_sessions: int = Field(8, ge=1, le=1000, description="sessions at the same time")
    max_offer_bytes: int = Field(65536, ge=1024, le=1048576, description="largest offer [bytes]")
    max_message_bytes: int = Field(4096, ge=256, le=65536, description="largest data channel message [bytes]")
    vanish_timeout: float = Field(4, ge=1, le=60, description="a silent peer is dropped after this [seconds]")
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
    trace: Path | None = Field(
        None,
        description="write a Chrome trace (ui.perfetto.dev shows it) of who worked on which frame when; no pictures",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="what is logged")

    @model_validator(mode="after")
    def _compare_bitrates(self) -> Self:
        if self.start_bitrate > self.max_bitrate:
            raise ConfigError(
                f"start_bitrate: {self.start_bitrate} is not right: at most max_bitrate, {self.max_bitrate}"
            )
        return self

    @property
    def lines(self) -> Lines:
        """How the lines run, alone."""
        return Lines(**{name: getattr(self, name) for name in Lines.model_fields})

    @property
    def correction(self) -> Correction:
        """The defaults of a new session."""
        return Correction(**{name: getattr(self, name) for name in Correction.model_fields})


class Correct(_Command, Correction, Engine):
    """Correct the gaze in a video file (see docs/correct.md); HDR and transparency come out as 8 opaque bits."""

    source: CliPositionalArg[Path] = Field(description="any video file FFmpeg reads")
    target: CliPositionalArg[Path] = Field(description="where the corrected video goes, in a format its ending names")
    pipeline: PipelineMode = Field(
        "sequential", description="sequential: every frame waits for its own landmarks and field"
    )
    lines: Annotated[Schedule | None, NoDecode, BeforeValidator(Schedule.parse)] = Field(
        None,
        description="n,m,q: run the four lines exactly so far apart, in frames: the field of frame x+n made with the "
        "landmarks of x, shown on x+q at the landmarks of x+m; overrides --pipeline",
    )
    trace: Path | None = Field(None, description="write a Chrome trace of the stages; no pictures")
    side_by_side: bool = Field(False, description="put the original on the left of the corrected picture")
    start: float = Field(0, ge=0, allow_inf_nan=False, description="where to start in the source [seconds]")
    end: float | None = Field(None, gt=0, allow_inf_nan=False, description="where to stop in the source [seconds]")
    json_summary: bool = Field(
        False, alias="json", description="print one JSON object with the figures as the last line"
    )

    @property
    def correction(self) -> Correction:
        """What to do to the eyes."""
        return Correction(**{name: getattr(self, name) for name in Correction.model_fields})


class Check(_Command, Engine):
    """Check that this machine has what the relay needs, and say what is missing."""


class Fetch(_Command):
    """Fetch the landmark model, which the other commands otherwise do when they first start."""

    model: ModelFile = DEFAULT_MODEL


class Token(_Command):
    """Print a token for somebody, signed with the relay's key (see docs/security.md)."""

    token_key: SigningKey | None = Field(None, description="the key that relay serve has; better in the environment")
    token_audience: str | None = Field(None, min_length=1, description="whom the token is meant for (aud)")
    subject: str = Field(min_length=1, max_length=128, description="whose it is; his sessions are nobody else's")
    rights: Annotated[list[Right], NoDecode, BeforeValidator(split_words)] = Field(
        ["session"],
        description="what it allows, with commas between; session: have the own eyes turned; watch: view "
        "sessions whose stage one knows (WHEP); tap: correct somebody else in a meeting",
    )
    room: str | None = Field(None, min_length=1, description="the one room it is for; any, where none is named")
    ttl: Annotated[float, BeforeValidator(parse_duration), Field(gt=0, le=366 * 86400)] = Field(
        3600, description="how long it is good, as in 30m, 12h, 7d, or in seconds"
    )

    @property
    def key(self) -> str:
        """What to sign with. Raises ConfigError."""
        if self.token_key is None:
            raise ConfigError("token_key: is needed: set EYELINE_TOKEN_KEY, here and where the relay is started")
        return self.token_key.get_secret_value()


def cap_threads(threads: int) -> None:
    """Keep OMP-like pools of numeric libraries small; call before they are imported.

    A pool as large as the machine, spinning, starves the event loop until ICE gives up.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        os.environ.setdefault(name, str(threads))
