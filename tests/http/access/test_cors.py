from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from relay.http.access import cors
from relay.http.problems import answer_problems

Client = TestClient[web.Request, web.Application]
MEET = "https://meet.example.org"
ASKING = {"Origin": MEET, "Access-Control-Request-Method": "POST"}


@asynccontextmanager
async def site(*origins: str) -> AsyncIterator[Client]:
    """An endpoint, one that handles OPTIONS itself, and a page."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=201, headers={"Location": "/x", "Link": "<x>"})

    async def options(_: web.Request) -> web.Response:
        return web.Response(headers={"Accept-Post": "application/sdp"})

    app = web.Application(middlewares=[answer_problems])
    app.add_routes([web.post("/api", answer), web.delete("/api", answer), web.post("/whip", answer)])
    app.add_routes([web.options("/whip", options), web.get("/{file:.*}", answer)])
    cors.allow(app, origins)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_no_other_site_is_let_in_unless_it_is_named() -> None:
    async with site() as client:
        assert "Access-Control-Allow-Origin" not in (await client.post("/api", headers={"Origin": MEET})).headers
        assert (await client.options("/api", headers=ASKING)).status == 405
        assert (await client.options("/whip")).headers["Accept-Post"] == "application/sdp"


async def test_a_named_site_is_told_what_it_may_send_and_read() -> None:
    async with site(MEET) as client:
        for path in ("/api", "/whip"):
            asking = {**ASKING, "Access-Control-Request-Headers": "authorization,content-type,if-match"}
            allowed = await client.options(path, headers=asking)
            assert allowed.status == 200
            assert allowed.headers["Access-Control-Allow-Origin"] == MEET
            assert allowed.headers["Access-Control-Allow-Methods"] == "POST"
            assert set(allowed.headers["Access-Control-Allow-Headers"].lower().split(",")) == {
                "authorization",
                "content-type",
                "if-match",
            }
            answer = await client.post(path, headers={"Origin": MEET})
            assert answer.headers["Access-Control-Allow-Origin"] == MEET
            exposed = answer.headers["Access-Control-Expose-Headers"].split(",")
            assert {"Location", "Link", "ETag", "Retry-After"} <= set(exposed)
            assert "Origin" in answer.headers.getall("Vary")
            assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_methods_and_headers_that_no_endpoint_has_are_refused() -> None:
    async with site(MEET) as client:
        assert (
            await client.options("/api", headers={**ASKING, "Access-Control-Request-Method": "DELETE"})
        ).status == 200
        for asking in (
            {**ASKING, "Access-Control-Request-Method": "PUT"},
            {**ASKING, "Access-Control-Request-Headers": "x-more"},
        ):
            assert (await client.options("/api", headers=asking)).status == 403


async def test_an_endpoints_own_answer_to_options_stays() -> None:
    async with site(MEET) as client:
        response = await client.options("/whip", headers={"Origin": MEET})
        assert response.headers["Accept-Post"] == "application/sdp"
        assert response.headers["Access-Control-Allow-Origin"] == MEET
        assert (await client.options("/whip")).headers["Accept-Post"] == "application/sdp"


async def test_another_site_is_not_let_in() -> None:
    async with site(MEET) as client:
        for origin in ("https://evil.example", "http://meet.example.org", f"{MEET}.evil.example", "null"):
            answer = await client.post("/api", headers={"Origin": origin})
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert (await client.options("/api", headers={**ASKING, "Origin": origin})).status == 403


async def test_modules_can_be_loaded_by_a_named_site() -> None:
    async with site(MEET) as client:
        assert (await client.get("/eyeline.js", headers={"Origin": MEET})).headers[
            "Access-Control-Allow-Origin"
        ] == MEET


async def test_a_star_lets_everybody_in() -> None:
    async with site("*") as client:
        answer = await client.post("/api", headers={"Origin": "https://any.example"})
        assert answer.headers["Access-Control-Allow-Origin"] == "https://any.example"


async def test_a_problem_can_be_read_too() -> None:
    async with site(MEET) as client:
        answer = await client.put("/api", headers={"Origin": MEET})
        assert answer.status == 405
