from relay import errors
from relay.errors import RequestError, UnknownTypeError
from relay.problems import PROBLEMS


def test_every_error_a_request_can_meet_is_in_the_table() -> None:
    defined = {
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, RequestError) and one is not RequestError
    }
    assert set(PROBLEMS) == defined - {UnknownTypeError}  # that one is only said over the data channel


def test_every_code_is_its_own() -> None:
    assert len({error.code for error in PROBLEMS}) == len(PROBLEMS)
