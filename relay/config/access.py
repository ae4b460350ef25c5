"""Who may do what with a relay that others reach, and how much of it."""

from ipaddress import ip_network
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, HttpUrl, SecretStr, model_validator

from relay.errors import ConfigError

SHORTEST_KEY: Final = 32  # bytes; RFC 7518, 3.2


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError(f"an address, or a network as in 10.0.0.0/8: {error}") from error


def _long_enough(key: SecretStr) -> SecretStr:
    # Said by an error of its own: that of a constraint would show the value.
    if len(key.get_secret_value().encode()) < SHORTEST_KEY:
        raise ConfigError(f"token_key: is too short: at least {SHORTEST_KEY} bytes, as openssl rand -hex 32 makes them")
    return key


Right = Literal["session", "watch", "tap"]
SigningKey = Annotated[SecretStr, AfterValidator(_long_enough)]
Origin = Annotated[str, Field(pattern=r"^(\*|https?://[^/]+)$")]
Network = Annotated[str, AfterValidator(_network)]
TurnUrl = Annotated[str, Field(pattern=r"^turns?:[^/].*$")]


class Access(BaseModel, frozen=True):
    """Who may do what, and how much of it."""

    insecure: bool = Field(False, description="serve other machines without asking anybody for a token")
    token_key: SigningKey | None = Field(
        None, description="key that tokens are signed with (HS256), at least 32 bytes; better in the environment"
    )
    token_jwks: HttpUrl | None = Field(
        None, description="address of the public keys (JWKS) that tokens are signed with"
    )
    token_audience: str | None = Field(None, min_length=1, description="whom tokens must be meant for (aud)")
    guests: bool = Field(False, description="give whoever opens the relay's own page a token for a while")
    guest_room: str | None = Field(None, min_length=1, description="the one room that such a token is for")
    guest_ttl: float = Field(3600, ge=60, le=86400, description="how long such a token is good [seconds]")
    allow_origins: list[Origin] = Field(
        [], description='other sites whose pages may use this relay, as JSON: ["https://meet.example.org"]'
    )
    trusted_proxies: list[Network] = Field(
        [],
        description="addresses or networks of proxies whose X-Forwarded-For is believed, as JSON: "
        '["127.0.0.1", "10.0.0.0/8"]',
    )
    openings_per_address: str = Field("60/minute", description="what one address may open: sessions, viewers, tokens")
    openings_per_token: str = Field("30/minute", description="what one token's owner may open")
    requests_per_address: str = Field("3000/minute", description="requests that one address may make, the page's aside")
    requests_per_token: str = Field("1200/minute", description="requests that one token's owner may make")
    max_sessions_per_token: int = Field(4, ge=1, le=1000, description="sessions of one token's owner at the same time")
    max_viewers: int = Field(4, ge=0, le=1000, description="viewers of one session at the same time (WHEP)")
    idle_timeout: float = Field(
        60, ge=1, le=86400, description="a session into which no video has come for so long ends [seconds]"
    )
    turn_urls: list[TurnUrl] = Field(
        [], description='TURN servers for relay and browser, the relay\'s own first, as JSON: ["turn:host:3478"]'
    )
    turn_secret: SecretStr | None = Field(
        None, description="the secret shared with them (coturn: static-auth-secret); better in the environment"
    )
    turn_ttl: float = Field(43200, ge=60, le=604800, description="how long TURN credentials are good [seconds]")
    turn_for_relay: bool = Field(
        True, description="the relay uses them too; off where the TURN server reaches the relay by itself"
    )

    @property
    def asks(self) -> bool:
        """Whether a token is needed."""
        return self.token_key is not None or self.token_jwks is not None

    @property
    def for_relay(self) -> Self:
        """The same for the relay's own side of a call: without TURN, where it is to use none."""
        return self if self.turn_for_relay else self.model_copy(update={"turn_urls": []})

    @model_validator(mode="after")
    def _compare_secrets(self) -> Self:
        if self.guests and self.token_key is None:
            raise ConfigError("guests: tokens for guests are signed with token_key, which is not set")
        if self.turn_urls and not (self.turn_secret and self.turn_secret.get_secret_value()):
            raise ConfigError("turn_secret: is needed for turn_urls: the secret that the TURN server knows too")
        return self
