"""How the four lines run, and how far apart their frames may be."""

from typing import Final, Literal, Self

from pydantic import BaseModel, Field, model_validator

from relay.errors import ConfigError

PipelineMode = Literal["sequential", "pipelined"]
ReturnMode = Literal["video", "field", "none"]
LONGEST_LINES: Final = 30  # frames


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
