"""Access control: tokens, guests, allowed origins, rate limits and TURN credentials."""

from ipaddress import ip_network
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, HttpUrl, SecretStr, model_validator

from relay.errors import ConfigError

MIN_KEY_BYTES: Final = 32  # bytes; RFC 7518, 3.2


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError(f"an address, or a network as in 10.0.0.0/8: {error}") from error


def _long_enough(key: SecretStr) -> SecretStr:
    # Not a Field constraint: its error message would show the key.
    if len(key.get_secret_value().encode()) < MIN_KEY_BYTES:
        raise ConfigError(
            f"token_key: is too short: at least {MIN_KEY_BYTES} bytes, as openssl rand -hex 32 makes them"
        )
    return key


Right = Literal["session", "watch", "tap"]
SigningKey = Annotated[SecretStr, AfterValidator(_long_enough)]
Origin = Annotated[str, Field(pattern=r"^(\*|https?://[^/]+)$")]
Network = Annotated[str, AfterValidator(_network)]
TurnUrl = Annotated[str, Field(pattern=r"^turns?:[^/].*$")]


class Access(BaseModel, frozen=True):
    """Who may do what, and how often."""

    insecure: bool = Field(False, description="serve other machines without requiring a token")
    token_key: SigningKey | None = Field(
        None, description="key that signs tokens (HS256), at least 32 bytes; better set in the environment"
    )
    token_jwks: HttpUrl | None = Field(None, description="URL of the public keys (JWKS) that verify tokens")
    token_audience: str | None = Field(None, min_length=1, description="audience that tokens must name (aud)")
    guests: bool = Field(False, description="issue a temporary token to anyone who opens the relay's own page")
    guest_room: str | None = Field(None, min_length=1, description="the only room that a guest token is valid for")
    guest_ttl: float = Field(3600, ge=60, le=86400, description="lifetime of a guest token [seconds]")
    allow_origins: list[Origin] = Field(
        [], description='origins of other sites whose pages may use this relay, as JSON: ["https://meet.example.org"]'
    )
    trusted_proxies: list[Network] = Field(
        [],
        description="addresses or networks of proxies whose X-Forwarded-For is trusted, as JSON: "
        '["127.0.0.1", "10.0.0.0/8"]',
    )
    openings_per_address: str = Field("60/minute", description="sessions, viewers and tokens that one address may open")
    openings_per_token: str = Field("30/minute", description="sessions and viewers that one token's owner may open")
    requests_per_address: str = Field(
        "3000/minute", description="requests that one address may make, page files not counted"
    )
    requests_per_token: str = Field("1200/minute", description="requests that one token's owner may make")
    max_sessions_per_token: int = Field(
        4, ge=1, le=1000, description="maximum number of concurrent sessions of one token's owner"
    )
    max_viewers: int = Field(4, ge=0, le=1000, description="maximum number of concurrent viewers of one session (WHEP)")
    idle_timeout: float = Field(
        60, ge=1, le=86400, description="a session that receives no video for this long is closed [seconds]"
    )
    turn_urls: list[TurnUrl] = Field(
        [],
        description='TURN servers for relay and browser, the one for the relay first, as JSON: ["turn:host:3478"]',
    )
    turn_secret: SecretStr | None = Field(
        None,
        description="secret shared with the TURN servers (coturn: static-auth-secret); better set in the environment",
    )
    turn_ttl: float = Field(43200, ge=60, le=604800, description="lifetime of TURN credentials [seconds]")
    turn_for_relay: bool = Field(
        True,
        description="use TURN for the relay too; off if the TURN server reaches the relay directly",
    )

    @property
    def requires_token(self) -> bool:
        """Whether requests need a token."""
        return self.token_key is not None or self.token_jwks is not None

    @property
    def for_relay(self) -> Self:
        """These settings for the relay's own side of a call: no TURN servers if turn_for_relay is off."""
        return self if self.turn_for_relay else self.model_copy(update={"turn_urls": []})

    @model_validator(mode="after")
    def _compare_secrets(self) -> Self:
        if self.guests and self.token_key is None:
            raise ConfigError("guests: guest tokens are signed with token_key, which is not set")
        if self.turn_urls and not (self.turn_secret and self.turn_secret.get_secret_value()):
            raise ConfigError("turn_secret: is required by turn_urls: the secret shared with the TURN server")
        return self
