import io
import tarfile
from pathlib import Path

import pytest

from scripts.building import portraits
from scripts.building.portraits import FOLDER, PACKAGE, PORTRAITS, VERSION


@pytest.fixture(autouse=True)
def nothing_read_yet() -> None:
    portraits._images.cache_clear()


def archive(path: Path, pictures: dict[str, bytes]) -> Path:
    """A source archive with these among its test images."""
    with tarfile.open(path, mode="w:gz") as made:
        for name, content in pictures.items():
            member = tarfile.TarInfo(f"{PACKAGE}-{VERSION}/tests/test_images/{name}")
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return path


def test_what_is_missing_is_taken_out_of_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = {inside: (FOLDER / name).read_bytes() for name, (inside, _) in PORTRAITS.items()}
    made = archive(tmp_path / "some.tar.gz", pictures)
    asked: list[tuple[object, ...]] = []

    def download(*words: object) -> Path:
        asked.append(words)
        return made

    monkeypatch.setattr(portraits, "download", download)
    assert portraits.main(tmp_path / "new") is None
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(PORTRAITS)
    assert portraits.main(tmp_path / "new") is None
    assert len(asked) == 1


def test_an_archive_without_them_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = archive(tmp_path / "some.tar.gz", {"obama.jpg": b"another picture"})
    monkeypatch.setattr(portraits, "download", lambda *_: made)
    told = portraits.main(tmp_path / "new")
    assert told is not None
    assert "obama.jpg in face_recognition==1.3.0, by pip: not the expected content" in told
