"""A network that loses and delays datagrams, below the aiortc of this process: seeded, in both directions.

As a program it is a relay behind such a network: python -m tests.bad_network SETTINGS [PROGRAM ...] serve FLAGS.
SETTINGS is `str` of a BadNetwork. Arguments between it and "serve" are ignored, so that these can be put before a
command that starts a relay. With `eyes=0` no face is found: frames pass the same pipeline at no cost of detection.
"""

import asyncio
import random
import signal
import sys
import time
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Final

from aioice.ice import StunProtocol

RTP: Final = range(128, 192)  # first byte of RTP and RTCP beside STUN and DTLS (RFC 7983)
INTERVAL: Final = 0.1  # seconds
_made: Final[Any] = StunProtocol.connection_made
_received: Final[Any] = StunProtocol.datagram_received


@dataclass
class BadNetwork:
    """up: share of received datagrams that is lost [%]; down: of sent ones. delay: in each direction [ms].

    Loss starts with the first media packet, so that it does not affect call setup.
    """

    up: float = 5.0
    down: float = 5.0
    delay: float = 0.0
    seed: int = 1
    eyes: int = 1
    _generators: dict[str, random.Random] = field(default_factory=dict, repr=False)
    _started: bool = False

    @classmethod
    def parse(cls, text: str) -> "BadNetwork":
        """From up=5,down=5,delay=25,seed=1,eyes=1."""
        words = dict(word.split("=") for word in text.split(","))
        return cls(**{name: type(getattr(cls, name))(value) for name, value in words.items()})

    def __str__(self) -> str:
        return ",".join(f"{name}={value}" for name, value in asdict(self).items() if name[0] != "_")

    def install(self) -> None:
        """Apply to every connection of this process that is made from now on."""
        protocol: Any = StunProtocol
        network = self

        def connection_made(self: Any, transport: Any) -> None:
            _made(self, LossyTransport(transport, network))

        def datagram_received(self: Any, data: bytes, address: Any) -> None:
            network.carry(data, "up", partial(_received, self, data, address))

        protocol.connection_made, protocol.datagram_received = connection_made, datagram_received

    @staticmethod
    def remove() -> None:
        """Stop applying to connections made from now on."""
        protocol: Any = StunProtocol
        protocol.connection_made, protocol.datagram_received = _made, _received

    def carry(self, data: bytes, way: str, deliver: Any) -> None:
        """Deliver a datagram, at once, delayed, or not at all."""
        self._started = self._started or data[0] in RTP
        random_ = self._generators.setdefault(way, random.Random(f"{self.seed} {way}"))  # noqa: S311 - no secret
        if self._started and 100 * random_.random() < getattr(self, way):
            return
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay / 1000, deliver)
        else:
            deliver()


class LossyTransport:
    """A datagram transport that loses some datagrams."""

    def __init__(self, transport: Any, network: BadNetwork) -> None:
        self._transport, self._network = transport, network

    def sendto(self, data: bytes, address: Any = None) -> None:
        self._network.carry(data, "down", partial(self._send, data, address))

    def _send(self, data: bytes, address: Any) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(data, address)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


async def serve_without_faces(flags: list[str]) -> None:
    """Run a relay that finds no faces until SIGINT. Prints when the event loop was delayed."""
    from relay.app import listening  # noqa: PLC0415 - after the threads are limited, as in __main__
    from relay.config.serve import Serve  # noqa: PLC0415
    from tests.fakes import StageFactory  # noqa: PLC0415

    async with listening(Serve.read(flags, "lossy"), StageFactory()) as address:
        _print(address)
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
        while not stop.is_set():
            due = time.monotonic() + INTERVAL
            await asyncio.sleep(INTERVAL)
            if (late := time.monotonic() - due) > INTERVAL:
                _print(f"late by {1000 * late:.0f} ms")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve behind a bad network."""
    network, flags = BadNetwork.parse(sys.argv[1]), sys.argv[sys.argv.index("serve") + 1 :]
    network.install()
    if network.eyes:
        from relay.__main__ import main  # noqa: PLC0415

        sys.exit(main(["serve", *flags]))
    asyncio.run(serve_without_faces(flags))


if __name__ == "__main__":
    main()
