"""Pipeline settings: how the four lines run, and how far apart their frames may be."""

from typing import Final, Literal, Self

from pydantic import BaseModel, Field, model_validator

from relay.errors import ConfigError

PipelineMode = Literal["sequential", "pipelined"]
ReturnMode = Literal["video", "field", "none"]
MAX_DISTANCE: Final = 30  # frames


class Lines(BaseModel, frozen=True):
    """How the four lines run, and how far apart their frames may be (claim 26)."""

    pipeline: PipelineMode = Field(
        "pipelined",
        description="pipelined: a frame is shown without waiting, with the newest landmarks and field; "
        "sequential: it waits for its own",
    )
    max_landmark_age: int = Field(
        5, ge=0, le=15, description="landmarks older than this fade the correction out [frames]"
    )
    max_field_age: int = Field(6, ge=0, le=15, description="a field older than this fades the correction out [frames]")
    landmark_every: int = Field(
        0,
        ge=0,
        le=10,
        description="detect landmarks in every n-th frame and track them in between; 0: in every frame, or in every "
        "second one where the browser warps [frames]",
    )
    field_every: int = Field(
        0, ge=0, le=10, description="compute a field for every n-th frame; 0: as with --landmark-every [frames]"
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
        """Intervals in frames at which landmarks are detected and fields are computed.

        A client that warps by itself moves both on to its own newest frames. There every second frame is enough,
        which halves the work, and for the fields the bandwidth.
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
        """From "n,m,q"; anything else is left to validation. Raises ValueError that says what is wrong."""
        if not isinstance(text, str):
            return text
        words = [word.strip() for word in text.split(",")]
        if len(words) != 3 or not all(word.isdecimal() for word in words):
            raise ValueError("three whole numbers of frames, none below zero, as in 1,2,3")
        n, m, q = (int(word) for word in words)
        if n > m:
            raise ValueError(f"m must be at least n, {n}: a field of frame x+{n} cannot be applied at older landmarks")
        if m > q:
            raise ValueError(f"q must be at least m, {m}: a shown frame cannot wait for landmarks of a later one")
        if q > MAX_DISTANCE:
            raise ValueError(f"q must be at most {MAX_DISTANCE}: an older field does not fit the eyes")
        return {"n": n, "m": m, "q": q}

    def __str__(self) -> str:
        return f"{self.n},{self.m},{self.q}"
