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
    """From "one,two"; anything else is left to the validation."""
    return [word.strip() for word in text.split(",")] if isinstance(text, str) else text


def parse_duration(text: object) -> object:
    """Seconds from "90", "30m", "12h" or "7d"; anything else is left to the validation."""
    if isinstance(text, str) and (found := re.fullmatch(r"(\d+)([smhd])", text)):
        return int(found[1]) * SECONDS[found[2]]
    return text


class Token(Command):
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
