from pathlib import Path

import pytest

from relay.errors import ModelError
from relay.gaze.tracking.model import read_model


def test_the_model_is_read_whole(model: Path) -> None:
    assert len(read_model(model)) == model.stat().st_size


def test_a_missing_or_wrong_model_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"relay fetch --model .*none\.task"):
        read_model(tmp_path / "none.task")
    wrong = tmp_path / "a wrong one.task"
    wrong.write_bytes(b"not a model")
    with pytest.raises(ModelError, match=r"checksum differs.*`relay fetch --model '.*a wrong one\.task'`"):
        read_model(wrong)
