from pathlib import Path

import pytest

from models.datasets.real import album, portraits
from models.datasets.real.album import Kind


def test_the_public_domain_portrait_ships(model: Path, tmp_path: Path) -> None:
    assert portraits.main(["--public-domain", "--out", str(tmp_path), "--model", str(model)]) is None
    made = album.read(tmp_path / "portraits.npz")
    assert made.meta.kind is Kind.PORTRAIT
    assert made.meta.ships
    assert "public domain" in made.meta.licence
    assert len(made) == 2
    assert (made.openness > 0.15).all()
    assert len(made.pairs) == 0


def test_photographs_become_one_album_that_does_not_ship_unless_it_is_said(model: Path, tmp_path: Path) -> None:
    twice = [str(portraits.ASTRONAUT)] * 2
    assert portraits.main([*twice, "--out", str(tmp_path), "--name", "mine", "--model", str(model)]) is None
    made = album.read(tmp_path / "mine.npz")
    assert not made.meta.ships
    assert made.number.tolist() == [0, 0, 1, 1]
    assert made.side.tolist() == [0, 1, 0, 1]
    assert made.width[:2] == pytest.approx([18.5, 19.0], rel=0.15)


def test_what_cannot_be_read_is_named(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "none.jpg"
    told = portraits.main([str(path), "--out", str(tmp_path), "--model", str(model)])
    assert told is not None
    assert "none.jpg cannot be read" in told
    assert list(tmp_path.iterdir()) == []
