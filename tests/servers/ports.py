"""Ports that stay reserved while a server restarts, against other tests in all processes.

They are below the ephemeral range (from 32768 on Linux, from 49152 on macOS): otherwise any connection of any program
could take the port of a server that is being restarted.
"""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

LOWEST, HIGHEST = 10000, 19999
FOLDER = Path(tempfile.gettempdir()) / f"eyeline-test-ports-{os.getuid()}"


class Port:
    """A TCP port of this address, reserved until release() is called or the process ends."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        FOLDER.mkdir(exist_ok=True)
        for number in random.sample(range(LOWEST, HIGHEST + 1), HIGHEST + 1 - LOWEST):
            self._lock = os.open(FOLDER / str(number), os.O_CREAT | os.O_RDWR, 0o600)
            if _locks(self._lock) and _is_free(address, number):
                self.number = number
                return
            os.close(self._lock)
        raise RuntimeError(f"all ports from {LOWEST} to {HIGHEST} are taken")

    def release(self) -> None:
        """Release the port."""
        os.close(self._lock)


def _locks(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_free(address: str, number: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, number))
        except OSError:
            return False
    return True
