"""Two Linux network namespaces with a lossy link between them: relay on one end, browser on the other.

Needs root, `ip` and `nft`. Packets are dropped at the receiver, so the sender is not notified.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

RELAY, BROWSER = "eyeline-relay", "eyeline-browser"
ADDRESS: Final = "10.77.0.1"  # the relay's
RULES: Final = """
table inet loss {{
  chain arriving {{
    type filter hook input priority 0;
    meta l4proto udp numgen random mod 10000 < {share:.0f} counter drop
  }}
}}
"""


@dataclass(frozen=True)
class Ends:
    """relay: command prefix that runs a command on the relay's end. chromium: a program that starts Chromium on the
    other. lost: packets dropped, both ways.
    """

    relay: tuple[str, ...]
    chromium: Path

    @property
    def lost(self) -> int:
        """Packets dropped until now."""
        return sum(_counted(name) for name in (RELAY, BROWSER))

    def set_loss(self, percent: float) -> None:
        """Set the share of packets to drop each way [%]."""
        for name in (RELAY, BROWSER):
            _run("ip", "netns", "exec", name, "nft", "flush", "ruleset")
            rules = RULES.format(share=100 * percent)
            _run("ip", "netns", "exec", name, "nft", "-f", "-", text=rules)


def available() -> bool:
    """Whether this machine supports it."""
    return os.geteuid() == 0 and all(shutil.which(name) for name in ("ip", "nft"))


@contextmanager
def joined(chromium: Path) -> Iterator[Ends]:
    """Both namespaces, connected; removed afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, "chromium")
        program.write_text(f'#!/bin/sh\nexec ip netns exec {BROWSER} "{chromium}" "$@"\n')
        program.chmod(0o755)
        _remove()
        try:
            for name in (RELAY, BROWSER):
                _run("ip", "netns", "add", name)
                _run("ip", "-n", name, "link", "set", "lo", "up")
            _run(*f"ip link add wire netns {RELAY} type veth peer name wire netns {BROWSER}".split())
            for name, address in ((RELAY, ADDRESS), (BROWSER, "10.77.0.2")):
                _run("ip", "-n", name, "address", "add", f"{address}/24", "dev", "wire")
                _run("ip", "-n", name, "link", "set", "wire", "up")
            yield Ends(("ip", "netns", "exec", RELAY), program)
        finally:
            _remove()


def _remove() -> None:
    for name in (RELAY, BROWSER):
        subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def _counted(name: str) -> int:
    words = _run("ip", "netns", "exec", name, "nft", "list", "ruleset").split()
    return int(words[words.index("packets") + 1]) if "packets" in words else 0


def _run(*words: str, text: str | None = None) -> str:
    return subprocess.run(words, check=True, input=text, capture_output=True, text=True).stdout
