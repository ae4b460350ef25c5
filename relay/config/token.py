"""Settings of `relay token`."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from relay.config.access import Right, SigningKey
from relay.config.reading import Command
from relay.errors import ConfigError

SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def split_words(text: object) -> object:
    """From "one,two"; anything else is left to validation."""
    return [word.strip() for word in text.split(",")] if isinstance(text, str) else text


def parse_duration(text: object) -> object:
    """Seconds from "90", "30m", "12h" or "7d"; anything else is left to validation."""
    if isinstance(text, str) and (found := re.fullmatch(r"(\d+)([smhd])", text)):
        return int(found[1]) * SECONDS[found[2]]
    return text


class Token(Command):
    """Print a token for a person, signed with the relay's key (see docs/security.md)."""

    token_key: SigningKey | None = Field(None, description="key that relay serve uses; better set in the environment")
    token_audience: str | None = Field(None, min_length=1, description="audience of the token (aud)")
    subject: str = Field(
        min_length=1, max_length=128, description="owner of the token; only they can access their sessions"
    )
    rights: Annotated[list[Right], NoDecode, BeforeValidator(split_words)] = Field(
        ["session"],
        description="what it allows, separated by commas; session: correct one's own video; watch: view sessions "
        "whose stage one knows (WHEP); tap: correct another participant of a meeting",
    )
    room: str | None = Field(None, min_length=1, description="the only room it is valid for; default: any")
    ttl: Annotated[float, BeforeValidator(parse_duration), Field(gt=0, le=366 * 86400)] = Field(
        3600, description="lifetime, as in 30m, 12h, 7d, or in seconds"
    )

    @property
    def key(self) -> str:
        """The signing key. Raises ConfigError if there is none."""
        if self.token_key is None:
            raise ConfigError("token_key: is required: set EYELINE_TOKEN_KEY, here and where the relay is started")
        return self.token_key.get_secret_value()
