import sys
from pathlib import Path

import pytest

from scripts.measuring import peers
from scripts.measuring.peers import HEAD, Call, command_of, compare, row, serving, summarise

SERVER = "import time; print('listening on http://127.0.0.1:8123 (Ctrl+C ends it)', flush=True); time.sleep(60)"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(peers, "ROOT", tmp_path)
    monkeypatch.setattr(peers, "FOLDER", tmp_path / "peers")
    return tmp_path / "peers"


def test_figures_are_over_all_rounds_and_each_half_over_all_of_its_kind() -> None:
    calls = [Call([10.0], [30.0, 30.0], 2.0, 0.5, 0.1), Call([20.0], [50.0], 2.0, 0.7, 0.1)]
    found = summarise("aiortc", 2, calls)
    assert (found["pictures"], found["fps"]) == (5, 1.2)
    assert found["glass_to_glass_ms"]["p50"] == 30.0
    assert found["halves_ms"] == {"first": 15.0, "second": 30.0}
    assert found["server_cores"] == 0.6


def test_a_peer_is_compared_with_ours_at_as_many_sessions() -> None:
    runs = [
        summarise(server, sessions, [Call([way], [way], 1.0, None, None)])
        for server, sessions, way in (("eyeline", 1, 100.0), ("eyeline", 2, 200.0), ("fastrtc", 2, 900.0))
    ]
    assert compare(runs) == [{"peer": "fastrtc", "sessions": 2, "times_ours": 4.5}]
    assert dict(zip(HEAD, row(runs[2], 4.5), strict=True))["server cpu %"] is None


def test_where_nothing_came_back_there_is_nothing_to_compare() -> None:
    runs = [summarise(server, 1, [Call([], [], 1.0, None, None)]) for server in ("eyeline", "fastrtc")]
    assert compare(runs) == []
    runs[0] = summarise("eyeline", 1, [Call([100.0], [], 1.0, None, None)])
    assert compare(runs) == [{"peer": "fastrtc", "sessions": 1, "times_ours": None}]


def test_a_server_is_reached_at_the_address_it_prints_and_is_gone_afterwards() -> None:
    with serving([sys.executable, "-c", SERVER]) as (address, number):
        assert address == "http://127.0.0.1:8123"
        assert Path(f"/proc/{number}").exists()
    assert not Path(f"/proc/{number}").exists()


def test_a_server_that_ends_instead_of_listening_is_told_with_what_it_said() -> None:
    with pytest.raises(RuntimeError, match="no such option"), serving([sys.executable, "-c", "exit('no such option')"]):
        pass


def test_ours_is_the_relay_and_a_peer_is_our_server_of_its_name() -> None:
    assert command_of("eyeline", "python", 3)[3:5] == ["relay", "serve"]
    assert command_of("fastrtc", "python", 3)[3:] == [
        "scripts.measuring.calls.peer_server",
        "fastrtc",
        "--sessions",
        "3",
    ]


def test_a_package_that_cannot_be_had_is_none_and_leaves_no_mark_of_success(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(peers.PACKAGES, "nothing", "eyeline-no-such-thing==1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert peers.install("nothing") is None
    assert not (place / "nothing" / "installed").exists()


def test_an_environment_has_what_ours_has_and_is_made_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(peers.PACKAGES, "there already", "numpy")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    python = peers.install("there already")
    assert python is not None
    made = python.lstat().st_ctime_ns
    assert peers.install("there already") == python
    assert python.lstat().st_ctime_ns == made
