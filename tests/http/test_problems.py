import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from relay import errors
from relay.errors import RequestError, UnknownTypeError
from relay.http.problems import PROBLEMS, answer_problems


def test_every_error_a_request_can_meet_is_in_the_table() -> None:
    defined = {
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, RequestError) and one is not RequestError
    }
    assert set(PROBLEMS) == defined - {UnknownTypeError}  # that one occurs only on the data channel


def test_every_code_is_its_own() -> None:
    assert len({error.code for error in PROBLEMS}) == len(PROBLEMS)


async def test_a_mistake_is_logged_without_the_names_in_the_path(caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_: web.Request) -> web.Response:
        raise ZeroDivisionError

    app = web.Application(middlewares=[answer_problems])
    app.router.add_get("/api/sessions/{id}", fail)
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/api/sessions/cannot-be-guessed")).status == 500
    [said] = [record.getMessage() for record in caplog.records if record.name == "relay.http.problems"]
    assert said == "GET /api/sessions/{id} failed"
