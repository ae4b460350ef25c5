from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from models.datasets.real import album
from models.datasets.real.album import Album, Kind, Meta, Pair
from relay.gaze.eye_crop import crop_eye
from relay.gaze.face import Angles, Side
from relay.gaze.geometry import Patch
from tests.looks import look

META = Meta("clip.mp4", "ada", Kind.VIDEO, ships=True, licence="CC0")
TURN = Angles(4, -11)
SHIFT = np.array([[1.0, 0.0, 3.0], [0.0, 1.0, -2.0]])


def some(meta: Meta = META, turn: Angles = TURN) -> Album:
    """Two looks, four eyes, one pair of right eyes."""
    eyes = [*look(time=1.5).eyes, *look(time=2.5).eyes]
    return Album.of(meta, eyes, [Pair(0, 2, turn, SHIFT, 0.01)])


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "album.npz"
    written = some()
    album.write(path, written)
    found = album.read(path)
    assert found.meta == META
    for field in fields(Album):
        if field.name != "meta":
            np.testing.assert_array_equal(getattr(found, field.name), getattr(written, field.name))
    assert [file.name for file in path.parent.iterdir()] == ["album.npz"]


def test_another_schema_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "old.npz"
    with monkeypatch.context() as patched:
        patched.setattr(album, "SCHEMA", 0)
        album.write(path, some())
    with pytest.raises(ValueError, match=r"old\.npz: schema 0, this version reads 1"):
        album.read(path)
    assert "old.npz: schema 0" in (album.main([str(tmp_path)]) or "")


def test_an_empty_album_keeps_its_shapes(tmp_path: Path) -> None:
    album.write(tmp_path / "empty.npz", Album.of(META, []))
    found = album.read(tmp_path / "empty.npz")
    assert len(found) == 0
    assert found.crops.shape == (0, album.HEIGHT, album.WIDTH, 3)
    assert found.alignment.shape == (0, 2, 3)


def test_an_eye_is_cut_out_as_at_runtime() -> None:
    made = some()
    assert [made.eye(at).side for at in range(4)] == [Side.RIGHT, Side.LEFT] * 2
    eye = made.eye(1)
    patch = Patch.of(eye)
    crop = crop_eye(made.frame(1), eye, patch)
    assert made.frame(1).time == 1.5
    assert crop.picture[0].std() > 0.02
    # The iris is dark, the sclera beside it is not.
    disc, opening = crop.maps
    assert crop.picture[0][disc > 0.9].mean() < crop.picture[0][(opening > 0.9) & (disc < 0.1)].mean()


def test_the_target_lies_where_the_alignment_says() -> None:
    made = some()
    first, there = Patch.of(made.eye(0)), made.target(0)
    np.testing.assert_allclose(there.centre - first.centre, [3, -2], atol=1e-5)
    np.testing.assert_allclose(there.basis, first.basis, atol=1e-5)


def test_the_table_counts_by_source_size_and_direction(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    album.write(tmp_path / "one.npz", some())
    album.write(tmp_path / "three.npz", some(turn=Angles(-2, 2)))
    album.write(tmp_path / "two.npz", some(replace(META, ships=False), Angles(20, 0)))
    assert album.main([str(tmp_path)]) is None
    head, one, three, two, ship = (line.split() for line in capsys.readouterr().out.strip().split("\n"))
    assert head[:6] == ["album", "kind", "ships", "eyes", "width", "pairs"]
    #                 eyes width pairs <3 3-6 6-10 10-15 >15 up down right left
    assert one[1:] == ["video", "yes", "4", "43", "1", "0", "0", "0", "1", "0", "1", "0", "0", "1", "CC0"]
    assert three[5:11] == ["1", "1", "0", "0", "0", "0"]
    assert two[2:11] == ["no", "4", "43", "1", "0", "0", "0", "0", "1"]
    assert ship[:3] + ship[4:8] == ["all", "that", "ship", "yes", "8", "43", "2"]


def test_a_folder_without_albums_is_named(tmp_path: Path) -> None:
    assert album.main([str(tmp_path)]) == f"no album in {tmp_path}"
