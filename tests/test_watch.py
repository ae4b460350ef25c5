"""The watch has to hear: a deaf one would find any program innocent."""

import subprocess
import sys

import pytest

from tests.watch import Attempt, Watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")

# 203.0.113.0/24 and 2001:db8::/32 are for documentation and lead nowhere; nothing is sent to them either.
PYTHON = """
import socket
for family, place in (socket.AF_INET, ("203.0.113.1", 443)), (socket.AF_INET6, ("2001:db8::1", 443)), (
    socket.AF_INET, ("127.0.0.1", 53)
):
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        print(one.connect_ex(place))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    for send in one.sendto, lambda data, place: one.sendmsg([data], [], 0, place):
        try:
            send(b"x", ("203.0.113.2", 9))
        except OSError as error:
            print(error.errno)
"""
NATIVE = """
import ctypes
libc = ctypes.CDLL(None)
place = bytes([2, 0, 1, 187, 203, 0, 113, 3]) + bytes(8)
print(libc.connect(libc.socket(2, 2, 0), place, 16))
"""
LOOK_UP = "import socket; socket.getaddrinfo('nobody.invalid', 443)"
LOCAL = """
import socket
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
server.accept()[0].sendall(b"hello")
print(client.recv(5))
"""


def run(program: str) -> tuple[list[Attempt], str, int]:
    with Watch() as watch:
        process = watch.start(
            lambda: subprocess.Popen(
                [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            )
        )
        output, _ = process.communicate()
    return watch.attempts, output, watch.calls


def test_outside_addresses_and_name_servers_are_refused_and_noted() -> None:
    attempts, output, _ = run(PYTHON)
    assert attempts == [
        Attempt("connect", "203.0.113.1:443"),
        Attempt("connect", "[2001:db8::1]:443"),
        Attempt("connect", "127.0.0.1:53"),
        Attempt("sendto", "203.0.113.2:9"),
        Attempt("sendmsg", "203.0.113.2:9"),
    ]
    assert output.split() == ["101"] * 5


def test_native_code_is_heard() -> None:
    assert run(NATIVE)[0] == [Attempt("connect", "203.0.113.3:443")]


def test_children_are_heard() -> None:
    attempts, _, _ = run(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {NATIVE!r}])")
    assert attempts == [Attempt("connect", "203.0.113.3:443")]


def test_a_look_up_is_heard() -> None:
    attempts, _, _ = run(LOOK_UP)
    assert attempts


def test_this_machine_may_be_reached() -> None:
    attempts, output, calls = run(LOCAL)
    assert attempts == []
    assert output == "b'hello'\n"
    assert calls > 0
