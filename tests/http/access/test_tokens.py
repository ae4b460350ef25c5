import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from relay.config.access import Access
from relay.errors import ForbiddenError, KeysError, UnauthorizedError
from relay.http.access.tokens import ANONYMOUS, RIGHTS, Identity, Tokens, mint, mint_for_guest
from tests.fakes import Clock
from tests.servers.keys import KeyServer

KEY = "the relay's own key, of 32 bytes."
ACCESS = Access.model_validate({"token_key": KEY})


@pytest.fixture
def keys() -> Iterator[KeyServer]:
    with KeyServer() as server:
        yield server


def signed(
    key: Any = KEY, algorithm: str | None = "HS256", headers: dict[str, Any] | None = None, **claims: Any
) -> str:
    """A token with these claims, valid for a day unless they say otherwise; None omits a claim."""
    whole = {"sub": "anna", "exp": int(time.time()) + 86400, **claims}
    return jwt.encode({name: value for name, value in whole.items() if value is not None}, key, algorithm, headers)


def part(content: object) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


async def test_a_token_says_who_somebody_is_and_what_they_may_do() -> None:
    identity = await Tokens(ACCESS).read(signed(rights=["session", "watch"], room="1234"))
    assert identity == Identity("anna", frozenset({"session", "watch"}), "1234")


async def test_a_token_with_a_name_alone_allows_sessions_in_any_room() -> None:
    assert await Tokens(ACCESS).read(signed()) == Identity("anna", frozenset({"session"}), None)


async def test_rights_that_this_relay_does_not_know_give_nothing() -> None:
    assert (await Tokens(ACCESS).read(signed(rights=["fly", "tap"]))).rights == {"tap"}
    assert (await Tokens(ACCESS).read(signed(rights=[]))).rights == frozenset()


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (signed(exp=int(time.time()) - 60), "expired"),
        (signed(nbf=int(time.time()) + 7200), "not valid yet"),
        (signed(iat=int(time.time()) + 7200), "not valid yet"),
        (signed(exp=None), "lacks the claim exp"),
        (signed(sub=None), "lacks the claim sub"),
        (signed(sub=""), "printable characters"),
        (signed(sub="a\nb"), "printable characters"),
        (signed(sub=129 * "a"), "printable characters"),
        (signed(rights="session"), "rights must be"),
        (signed(rights=[1]), "rights must be"),
        (signed(room=7), "room must be"),
        (signed(room=""), "room must be"),
        (signed(aud="another relay"), "aud is not"),
        (signed(key="a foreign key of thirty-two bytes"), "not signed by an issuer"),
        (signed(algorithm="HS512", key=2 * KEY), "not signed by an issuer"),
        (jwt.encode({"sub": "anna", "exp": 9999999999}, "", "none"), "not signed by an issuer"),
        (f"{part({'alg': 'none'})}.{part({'sub': 'anna', 'exp': 9999999999})}.", "not signed by an issuer"),
        (f"{part({'alg': 'HS256'})}.{part({'sub': 'anna', 'exp': 9999999999})}.", "not signed by an issuer"),
        (f"{part({'alg': 'RS256', 'kid': '1'})}.{part({'sub': 'anna'})}.{part('x')}", "not signed by an issuer"),
        ("", "is malformed"),
        ("a.b.c", "is malformed"),
        (f"{part(5000 * '[')}.{part({})}.", "is malformed"),
    ],
)
async def test_a_token_that_is_not_right_says_why_and_nothing_of_itself(token: str, reason: str) -> None:
    with pytest.raises(UnauthorizedError) as caught:
        await Tokens(ACCESS).read(token)
    assert reason in str(caught.value)
    assert caught.value.told
    assert "anna" not in str(caught.value)
    assert '"' not in str(caught.value), "it goes into a quoted string of WWW-Authenticate"


async def test_clocks_of_two_machines_may_differ_a_little() -> None:
    assert await Tokens(ACCESS).read(signed(exp=int(time.time()) - 5))


async def test_an_audience_is_wanted_where_one_is_named() -> None:
    tokens = Tokens(Access.model_validate({"token_key": KEY, "token_audience": "eyeline"}))
    assert await tokens.read(signed(aud=["eyeline", "others"]))
    for token in (signed(), signed(aud="others")):
        with pytest.raises(UnauthorizedError):
            await tokens.read(token)


async def test_whatever_is_written_instead_of_a_token_is_refused_and_breaks_nothing() -> None:
    tokens = Tokens(ACCESS)

    @settings(max_examples=40)
    @given(st.one_of(st.text(), st.lists(st.text().map(part), min_size=3, max_size=3).map(".".join)))
    @example(f"{part({'alg': 'HS256', 'crit': ['x']})}.{part({})}.")
    @example(f"{part({'alg': ['HS256']})}.{part({})}.")
    @example(f"{part([])}.{part([])}.{part([])}")
    @example(signed(exp="Infinity"))
    @example(f"{part({'alg': 'HS256', 'typ': 1, 'b64': False})}.{part('Infinity')}.")
    def refuse(token: str) -> None:
        coroutine = tokens.read(token)
        with pytest.raises(UnauthorizedError):
            coroutine.send(None)

    refuse()


@pytest.mark.parametrize("expires", [float("inf"), True, [], {}, None, "soon"])
async def test_an_expiry_that_is_no_time_is_refused(expires: object) -> None:
    with pytest.raises(UnauthorizedError):
        await Tokens(ACCESS).read(jwt.encode({"sub": "anna", "exp": expires}, KEY, "HS256"))


async def test_what_is_minted_can_be_read() -> None:
    token = mint(KEY, "anna", ("watch", "tap"), ttl=60, room="1234")
    assert await Tokens(ACCESS).read(token) == Identity("anna", frozenset({"watch", "tap"}), "1234")
    audience = Access.model_validate({"token_key": KEY, "token_audience": "eyeline"})
    assert await Tokens(audience).read(mint(KEY, "anna", (), ttl=60, audience="eyeline"))
    with pytest.raises(UnauthorizedError):
        await Tokens(ACCESS).read(mint(KEY, "anna", (), ttl=-60))


async def test_guests_get_names_of_their_own_and_may_enter_one_room() -> None:
    access = Access.model_validate({"token_key": KEY, "guests": True, "guest_room": "1234", "token_audience": "here"})
    one, other = [await Tokens(access).read(mint_for_guest(access)) for _ in range(2)]
    assert one.owner != other.owner
    assert one.rights == {"session"}
    assert one.room == "1234"
    with pytest.raises(ForbiddenError, match="guests get no token"):
        mint_for_guest(ACCESS)


async def test_keys_of_a_provider_are_fetched_once_and_known_by_name(keys: KeyServer) -> None:
    first, second = keys.make("first"), keys.make("second")
    tokens = Tokens(Access.model_validate({"token_jwks": keys.address}))
    for name, key in (("first", first), ("second", second), ("first", first)):
        assert (await tokens.read(signed(key, "RS256", {"kid": name}))).owner == "anna"
    assert keys.requests == 1
    for name, key in (("first", second), ("third", first)):
        with pytest.raises(UnauthorizedError, match="not signed by an issuer"):
            await tokens.read(signed(key, "RS256", {"kid": name}))


async def test_who_makes_up_names_of_keys_cannot_have_them_fetched_each_time(keys: KeyServer) -> None:
    keys.make("first")
    tokens = Tokens(Access.model_validate({"token_jwks": keys.address}))
    foreign = keys.make("foreign")
    keys.public.pop()
    for number in range(20):
        with pytest.raises(UnauthorizedError):
            await tokens.read(signed(foreign, "RS256", {"kid": f"made up {number}"}))
    assert keys.requests <= 2


async def test_a_public_key_is_no_secret_to_sign_with(keys: KeyServer) -> None:
    """A token signed with the public key's bytes as a shared secret is refused."""
    keys.make("first")
    public = json.dumps(keys.public[0]).encode()
    signed_part = f"{part({'alg': 'HS256', 'kid': 'first'})}.{part({'sub': 'anna', 'exp': 9999999999})}"
    digest = hmac.new(public, signed_part.encode(), hashlib.sha256).digest()
    tokens = Tokens(Access.model_validate({"token_jwks": keys.address}))
    with pytest.raises(UnauthorizedError):
        await tokens.read(f"{signed_part}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}")


async def test_own_key_and_provider_live_side_by_side(keys: KeyServer) -> None:
    key = keys.make("first")
    tokens = Tokens(Access.model_validate({"token_jwks": keys.address, "token_key": KEY}))
    assert await tokens.read(signed(key, "RS256", {"kid": "first"}))
    assert await tokens.read(signed())


async def test_a_provider_that_is_away_is_not_the_fault_of_the_token(keys: KeyServer) -> None:
    key, clock = keys.make("first"), Clock()
    token = signed(key, "RS256", {"kid": "first"})
    tokens = Tokens(Access.model_validate({"token_jwks": keys.address}), clock)
    keys.broken = True
    for _ in range(3):
        with pytest.raises(KeysError):
            await tokens.read(token)
    assert keys.requests == 1, "a failed server is not requested again at once"
    keys.broken = False
    clock.now += 6
    assert await tokens.read(token)


def test_a_right_that_was_not_given_is_refused() -> None:
    identity = Identity("anna", frozenset({"session"}), "1234")
    identity.require("session")
    identity.require("session", "1234")
    for right, room in (("watch", None), ("tap", "1234"), ("session", "4321")):
        with pytest.raises(ForbiddenError):
            identity.require(right, room)  # type: ignore[arg-type]


def test_a_session_of_somebody_else_is_refused() -> None:
    identity = Identity("anna", RIGHTS)
    identity.require_owner("anna")
    for owner in ("bob", ""):
        with pytest.raises(ForbiddenError, match="somebody else"):
            identity.require_owner(owner)


def test_anybody_may_do_everything_where_nobody_is_asked() -> None:
    ANONYMOUS.require_owner("")
    for right in RIGHTS:
        ANONYMOUS.require(right, "1234")
