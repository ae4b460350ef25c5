from pathlib import Path

import pytest

from relay.config.correct import Correct
from relay.config.correction import Correction


def test_correct_takes_files_and_its_own_defaults() -> None:
    settings = Correct.read(["in.mp4", "out.mp4", "--pitch", "3", "--json", "--side-by-side"], "relay correct")
    assert (settings.source, settings.target) == (Path("in.mp4"), Path("out.mp4"))
    assert (settings.pipeline, settings.json_summary, settings.side_by_side) == ("sequential", True, True)
    assert settings.correction == Correction(pitch=3)


def test_correct_needs_both_files() -> None:
    with pytest.raises(SystemExit) as exit_:
        Correct.read(["in.mp4"], "relay correct")
    assert exit_.value.code == 2
