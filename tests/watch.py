"""Records every address that a program tries to reach, native code and children included, and blocks outside ones.

Uses Linux' seccomp user notification (seccomp_unotify(2)): connect, sendto, sendmsg and sendmmsg of the watched program
block until this process has read the address. Needs no privileges and no tools. Addresses of this machine are allowed;
others, and any name server, fail with ENETUNREACH and are recorded.
"""

import ctypes
import errno
import fcntl
import ipaddress
import os
import select
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

import ifaddr

T = TypeVar("T")

# linux/prctl.h, seccomp.h, filter.h; system calls of x86-64, the only Linux that MediaPipe 0.10.33 is built for
PR_SET_NO_NEW_PRIVS = 38
SYS_SECCOMP, SET_MODE_FILTER, NEW_LISTENER = 317, 1, 1 << 3
RECEIVE, SEND, CONTINUE = 0xC0502100, 0xC0182101, 1
AUDIT_ARCH_X86_64, ALLOW, NOTIFY = 0xC000003E, 0x7FFF0000, 0x7FC00000
CALLS = {42: "connect", 44: "sendto", 46: "sendmsg", 307: "sendmmsg"}
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06

AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
NAME_SERVICES = {53, 853, 5353}  # DNS, DNS over TLS, multicast DNS
RESOLVER = "systemd/resolve"  # a name server behind a Unix socket


@dataclass(frozen=True)
class Attempt:
    """A call to an outside address or a name server. place: address and port, or a socket's path."""

    call: str
    place: str


class Watch:
    """Watches the processes started by it. attempts: calls to the outside; calls: number of inspected calls."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.calls = 0
        self._own = {ip.ip if ip.is_IPv4 else ip.ip[0] for adapter in ifaddr.get_adapters() for ip in adapter.ips}
        self._listener = -1
        self._end = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="watch")

    def start(self, launch: Callable[[], T]) -> T:
        """Call launch, whose child processes are watched from their first instruction on."""
        results: list[T] = []
        problems: list[Exception] = []

        def run() -> None:  # a filter applies to the thread that installs it, and to what that thread starts
            try:
                self._listener = _filter_this_thread()
                self._supervisor.start()
                results.append(launch())
            except Exception as problem:  # raised in the caller's thread
                problems.append(problem)

        thread = threading.Thread(target=run, name="watched")
        thread.start()
        thread.join()
        if problems:
            raise problems[0]
        return results[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        if self._supervisor.ident:
            self._supervisor.join()
            os.close(self._listener)

    def _supervise(self) -> None:
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        while not self._end.is_set():
            for _, events in poll.poll(100):
                if not events & select.POLLIN:
                    return  # no watched process is left
                self._answer()

    def _answer(self) -> None:
        notification = bytearray(80)
        try:
            fcntl.ioctl(self._listener, RECEIVE, notification)
        except OSError:  # the caller has ended
            return
        token, process, _, number = struct.unpack_from("=QIIi", notification)
        arguments = struct.unpack_from("=6Q", notification, 32)
        self.calls += 1
        outside = [place for place in _places(process, CALLS[number], arguments) if self._is_outside(place)]
        self.attempts += [Attempt(CALLS[number], _format(place)) for place in outside]
        verdict = (-errno.ENETUNREACH, 0) if outside else (0, CONTINUE)
        try:
            fcntl.ioctl(self._listener, SEND, struct.pack("=QqiI", token, 0, *verdict))
        except OSError:
            return

    def _is_outside(self, place: "Place") -> bool:
        address, port = place
        if port is None:
            return RESOLVER in address
        return port in NAME_SERVICES or not (ipaddress.ip_address(address).is_loopback or address in self._own)


Place = tuple[str, int | None]  # an address and its port, or the path of a Unix socket


def _format(place: Place) -> str:
    address, port = place
    return address if port is None else f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _filter_this_thread() -> int:
    """Make the four calls of this thread and its children wait for a decision at the returned descriptor."""
    skip = len(CALLS)
    program = [(LOAD, 0, 0, 4), (EQUAL, 0, skip + 1, AUDIT_ARCH_X86_64), (LOAD, 0, 0, 0)]
    program += [(EQUAL, skip - index, 0, number) for index, number in enumerate(CALLS)]
    program += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, NOTIFY)]
    code = b"".join(struct.pack("=HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code)
    header = struct.pack("@HP", len(program), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    listener: int = libc.syscall(SYS_SECCOMP, SET_MODE_FILTER, NEW_LISTENER, ctypes.create_string_buffer(header))
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp user notification is not available")
    return listener


def _places(process: int, call: str, arguments: tuple[int, ...]) -> Iterator[Place]:
    """The destinations of this call; none for connected sockets and other address families."""
    with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:

        def read(address: int, length: int) -> bytes:
            memory.seek(address)
            return memory.read(length)

        for pointer, length in _pointers(call, arguments, read):
            if pointer and length >= 2 and (place := _parse(read(pointer, length))):
                yield place


def _pointers(call: str, arguments: tuple[int, ...], read: Callable[[int, int], bytes]) -> Iterator[tuple[int, int]]:
    """The socket addresses in this call's arguments: where in memory, how long."""
    if call == "connect":
        yield arguments[1], arguments[2]
    elif call == "sendto":
        yield arguments[4], arguments[5]
    else:
        step = 64  # struct mmsghdr; its first member is a struct msghdr, that begins with the name and its length
        for index in range(arguments[2] if call == "sendmmsg" else 1):
            pointer, length = struct.unpack("=QI", read(arguments[1] + index * step, 12))
            yield pointer, length


def _parse(address: bytes) -> Place | None:
    family = struct.unpack_from("=H", address)[0]
    if family == AF_UNIX:
        return address[2:].split(b"\0")[0].decode(errors="replace"), None
    if family == AF_INET:
        return str(ipaddress.IPv4Address(address[4:8])), struct.unpack_from(">H", address, 2)[0]
    if family == AF_INET6:
        six = ipaddress.IPv6Address(address[8:24])
        return str(six.ipv4_mapped or six), struct.unpack_from(">H", address, 2)[0]
    return None
