"""Tokens (JWT, RFC 7519): identity, rights and expiry of a client. Knows nothing of HTTP and of sessions.

Signed with the relay's own key (HS256), or by an identity provider whose public keys are read from a JWKS address.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, get_args

import jwt
from jwt.exceptions import InvalidSubjectError

from relay.config.access import Access, Right
from relay.errors import ForbiddenError, KeysError, UnauthorizedError

RIGHTS: Final[frozenset[Right]] = frozenset(get_args(Right))
GUEST_RIGHTS: Final[tuple[Right, ...]] = ("session",)
SYMMETRIC: Final = "HS256"
ASYMMETRIC: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
LEEWAY: Final = 10  # seconds by which the clocks of two machines may differ
MAX_NAME_LENGTH: Final = 128  # characters of a subject
FETCH_TIMEOUT: Final = 5  # seconds
RETRY_AFTER: Final = 5.0  # seconds before a key server that failed is requested again

KEYS_UNAVAILABLE: Final = "the token cannot be verified now: its issuer's keys are unavailable; try again later"
REASONS: Final = (
    (jwt.ExpiredSignatureError, "the token has expired; get a new one"),
    ((jwt.ImmatureSignatureError, jwt.InvalidIssuedAtError), "the token is not valid yet"),
    (jwt.InvalidAudienceError, "the token is for another audience: its aud is not this relay's"),
    (InvalidSubjectError, "the token's sub must be a string"),
    (
        (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError, jwt.InvalidKeyError, jwt.PyJWKClientError),
        "the token is not signed by an issuer that this relay trusts",
    ),
)

log = logging.getLogger(__name__)


class ClaimError(jwt.InvalidTokenError):
    """A claim is invalid. The message names it and what is expected."""


@dataclass(frozen=True)
class Identity:
    """The client of a request. owner: its subject, or empty if no token is required. room: the only one
    allowed; None: any.
    """

    owner: str
    rights: frozenset[Right]
    room: str | None = None

    def require(self, right: Right, room: str | None = None) -> None:
        """Raises ForbiddenError unless the client has this right and may enter this room, if given."""
        if right not in self.rights:
            raise ForbiddenError(f"the token gives no right to this: it needs {right!r} in its rights")
        if room is not None and self.room is not None and room != self.room:
            raise ForbiddenError("the token is for another room")

    def require_owner(self, session_owner: str) -> None:
        """Raises ForbiddenError unless the session is owned by this client."""
        if session_owner != self.owner:
            raise ForbiddenError("the session belongs to somebody else")


ANONYMOUS: Final = Identity("", RIGHTS)


class Tokens:
    """Verifies tokens by these settings. clock: monotonic seconds."""

    def __init__(self, settings: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._key = settings.token_key.get_secret_value() if settings.token_key else None
        self._audience = settings.token_audience
        self._provider = Provider(str(settings.token_jwks), clock) if settings.token_jwks else None

    async def read(self, token: str) -> Identity:
        """The identity in a token. Raises UnauthorizedError, and KeysError if it cannot be verified now."""
        try:
            return _identity(await self._claims(token))
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            # Untrusted input is parsed before it is verified, so errors other than the library's are possible.
            raise UnauthorizedError(_reason(error), told=True) from None

    async def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        # Each kind of signature has its own key, so the header cannot select a wrong one.
        key: Any = self._key
        algorithms = [SYMMETRIC]
        if header.get("alg") in ASYMMETRIC and self._provider:
            key, algorithms = await self._provider.key(header.get("kid")), ASYMMETRIC
        elif header.get("alg") != SYMMETRIC or self._key is None:
            raise jwt.InvalidAlgorithmError
        options: Any = {"require": ["exp", "sub"]}
        return jwt.decode(token, key, algorithms, options=options, audience=self._audience, leeway=LEEWAY)


class Provider:
    """An identity provider's public keys, fetched in a thread, one fetch at a time, and cached for five minutes."""

    def __init__(self, address: str, clock: Callable[[], float]) -> None:
        self._client = jwt.PyJWKClient(address, timeout=FETCH_TIMEOUT)
        self._clock, self._address = clock, address
        self._fetching = asyncio.Lock()
        self._failed: float | None = None

    async def key(self, name: object) -> jwt.PyJWK:
        """The key with this id. Raises jwt.PyJWTError if there is none, KeysError."""
        if not isinstance(name, str):
            raise jwt.InvalidKeyError
        async with self._fetching:
            if self._failed is not None and self._clock() - self._failed < RETRY_AFTER:
                raise KeysError(KEYS_UNAVAILABLE)
            try:
                key = await asyncio.to_thread(self._client.get_signing_key, name)
            except (jwt.PyJWKClientConnectionError, jwt.PyJWKSetError) as error:
                log.warning("the keys that verify tokens cannot be fetched from %s: %s", self._address, error)
                self._failed = self._clock()
                raise KeysError(KEYS_UNAVAILABLE) from error
            self._failed = None
            return key


def mint(
    key: str,
    subject: str,
    rights: Collection[Right],
    *,
    ttl: float,
    room: str | None = None,
    audience: str | None = None,
) -> str:
    """A token signed with the relay's key. ttl: lifetime, seconds."""
    now = int(time.time())
    claims: dict[str, Any] = {"sub": subject, "iat": now, "exp": now + int(ttl), "rights": sorted(rights)}
    claims |= {name: value for name, value in (("room", room), ("aud", audience)) if value is not None}
    return jwt.encode(claims, key, SYMMETRIC)


def mint_for_guest(settings: Access) -> str:
    """A token for an anonymous guest. Raises ForbiddenError if guests are not enabled."""
    if not settings.guests or settings.token_key is None:
        raise ForbiddenError("guests get no token here: ask the operator of this relay for one")
    return mint(
        settings.token_key.get_secret_value(),
        f"guest-{secrets.token_urlsafe(9)}",
        GUEST_RIGHTS,
        ttl=settings.guest_ttl,
        room=settings.guest_room,
        audience=settings.token_audience,
    )


def _identity(claims: dict[str, Any]) -> Identity:
    """Raises jwt.InvalidTokenError if a claim is invalid."""
    subject, rights, room = claims["sub"], claims.get("rights", ["session"]), claims.get("room")
    if not (0 < len(subject) <= MAX_NAME_LENGTH and subject.isprintable()):
        raise ClaimError(f"sub must be a name of 1 to {MAX_NAME_LENGTH} printable characters")
    if not (isinstance(rights, list) and all(isinstance(right, str) for right in rights)):
        raise ClaimError("rights must be a list of strings")
    if not (room is None or (isinstance(room, str) and room)):
        raise ClaimError("room must be a string")
    return Identity(subject, frozenset(right for right in RIGHTS if right in rights), room)


def _reason(error: Exception) -> str:
    """A sentence for people, without any content of the token."""
    if isinstance(error, ClaimError):
        return f"the token's claim {error}"
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"the token lacks the claim {error.claim}"
    found = (sentence for kinds, sentence in REASONS if isinstance(error, kinds))
    return next(found, "the token is malformed")
