import pytest
from pydantic import ValidationError

from relay.http.bodies import Answer, Offer


def test_an_offer_needs_no_settings() -> None:
    assert Offer.model_validate_json('{"type": "offer", "sdp": "v=0"}').settings == {}


@pytest.mark.parametrize("text", ['{"type": "offer", "sdp": "v=0", "extra": 1}', '{"type": "pranswer", "sdp": ""}'])
def test_what_is_not_described_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        Offer.model_validate_json(text)


def test_an_answer_says_that_it_is_one() -> None:
    assert Answer(id="a", sdp="v=0").model_dump() == {"id": "a", "type": "answer", "sdp": "v=0"}
