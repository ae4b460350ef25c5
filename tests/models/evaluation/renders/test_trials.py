from pathlib import Path

import numpy as np
import pytest

from models.datasets.synthetic import scenes
from models.evaluation.renders.trials import BINS, OPEN, SHUT, Outline, Trial, choose, read_outlines
from tests.models.evaluation.eyes import scene


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scenes.write(tmp_path / "a.npz", scene())
    scenes.write(tmp_path / "b.npz", scene("train"))
    return tmp_path


def test_only_scenes_of_the_split_are_read(folder: Path) -> None:
    assert [one.path.name for one in read_outlines(folder, "test")] == ["a.npz"]
    with pytest.raises(ValueError, match="no scene of the split 'validation'"):
        read_outlines(folder, "validation")


def many(seed: int = 0) -> Outline:
    random = np.random.default_rng(seed)
    gaze = random.uniform(-15, 15, (30, 2, 2)).astype(np.float32)
    openness = random.uniform(0, 0.4, (30, 2)).astype(np.float32)
    closed = (np.arange(30) % 10 == 0).astype(np.float32)
    return Outline(Path(f"scene_{seed}.npz"), "test", gaze, openness, np.full((30, 2), 61, np.float32), closed)


def test_pairs_are_open_and_spread_over_the_bins() -> None:
    outline = many()
    choice = choose([outline], 80)
    assert len(choice.pairs) == 80
    counts, _ = np.histogram([one.turn for one in choice.pairs], BINS)
    assert (counts == 20).all()
    for one in choice.pairs:
        number = 0 if one.side == "right" else 1
        for picture in (one.source, one.target):
            assert outline.openness[picture, number] >= OPEN
            assert outline.closed[picture] < SHUT
        pitch, yaw = outline.gaze[one.target, number] - outline.gaze[one.source, number]
        assert [one.aim.pitch, one.aim.yaw] == pytest.approx([float(pitch), float(yaw)])


def test_shut_eyes_are_a_set_of_their_own() -> None:
    choice = choose([many()], 80)
    assert {one.source for one in choice.shut} == {0, 10, 20}
    assert all(one.source == one.target and one.turn == 0 for one in (*choice.shut, *choice.singles))
    assert not {one.source for one in choice.singles} & {0, 10, 20}


def test_eyes_come_in_three_widths() -> None:
    widths = {61 * one.scale / 16 for one in choose([many()], 80).pairs}
    assert len(widths) == 3
    assert 18 <= min(widths) < 30 <= sorted(widths)[1] < 50 < max(widths) == 61


def test_the_same_seed_chooses_the_same() -> None:
    outlines = [many(0), many(1)]
    assert choose(outlines, 40, seed=3) == choose(outlines, 40, seed=3)
    assert choose(outlines, 40, seed=3) != choose(outlines, 40, seed=4)
    names = [one.scene.name for one in choose(outlines, 40).pairs]
    assert names == sorted(names)


def test_a_trial_without_turn() -> None:
    one = choose([many()], 8).singles[0]
    assert isinstance(one, Trial)
    assert one.turn == 0
