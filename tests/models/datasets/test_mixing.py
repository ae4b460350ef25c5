from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.config import Recipe, Shares
from models.datasets import mixing
from models.datasets.kinds import Kind
from models.datasets.mixing import Batch, Mixture, shares
from models.datasets.real import album as albums
from models.datasets.real.album import Album
from models.datasets.synthetic.scenes import Scene

SMALL = Shares(synthetic=4, pairs=2, unlabelled=2)


def recipe(**changes: object) -> Recipe:
    return Recipe.model_validate(
        {"out": Path("run"), "scenes": Path("scenes"), "shares": SMALL, "steps": 20, **changes}
    )


def counts(batch: Batch) -> dict[Kind, int]:
    return {kind: int((batch.kinds == kind).sum()) for kind in Kind}


def same(one: Batch, other: Batch) -> bool:
    return torch.equal(one.picture, other.picture) and torch.equal(one.aim, other.aim)


def test_every_batch_holds_all_three_kinds_in_their_shares(rendered: list[Scene], album: Album) -> None:
    """[claims 1, 6]"""
    mixture = Mixture(recipe(), rendered, [album])
    for step in range(3):
        assert counts(mixture[step]) == {Kind.SYNTHETIC: 4, Kind.PAIR: 2, Kind.UNLABELLED: 2}


def test_all_is_shuffled_and_everything_comes_once_before_anything_comes_again(
    rendered: list[Scene], album: Album
) -> None:
    mixture = Mixture(recipe(), rendered, [album])
    size = mixture.sizes[Kind.UNLABELLED]
    orders = [mixing._order(0, Kind.UNLABELLED, epoch, size).tolist() for epoch in range(2)]
    assert all(sorted(order) == list(range(size)) for order in orders)
    assert orders[0] != orders[1]
    assert orders[0] != list(range(size))


def test_a_step_is_the_same_whenever_it_is_drawn(rendered: list[Scene], album: Album) -> None:
    one, other = (Mixture(recipe(), rendered, [album]) for _ in range(2))
    assert same(one[5], other[5])
    assert not same(one[5], one[6])
    assert not same(one[5], Mixture(recipe(seed=1), rendered, [album])[5])


def test_processes_see_different_samples(rendered: list[Scene], album: Album) -> None:
    one, other = (Mixture(recipe(), rendered, [album], rank, 2) for rank in range(2))
    assert not same(one[0], other[0])


def test_a_kind_that_is_not_there_leaves_its_share_to_the_others() -> None:
    def shared(rendered: int, pairs: int) -> dict[Kind, int]:
        return shares(SMALL, {Kind.SYNTHETIC: rendered, Kind.PAIR: pairs, Kind.UNLABELLED: 0})

    assert shared(10, 0) == {Kind.SYNTHETIC: 8}
    assert shared(10, 5) == {Kind.SYNTHETIC: 5, Kind.PAIR: 3}
    with pytest.raises(ValueError, match="nothing to train on"):
        shared(0, 0)


def test_in_sequence_renders_come_first(rendered: list[Scene], album: Album) -> None:
    mixture = Mixture(recipe(order="in_sequence"), rendered, [album])
    assert counts(mixture[9])[Kind.SYNTHETIC] == 8
    assert counts(mixture[10]) == {Kind.SYNTHETIC: 0, Kind.PAIR: 4, Kind.UNLABELLED: 4}


def test_lid_maps_are_left_out_as_often_as_asked(rendered: list[Scene], album: Album) -> None:
    always, never = (Mixture(recipe(lids_dropped=share), rendered, [album])[0] for share in (1.0, 0.0))
    assert not always.maps[:, 1].any()
    assert never.maps[:, 1].any()
    assert always.maps[:, 0].any(), "the iris stays"


def test_far_turns_are_rare_and_the_farthest_never_come() -> None:
    assert mixing.keep_probability(np.array([15.0, -3.0])) == 1
    assert mixing.keep_probability(np.array([0.0, -20.0])) == pytest.approx(0.625)
    assert mixing.keep_probability(np.array([25.1, 0.0])) == 0


def test_eyes_that_may_not_ship_are_left_out(tmp_path: Path, album: Album) -> None:
    albums.write(tmp_path / "free.npz", album)
    albums.write(tmp_path / "kept.npz", replace(album, meta=replace(album.meta, ships=False, source="kept")))
    assert [one.meta.source for one in mixing.load_albums([tmp_path], shippable=True)] == ["renders"]
    assert len(mixing.load_albums([tmp_path], shippable=False)) == 2
