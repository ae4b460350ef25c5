"""What others build on stays as it is: the names in tests/public/, and what the public addresses lead to."""

import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from tests.surface import SURFACE, client, kept

Client = TestClient[web.Request, web.Application]

# What a page, a style sheet or a module loads of its own server, by a relative name.
LOADS = re.compile(
    r"""^(?:import|export)\b[^;'"]*?["'](\.[^"']+)["'] | \bimport\(["'](\.[^"']+)["']\)
    | <(?:script|link|img)\b[^>]*?\s(?:src|href)="(?!https?:|data:|\#)([^"]+)" | url\(["']?(?!data:|\#)([\w./-]+)""",
    re.MULTILINE | re.VERBOSE,
)
COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)


@pytest.fixture
async def visitor() -> AsyncIterator[Client]:
    async with client() as visitor:
        yield visitor


@pytest.mark.parametrize("name", SURFACE)
def test_the_public_names_stay(name: str) -> None:
    """Where a change is meant: `.venv/bin/python -m tests.surface`, and a line in CHANGELOG.md."""
    assert SURFACE[name]() == kept(name)


async def test_whatever_a_public_address_loads_is_served(visitor: Client) -> None:
    waiting, loaded = [line.split()[0] for line in kept("addresses")], dict[str, str]()
    while waiting:
        address = waiting.pop()
        if address in loaded:
            continue
        answer = await visitor.get(address)
        assert answer.status == 200, f"{address}, which {[by for by, text in loaded.items() if address in text]} load"
        kind = answer.content_type
        loaded[address] = COMMENTS.sub("", await answer.text()) if kind.startswith("text/") else ""
        found = (next(filter(None, names)) for names in LOADS.findall(loaded[address]))
        waiting += [answer.url.join(answer.url.__class__(name)).path for name in found]
    assert len(loaded) > 2 * len(kept("addresses")), "the modules behind them were not found"
