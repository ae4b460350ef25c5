from pathlib import Path

import numpy as np
import pytest

from models.datasets.render.blender.orders import Family, Order, split_of


def order(number: int, data: Path | None = None, seed: int = 0) -> Order:
    return Order(number, seed, gazes=12, samples=12, data=data)


def test_the_split_is_stable_and_about_eight_one_one() -> None:
    parts = [split_of(f"anny-{number:04d}") for number in range(1000)]
    assert parts == [split_of(f"anny-{number:04d}") for number in range(1000)]
    assert parts.count("train") == pytest.approx(800, abs=50)
    assert parts.count("validation") == pytest.approx(100, abs=35)
    assert parts.count("test") == pytest.approx(100, abs=35)


def test_a_person_is_in_one_part_only_whatever_the_scene() -> None:
    assert split_of("ict-0007") == split_of("ict-0007")
    assert order(3).person == order(3 + 200).person


def test_families_take_turns_where_there_are_two() -> None:
    assert {order(number).family for number in range(4)} == {Family.ANNY}
    both = [order(number, Path("data")) for number in range(400)]
    assert [one.family for one in both[:4]] == [Family.ANNY, Family.ICT] * 2
    assert len({(one.family, one.person) for one in both}) == 400


def test_lots_depend_on_number_and_seed_and_on_nothing_else() -> None:
    first = order(5).random().uniform(size=4)
    np.testing.assert_array_equal(first, order(5).random().uniform(size=4))
    assert not np.array_equal(first, order(6).random().uniform(size=4))
    assert not np.array_equal(first, order(5, seed=1).random().uniform(size=4))
