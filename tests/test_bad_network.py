"""A call over a network that loses one packet in twenty, each way, through a real browser."""

import re
import sys
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser

from scripts.measuring.calls.freezes import begin, freezes, read, summarise
from tests.bad_network import BadNetwork
from tests.running import RunningRelay

NETWORK = BadNetwork(up=5, down=5, delay=60, seed=2, eyes=0)
SECONDS = 10
LONGEST = 1000  # milliseconds
STARVED = 150  # milliseconds without processor time
LATE = re.compile(r"late by (\d+) ms")


@dataclass(frozen=True)
class Measured:
    """Measurements of a call. longest: freeze [ms]; wait: the longest time without processor time for browser and relay
    [ms], which causes a freeze that the network did not.
    """

    longest: float
    wait: float
    statistics: dict[str, Any]


def call(browser: Browser, *flags: str) -> Measured:
    """Call a relay over NETWORK."""
    prefix = [sys.executable, "-u", "-m", "tests.bad_network", str(NETWORK)]
    with RunningRelay("--port", "0", *flags, prefix=prefix) as relay, browser.new_page() as page:
        begin(page, relay.address, 320, 240)
        readings = read(page, SECONDS)
    late = [int(found[1]) for line in relay.lines if (found := LATE.search(line))]
    steps = [after.at - before.at for before, after in pairwise(readings)]
    longest = max((one.length for one in freezes(readings)), default=0)
    return Measured(longest, max(late, default=0) + max(steps), summarise(readings))


def test_five_percent_lost_each_way_freeze_no_picture_for_a_second(browser: Browser) -> None:
    """Freezes that a starved machine causes are subtracted."""
    measured = call(browser)
    assert measured.statistics["nacks"] > 0, "nothing was lost"
    assert measured.longest < LONGEST + (3 * measured.wait if measured.wait > STARVED else 0), measured


def test_a_network_is_what_its_words_say() -> None:
    network = BadNetwork(up=3, down=10, delay=25, seed=7, eyes=0)
    assert BadNetwork.parse(str(network)) == network


def test_a_seed_loses_the_same_packets_each_time_and_as_many_as_it_should() -> None:
    def lost(seed: int, way: str) -> list[int]:
        network, delivered = BadNetwork(up=5, down=20, seed=seed), set[int]()
        for number in range(4000):
            network.carry(b"\x80", way, lambda number=number: delivered.add(number))
        return sorted(set(range(4000)) - delivered)

    assert lost(1, "up") == lost(1, "up") != lost(2, "up")
    assert len(lost(1, "up")) / 4000 == pytest.approx(0.05, abs=0.01)
    assert len(lost(1, "down")) / 4000 == pytest.approx(0.2, abs=0.02)


def test_nothing_is_lost_before_the_first_picture() -> None:
    network, delivered = BadNetwork(up=100), list[int]()
    network.carry(b"\x01", "up", lambda: delivered.append(1))
    network.carry(b"\x80", "up", lambda: delivered.append(2))
    network.carry(b"\x01", "up", lambda: delivered.append(3))
    assert delivered == [1]
