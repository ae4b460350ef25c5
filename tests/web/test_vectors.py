"""The test vectors of the page's modules agree with the relay's present code."""

import base64
import zlib
from typing import Any

import numpy as np
import pytest

from relay.frame import Plane
from tests.web.vectors import RECIPES, Content, read


def unpack(picture: Content) -> Plane:
    steps = np.frombuffer(zlib.decompress(base64.b64decode(picture["data"])), np.uint8)
    return np.cumsum(steps.reshape(picture["height"], picture["width"]), axis=1, dtype=np.uint8)


def compare(stored: Any, made: Any, place: str) -> None:
    """Equal, except for rounding on another processor."""
    if isinstance(made, dict) and isinstance(made.get("data"), str):
        one, other = unpack(stored).astype(int), unpack(made).astype(int)
        assert one.shape == other.shape, place
        assert np.abs(one - other).mean() < 0.1, place
    elif isinstance(made, dict):
        assert stored.keys() == made.keys(), place
        for name, value in made.items():
            compare(stored[name], value, f"{place}.{name}")
    elif isinstance(made, list | tuple):
        assert len(stored) == len(made), place
        for number, value in enumerate(made):
            compare(stored[number], value, f"{place}[{number}]")
    elif isinstance(made, float):
        assert stored == pytest.approx(made, abs=0.02), place
    else:
        assert stored == made, place


@pytest.mark.parametrize("name", RECIPES)
def test_the_file_is_what_its_recipe_gives(name: str) -> None:
    """`python -m tests.web.vectors` writes all of them again."""
    compare(read(name), RECIPES[name](), name)
