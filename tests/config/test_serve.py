import pytest
from pydantic import ValidationError

from relay.config.correction import Correction
from relay.config.engine import Limits
from relay.config.serve import Serve


def test_the_defaults_are_valid_and_frozen() -> None:
    settings = Serve.read([], "relay serve")
    assert settings.correction == Correction()
    assert settings.limits == Limits()
    with pytest.raises(ValidationError):
        settings.port = 1  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.correction.pitch = 1  # type: ignore[misc]


def test_ice_servers_are_a_list() -> None:
    assert Serve.read([], "x").ice_servers == []
    two = Serve.read(["--ice-servers", '["stun:one:3478", "turn:two:3478"]'], "x").ice_servers
    assert two == ["stun:one:3478", "turn:two:3478"]
