import pytest

from relay.config.serve import Serve
from relay.errors import ConfigError, ForbiddenError, TargetError
from relay.http.access.tokens import Identity
from relay.http.bodies import IntoJanus, IntoWhip, TapOrder
from relay.http.publishing import egress_for, find_meeting, tap_for
from relay.sfu.janus import JanusEgress
from relay.sfu.whip import WhipEgress

HIDDEN = "ws://10.1.2.3:8188"
MEETINGS = f'{{"main": "{HIDDEN}", "stage": "https://whip.example.org/live", "lab": "wss://lab.example.org/"}}'
IN_ROOM = Identity("anna", frozenset({"session", "tap"}), "1234")


@pytest.fixture
def settings() -> Serve:
    return Serve.read(["--meetings", MEETINGS], "test")


def into(janus: str = "main", room: int | str = 1234) -> IntoJanus:
    return IntoJanus(janus=janus, room=room, display="Anna")


def test_each_kind_of_meeting_has_its_way_in(settings: Serve) -> None:
    assert isinstance(egress_for(into(), settings), JanusEgress)
    assert isinstance(egress_for(IntoWhip(whip="stage"), settings), WhipEgress)


@pytest.mark.parametrize("asked", ["lab", "wss://lab.example.org/", "wss://lab.example.org"])
def test_a_meeting_server_goes_by_its_name_or_its_address(settings: Serve, asked: str) -> None:
    assert find_meeting(asked, settings, {"wss"}) == ("lab", "wss://lab.example.org/")


@pytest.mark.parametrize(
    "asked", ["other", "ws://169.254.169.254", f"{HIDDEN}/admin", "stage", "https://whip.example.org/live"]
)
def test_what_is_not_listed_is_not_called_and_no_address_is_told(settings: Serve, asked: str) -> None:
    with pytest.raises(TargetError, match=r"may call lab, main$") as raised:
        egress_for(into(asked), settings)
    assert "10.1.2.3" not in str(raised.value)


def test_a_relay_without_meetings_says_who_could_list_some() -> None:
    with pytest.raises(TargetError, match="--meetings"):
        egress_for(IntoWhip(whip="stage"), Serve.read([], "test"))


@pytest.mark.parametrize("address", ["10.1.2.3:8188", "file:///etc/passwd", "ws://", "ftp://x"])
def test_an_address_that_no_adapter_could_call_is_refused_at_the_start(address: str) -> None:
    with pytest.raises(ConfigError, match=r"meetings\.main"):
        Serve.read(["--meetings", f'{{"main": "{address}"}}'], "test")


def test_a_token_for_one_room_opens_no_other(settings: Serve) -> None:
    assert egress_for(into(), settings, IN_ROOM)
    assert tap_for(TapOrder(janus="main", room=1234, display="Berta"), settings, IN_ROOM)
    for room in (1235, "01234", "standup"):
        with pytest.raises(ForbiddenError):
            egress_for(into(room=room), settings, IN_ROOM)
        with pytest.raises(ForbiddenError):
            tap_for(TapOrder(janus="main", room=room, display="Berta"), settings, IN_ROOM)
    with pytest.raises(ForbiddenError):
        egress_for(IntoWhip(whip="stage"), settings, IN_ROOM)
    assert egress_for(IntoWhip(whip="stage"), settings, Identity("anna", frozenset({"session"}), "stage"))


def test_a_tap_needs_a_right_of_its_own(settings: Serve) -> None:
    order = TapOrder(janus="main", room=1234, display="Berta")
    with pytest.raises(ForbiddenError, match="tap"):
        tap_for(order, settings, Identity("anna", frozenset({"session"})))
    assert tap_for(order, settings, Identity("anna", frozenset({"tap"}))).owner == "anna"
