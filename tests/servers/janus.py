"""A real Janus in its own process: VideoRoom over WebSocket, with as few other modules as possible."""

import random
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Final, Self

import pytest
from aioice.ice import get_host_addresses

from tests.deadlines import scaled
from tests.servers.ports import Port

LIBRARIES: Final = Path("/usr/lib/x86_64-linux-gnu/janus")
USED: Final = {"libjanus_videoroom.so", "libjanus_websockets.so"}
START_TIMEOUT: Final = scaled(30)  # seconds until it listens
MEDIA_PORTS: Final = 200  # of UDP; Janus uses those that are free
Room = Mapping[str, str | int | bool]


class RunningJanus:
    """Janus with these rooms, name to settings; of each: publishers, pin, bitrate [bit/s], secret and whatever else
    janus.plugin.videoroom.jcfg knows. A room without settings takes ten publishers and sets no bitrate. Names are
    numbers, or strings with string_ids.

    api_port: of the WebSocket API on 127.0.0.1; 0: a free one, the same after each start(). Media use the machine's own
    interface: Janus never uses the loopback.
    """

    def __init__(
        self, rooms: Mapping[int | str, Room] | None = None, *, api_port: int = 0, string_ids: bool = False
    ) -> None:
        program = shutil.which("janus")
        if program is None or not LIBRARIES.is_dir():
            pytest.fail("no Janus: install the Debian package janus (apt-get install --no-install-recommends janus)")
        self._folder = TemporaryDirectory(prefix="janus-")
        self.folder = Path(self._folder.name)
        self._claimed = None if api_port else Port()
        self.port = self._claimed.number if self._claimed else api_port
        self.process: subprocess.Popen[bytes] | None = None
        self._command = [program, "-F", str(self.folder)]
        self._write("janus", _core())
        self._write("janus.transport.websockets", _api(self.port))
        self._write("janus.plugin.videoroom", _videoroom(rooms if rooms is not None else {1234: {}}, string_ids))

    @property
    def address(self) -> str:
        """URL of its WebSocket API."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """Its output so far."""
        return (self.folder / "output").read_text(errors="replace")

    def start(self) -> None:
        """Start or restart it; returns once it accepts connections."""
        with (self.folder / "output").open("ab") as output:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not _answers(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"Janus did not start:\n{self.output}")
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill it, as in a crash."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        if self._claimed:
            self._claimed.release()
        self._folder.cleanup()

    def _write(self, name: str, text: str) -> None:
        (self.folder / f"{name}.jcfg").write_text(text)


def _core() -> str:
    first = random.randrange(20000, 32000, MEDIA_PORTS)  # noqa: S311 - so that two rarely overlap
    own = ",".join(get_host_addresses(use_ipv4=True, use_ipv6=False))
    parts = ("plugins", "transports", "loggers", "events")
    unused = "\n".join(f'{part} = {{ disable = "{",".join(_unused(part))}" }}' for part in parts)
    folders = "\n".join(f'  {part}_folder = "{LIBRARIES / part}"' for part in parts)
    return f"""
general = {{
{folders}
  debug_level = 4
  debug_colors = false
}}
media = {{ rtp_port_range = "{first}-{first + MEDIA_PORTS - 1}" }}
nat = {{ ice_enforce_list = "{own}" }}
{unused}
"""


def _unused(part: str) -> list[str]:
    return sorted(file.name for file in (LIBRARIES / part).glob("*.so") if file.name not in USED)


def _api(port: int) -> str:
    return f'general = {{ json = "compact", ws = true, ws_port = {port}, ws_ip = "127.0.0.1", wss = false }}\n'


def _videoroom(rooms: Mapping[int | str, Room], string_ids: bool) -> str:
    return "\n".join([f"general = {{ string_ids = {_value(string_ids)} }}", *map(_room, rooms, rooms.values())])


def _room(name: int | str, settings: Room) -> str:
    chosen: Room = {"publishers": 10, "videocodec": "vp8,h264", **settings}
    return f"room-{name} = {{ {', '.join(f'{key} = {_value(value)}' for key, value in chosen.items())} }}"


def _value(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
