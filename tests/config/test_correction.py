import pytest
from pydantic import ValidationError

from relay.config.correction import Correction


def test_unknown_settings_of_a_correction_are_refused() -> None:
    with pytest.raises(ValidationError):
        Correction.model_validate({"brightness": 3})
