import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest

from relay.errors import MediaError
from relay.film.files.draft import Draft, writing


def test_the_target_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    with Draft(target) as draft:
        draft.path.write_bytes(b"half")
        assert not target.exists()
        draft.path.write_bytes(b"whole")
        draft.commit()
    assert target.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [target]


def test_an_early_end_leaves_nothing_behind_and_the_old_file_alone(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    target.write_bytes(b"old")
    with suppress(ZeroDivisionError), Draft(target) as draft:
        draft.path.write_bytes(b"half")
        raise ZeroDivisionError
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_it_has_the_permissions_of_the_file_it_replaces(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    target.touch()
    target.chmod(0o640)
    with Draft(target) as draft:
        draft.commit()
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        with Draft(tmp_path / "out.mp4") as draft:
            draft.commit()
    finally:
        os.umask(old)
    assert (tmp_path / "out.mp4").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path: Path) -> None:
    real, link = tmp_path / "real.mp4", tmp_path / "link.mp4"
    real.write_bytes(b"old")
    link.symlink_to(real)
    with Draft(link) as draft:
        draft.path.write_bytes(b"new")
        draft.commit()
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_the_draft_keeps_the_ending(tmp_path: Path) -> None:
    with Draft(tmp_path / "OUT.MKV") as draft:
        assert draft.path.suffix == ".mkv"


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="is a folder"):
        Draft(tmp_path)


def test_a_device_is_not_replaced() -> None:
    with pytest.raises(MediaError, match="not a regular file"):
        Draft(Path("/dev/null"))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"there is no folder .*nowhere"):
        Draft(tmp_path / "nowhere" / "out.mp4")


def test_a_write_protected_file_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "out.mp4"
    target.touch()
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode == os.W_OK and Path(path) == target))
    with pytest.raises(MediaError, match="write-protected"):
        Draft(target)


def test_a_folder_that_takes_no_file_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(MediaError, match="permission denied; choose a folder"):
        Draft(tmp_path / "out.mp4")


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EFBIG, "no larger file"),
        (errno.EIO, "broke"),
    ],
)
def test_what_went_wrong_while_writing_is_said_with_a_way_out(number: int, says: str) -> None:
    with pytest.raises(MediaError, match=rf"^out\.mp4 cannot be written: .*{says}"), writing(Path("out.mp4")):
        raise OSError(number, "it broke")
