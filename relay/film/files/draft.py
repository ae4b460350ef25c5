"""A file that replaces its target only once it is complete. Knows nothing of its content."""

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
    """A temporary file beside its target, which becomes the target on commit.

    If the work ends early, an existing target is unchanged and no incomplete file is left.
    path: where to write. Use as a context manager.
    """

    def __init__(self, target: Path) -> None:
        """Create the file, empty. Raises MediaError where the target cannot be written."""
        self.target = target
        # A symbolic link is followed: its target is replaced, not the link.
        self._resolved = Path(os.path.realpath(target))
        _check(target, self._resolved)
        with writing(target):
            handle, name = tempfile.mkstemp(target.suffix.lower(), ".relay-", self._resolved.parent)
            os.close(handle)
        self.path = Path(name)

    def commit(self) -> None:
        """Replace the target with the finished file. Raises MediaError."""
        with writing(self.target):
            self.path.chmod(self._mode())
            with self.path.open("rb") as written:
                # Some file systems report only here that the disk is full.
                os.fsync(written.fileno())
            self.path.replace(self._resolved)

    def discard(self) -> None:
        """Remove the temporary file, unless it has been committed."""
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def _mode(self) -> int:
        """The permissions of the replaced file, else those of a new file."""
        if self._resolved.exists():
            return stat.S_IMODE(self._resolved.stat().st_mode)
        os.umask(mask := os.umask(0))
        return 0o666 & ~mask


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Turn an error of the system or FFmpeg while writing into a MediaError that names the target and a remedy."""
    try:
        yield
    except (OSError, FFmpegError) as error:
        reason = _REASONS.get(error.errno or 0, error.strerror)
        raise MediaError(f"{target} cannot be written: {reason}") from error


def _check(target: Path, resolved: Path) -> None:
    """Check that the target can be written, before any work is done. Raises MediaError."""
    if resolved.is_dir():
        raise MediaError(f"{target} is a folder: name a file in it")
    if resolved.exists() and not resolved.is_file():
        raise MediaError(f"{target} is not a regular file: choose another name")
    if resolved.exists() and not os.access(resolved, os.W_OK):
        raise MediaError(f"{target} is write-protected: choose another name, or allow writing to it")
    if not resolved.parent.is_dir():
        raise MediaError(f"{target} cannot be written: there is no folder {resolved.parent}")
