import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running import ROOT
from tests.servers import ports
from tests.servers.ports import Port


def test_a_port_is_given_once_until_it_is_released(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ports, "FOLDER", tmp_path)
    first = Port()
    monkeypatch.setattr(ports, "LOWEST", first.number)
    monkeypatch.setattr(ports, "HIGHEST", first.number)
    with pytest.raises(RuntimeError, match="taken"):
        Port()
    script = f"""
from pathlib import Path
from tests.servers import ports
ports.FOLDER, ports.LOWEST, ports.HIGHEST = Path({str(tmp_path)!r}), {first.number}, {first.number}
ports.Port()
"""
    other = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, capture_output=True, text=True)
    assert "are taken" in other.stderr
    first.release()
    assert Port().number == first.number


def test_a_port_that_somebody_listens_on_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ports, "FOLDER", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        monkeypatch.setattr(ports, "LOWEST", number)
        monkeypatch.setattr(ports, "HIGHEST", number)
        with pytest.raises(RuntimeError, match="taken"):
            Port()
