"""A file that takes its place only once it is complete. Knows nothing of what is written into it."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from av.error import FFmpegError

from relay.errors import MediaError

_REASONS: Final = {
    errno.ENOSPC: "the disk is full; free some space or write to another one",
    errno.EDQUOT: "your disk quota is used up; free some space or write to another disk",
    errno.EFBIG: "the file system, or a limit set by ulimit -f, allows no larger file; write to another disk",
    errno.EROFS: "the file system is read-only; write to another one",
    errno.EACCES: "permission denied; choose a folder that you may write to",
    errno.EPERM: "permission denied; choose a folder that you may write to",
}


class Draft:
    """A new file beside its target, under a name of its own, and then the target itself.

    Whatever ends the work early, an existing target stays as it was and nothing half-written stays behind.
    path: where to write. Use as a context manager.
    """

    def __init__(self, target: Path) -> None:
        """Begin the file, empty. Raises MediaError where the target cannot be written."""
        self.target = target
        # A link is followed: what it points to is replaced, not the link.
        self._place = Path(os.path.realpath(target))
        _check(target, self._place)
        with writing(target):
            handle, name = tempfile.mkstemp(target.suffix.lower(), ".relay-", self._place.parent)
            os.close(handle)
        self.path = Path(name)

    def commit(self) -> None:
        """Put the finished file in the target's place, for good. Raises MediaError."""
        with writing(self.target):
            self.path.chmod(self._mode())
            with self.path.open("rb") as written:
                # Some file systems say only here that the disk was full.
                os.fsync(written.fileno())
            self.path.replace(self._place)

    def discard(self) -> None:
        """Remove what has been written, unless it is the target by now."""
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def _mode(self) -> int:
        """The permissions of the file that is replaced, else those of any new file."""
        if self._place.exists():
            return stat.S_IMODE(self._place.stat().st_mode)
        os.umask(mask := os.umask(0))
        return 0o666 & ~mask


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn what the system or FFmpeg says while writing into a MediaError that names target and a way out."""
    try:
        yield
    except (OSError, FFmpegError) as error:
        reason = _REASONS.get(error.errno or 0, error.strerror)
        raise MediaError(f"{target} cannot be written: {reason}") from error


def _check(target: Path, place: Path) -> None:
    """Say what is in the way before any work is done."""
    if place.is_dir():
        raise MediaError(f"{target} is a folder: name a file in it")
    if place.exists() and not place.is_file():
        raise MediaError(f"{target} is not a file that could be replaced: choose another name")
    if place.exists() and not os.access(place, os.W_OK):
        raise MediaError(f"{target} is write-protected: choose another name, or allow writing to it")
    if not place.parent.is_dir():
        raise MediaError(f"{target} cannot be written: there is no folder {place.parent}")
