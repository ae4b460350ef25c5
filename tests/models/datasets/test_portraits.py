from pathlib import Path

import pytest

from models.datasets import album, portraits
from models.datasets.album import Kind


def test_public_domain_portraits_become_one_album(model: Path, tmp_path: Path) -> None:
    assert portraits.main(["--public-domain", "--out", str(tmp_path), "--model", str(model)]) is None
    made = album.read(tmp_path / "portraits.npz")
    assert made.meta.kind is Kind.PORTRAIT
    assert made.meta.ships
    assert "public domain" in made.meta.licence
    assert len(made) == 2 * len(portraits.public_domain())  # one face in each
    assert made.number.tolist() == [face for face in range(len(made) // 2) for _ in range(2)]
    assert made.side.tolist() == [0, 1] * (len(made) // 2)
    assert (made.openness > 0.15).all()
    assert len(made.pairs) == 0


def test_other_photographs_do_not_ship_unless_it_is_said(model: Path, tmp_path: Path) -> None:
    (astronaut, *_) = portraits.public_domain()
    assert portraits.main([str(astronaut), "--out", str(tmp_path), "--name", "mine", "--model", str(model)]) is None
    made = album.read(tmp_path / "mine.npz")
    assert not made.meta.ships
    assert made.width == pytest.approx([18.5, 19.0], rel=0.15)


def test_what_cannot_be_read_is_named(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "none.jpg"
    told = portraits.main([str(path), "--out", str(tmp_path), "--model", str(model)])
    assert told is not None
    assert "none.jpg cannot be read" in told
    assert list(tmp_path.iterdir()) == []


def test_portraits_that_were_not_fetched_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portraits, "FETCHED", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"fetch\.py portraits"):
        portraits.public_domain()
