"""A real TURN server: coturn, on a free port of this machine's own address."""

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from aioice.ice import get_host_addresses

from tests.deadlines import scaled
from tests.servers.ports import Port

START_TIMEOUT = scaled(30)  # seconds until it listens
REALM = "eyeline.test"


class RunningCoturn:
    """`turnserver` that accepts credentials made with `secret`. urls: as in RTCPeerConnection's configuration."""

    def __init__(self, secret: str) -> None:
        program = shutil.which("turnserver")
        if program is None:
            pytest.fail("no TURN server: install the package coturn", pytrace=False)
        # Media are sent from this machine's own address, never from loopback, so that address relays.
        self.address = get_host_addresses(use_ipv4=True, use_ipv6=False)[0]
        self._claimed = Port(self.address)
        self.port = self._claimed.number
        self.urls = [f"turn:{self.address}:{self.port}"]
        self._folder = tempfile.TemporaryDirectory(prefix="coturn-")
        self._log = Path(self._folder.name) / "log"
        flags = {
            "listening-ip": self.address,
            "listening-port": self.port,
            "relay-ip": self.address,
            "static-auth-secret": secret,
            "realm": REALM,
            "min-port": 49152,
            "max-port": 65535,
            "userdb": Path(self._folder.name) / "db",
            "pidfile": Path(self._folder.name) / "pid",
            "log-file": "stdout",
        }
        switches = ("-n", "--use-auth-secret", "--no-tls", "--no-dtls", "--no-cli", "--simple-log", "--verbose")
        command = [program, *switches, *(f"--{name}={value}" for name, value in flags.items())]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=self._folder.name, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            self._await_start()
        except BaseException:
            self.kill()
            raise

    @property
    def log(self) -> str:
        """Its output so far, including allocations."""
        return self._log.read_text(errors="replace")

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()
        self._claimed.release()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def _await_start(self) -> None:
        """Wait until it accepts TCP; it listens on TCP and UDP."""
        end = time.monotonic() + START_TIMEOUT
        while self.process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection((self.address, self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"coturn did not start:\n{self.log}")
