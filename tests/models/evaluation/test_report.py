import json
from pathlib import Path

from models.evaluation.figures import Metric, Result, Section
from models.evaluation.report import to_markdown, write


def result(row: str, gain: float | None, blur: float = 0.5) -> Result:
    return Result(
        row,
        (
            Metric(Section.REAL, "gain", gain, 3, 0.9, 1.1),
            Metric(Section.REAL, "blinks lost", 0.0, 3, high=0, digits=0),
            Metric(Section.SYNTHETIC, "blur", blur, 3),
        ),
    )


def cells(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.strip().splitlines()]


def test_a_table_for_each_section() -> None:
    text = to_markdown([result("none", 0.0), result("full", 1.0)])
    synthetic, real = text.split("### Real clips")
    assert synthetic.startswith("### Held-out renders\n\n|")
    assert cells(real)[0] == ["", "wanted", "none", "full"]
    assert cells(real)[2:] == [
        ["gain", "0.9 to 1.1", "0.00", "**1.00**"],
        ["blinks lost", "at most 0", "**0**", "**0**"],
    ]


def test_seeds_of_one_system_share_a_column() -> None:
    text = to_markdown([result("full", 0.9), result("full", 1.0), result("full", 1.1)])
    assert cells(text.split("### Real clips")[1])[2] == ["gain", "0.9 to 1.1", "**1.00 ± 0.10**"]


def test_subjects_have_lines_of_their_own() -> None:
    groups = [Metric(Section.GROUPS, "gaze", 1.2, 9, high=1.5, subject=group) for group in ("glasses", "no glasses")]
    lines = to_markdown([Result("full", tuple(groups))]).split("\n\n")[1]
    assert [line[0] for line in cells(lines)[2:]] == ["gaze, glasses", "gaze, no glasses"]


def test_what_could_not_be_measured_is_a_dash() -> None:
    text = to_markdown([result("none", None)])
    assert cells(text.split("### Real clips")[1])[2] == ["gain", "0.9 to 1.1", "-"]


def test_files(tmp_path: Path) -> None:
    write(tmp_path, [result("full", 1.0)], {"seed": 3})
    content = json.loads((tmp_path / "report.json").read_text())
    assert content["about"] == {"seed": 3}
    assert content["rows"][0]["figures"][0] == {
        "section": "Real clips",
        "name": "gain",
        "value": 1.0,
        "count": 3,
        "low": 0.9,
        "high": 1.1,
        "digits": 2,
        "subject": "",
        "met": True,
    }
    assert (tmp_path / "table.md").read_text().startswith("### Held-out renders")
