from pathlib import Path

import numpy as np

from models.evaluation.curves import draw, read, smooth


def test_curves_are_read_by_name(tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    path.write_text("step,name,value\n2,loss,0.5\n1,loss,1\n1,gain,0.9\n2,loss,0.25\n")
    curves = read(path)
    assert list(curves) == ["gain", "loss"]
    np.testing.assert_array_equal(curves["loss"][0], [1, 2])
    np.testing.assert_array_equal(curves["loss"][1], [1, 0.25])


def test_smoothing_keeps_a_line_and_calms_noise() -> None:
    line = np.linspace(0, 1, 500)
    np.testing.assert_allclose(smooth(line)[10:-10], line[10:-10])
    noise = np.random.default_rng(0).normal(0, 1, 5000)
    assert smooth(noise).std() < 0.2
    np.testing.assert_array_equal(smooth(np.array([3.0])), [3.0])


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    curve = np.arange(10), np.linspace(1, 0, 10)
    draw({"full": {"loss": curve}, "none": {"gain": curve}}, ["loss", "gain"], tmp_path / "plots" / "curves.png")
    assert (tmp_path / "plots" / "curves.png").read_bytes().startswith(b"\x89PNG")
