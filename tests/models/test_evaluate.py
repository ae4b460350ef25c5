"""The whole command on synthetic scenes."""

import json
from pathlib import Path

import pytest

from models import evaluate
from models.datasets.synthetic import scenes
from tests.models.evaluation.eyes import scene


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(2):
        scenes.write(tmp_path / "scenes" / f"scene_{number}.npz", scene(tone=0.4 * number, glasses=bool(number)))
    return tmp_path


def test_the_command(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "out"
    rows = ["--row", "none", "geometric", "--row", f"tiny={weights}", f"tiny={weights}"]
    assert evaluate.main(["--scenes", str(folder / "scenes"), "--pairs", "16", "--out", str(out), *rows]) == 0
    printed = capsys.readouterr().out.strip().splitlines()
    last = json.loads(printed[-1])
    assert last["measured"] == "evaluate"
    assert [row["row"] for row in last["rows"]] == ["none", "geometric", "tiny", "tiny"]
    none, geometric = (
        {one["name"]: one["value"] for one in row["figures"]} for row in last["rows"] if row["row"] != "tiny"
    )
    assert none["aim zero, PSNR, worst, dB"] == geometric["aim zero, PSNR, worst, dB"] == 99
    assert geometric["size, 95th percentile, deg"] < 0.5 * none["size, 95th percentile, deg"]
    assert (out / "table.md").read_text() in "\n".join(printed)
    assert json.loads((out / "report.json").read_text())["rows"] == last["rows"]
    assert (out / "renders.png").exists()


def test_curves_alone(folder: Path) -> None:
    run = folder / "full"
    run.mkdir()
    (run / "curves.csv").write_text("step,name,value\n1,loss,1\n2,loss,0.5\n")
    assert evaluate.main(["--curves", str(run), "--out", str(folder / "out")]) == 0
    assert (folder / "out" / "curves.png").exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--row", "best"], "'best' is not a row"),
        ([], "nothing to do"),
        (["--scenes", "SCENES", "--split", "train"], "no scene of the split 'train'"),
        (["--clips", "SCENES"], "no .mp4 in"),
    ],
)
def test_what_cannot_be_done_is_said(
    folder: Path, wrong: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(folder / "scenes") if text == "SCENES" else text for text in wrong]
    with pytest.raises(SystemExit) as ended:
        evaluate.main([*arguments, "--out", str(folder / "out")])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err
