"""The browser's decoder against the relay's: the same packets, the same content, the same refusals."""

from typing import Any

import pytest
from playwright.sync_api import Page

from relay.gaze.wire import WireError, decode
from tests.gaze.packets import Vector, mutants, vectors
from tests.web.folder import run

VECTORS = vectors()

# read(hex): what decode gives, its bytes as lists, as JSON has it.
RIG = """
const {decode, lostBetween} = await import('/wire.js');
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const plain = (_, value) => value instanceof Int8Array ? [...value] : value;
const read = (hex) => JSON.parse(JSON.stringify(decode(bytes(hex).buffer), plain));
"""


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_the_vectors_are_read_as_the_protocol_says(page: Page, vector: Vector) -> None:
    assert run(page, f"{RIG} return read('{vector.packet.hex()}');") == vector.content


@pytest.mark.parametrize("name", ["landmarks of one face", "fields of small grids", "fields for nobody"])
def test_what_the_relay_refuses_is_refused_here_and_nothing_else(page: Page, name: str) -> None:
    """Whatever byte is changed or missing; an exception in the page would fail this too."""
    packet = next(vector.packet for vector in VECTORS if vector.name == name)
    tried = list(mutants(packet))
    script = f"async (packets) => {{ {RIG} return packets.map((hex) => read(hex) !== null); }}"
    taken = page.evaluate(script, [mutant.hex() for mutant in tried])
    differing = [mutant.hex() for mutant, here in zip(tried, taken, strict=True) if here != takes(mutant)]
    assert not differing
    assert 0 < sum(taken) < len(taken)


def takes(packet: bytes) -> bool:
    """Whether the relay's decoder does."""
    try:
        decode(packet)
    except WireError:
        return False
    return True


@pytest.mark.parametrize("message", ["null", "undefined", "'text'", "7", "{}", "bytes('e701')", "new Blob([])"])
def test_a_message_that_is_no_buffer_is_malformed(page: Page, message: str) -> None:
    assert run(page, f"{RIG} return decode({message});") is None


def test_grids_are_views_of_the_packet_and_nothing_is_copied(page: Page) -> None:
    packet = next(vector.packet for vector in VECTORS if vector.name == "fields as the relay sends them")
    script = f"""{RIG}
        const {{buffer}} = bytes('{packet.hex()}');
        const grids = decode(buffer).faces.flatMap(({{right, left}}) => [right, left].flatMap(Object.values));
        return [grids.length, grids.every(({{data}}) => data instanceof Int8Array && data.buffer === buffer)];"""
    assert run(page, script) == [8, True]


@pytest.mark.parametrize(
    ("earlier", "later", "lost"),
    [(4, 5, 0), (4, 8, 3), (65_535, 0, 0), (65_534, 1, 2), (5, 4, 0), (5, 5, 0), (0, 65_535, 0)],
)
def test_losses_are_counted_by_the_running_number(page: Page, earlier: int, later: int, lost: int) -> None:
    found: Any = run(page, f"{RIG} return lostBetween({earlier}, {later});")
    assert found == lost
