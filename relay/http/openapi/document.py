"""The API as an OpenAPI 3.1 document. Schemas come from the very models that validate and answer.

Knows the endpoints only by their description: a test compares it with the router.
"""

from importlib import metadata
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from relay.config.correction import Correction
from relay.errors import RequestError
from relay.http.bodies import Answer, Offer, Problem, Readiness, RelayConfig, TapAnswer, TapOrder, Ticket
from relay.http.openapi.whip import paths as whip_paths
from relay.http.problems import PROBLEMS
from relay.metrics import Statistics
from relay.session.data_channel import Calibrate, Change, Ping

Json = dict[str, Any]

TAKEN: Final = (Offer, TapOrder, Correction, Change, Calibrate, Ping)
GIVEN: Final = (Answer, TapAnswer, RelayConfig, Ticket, Correction, Problem, Statistics, Readiness)
SDP: Final[Json] = {"application/sdp": {"schema": {"type": "string", "description": "RFC 8866"}}}
SESSION: Final[Json] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "the session's name, from Location",
    "schema": {"type": "string"},
}
TAP: Final[Json] = {**SESSION, "description": "the tap's name, from Location"}
GATE: Final = (
    401,
    403,
    429,
    503,
)  # what relay/http/access/gate.py may answer, and a handler to whom this is not allowed
TOKEN: Final[Json] = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "where the relay asks for one; claims: sub, exp, rights (of session, watch, tap), room",
}
ABOUT: Final = (
    "Camera in, the same picture with the eyes turned towards the lens out, on one WebRTC connection. The offer "
    "carries all its ICE candidates and, if settings and statistics are wanted, a data channel labelled eyeline, "
    "over which JSON messages go: Change, Calibrate and Ping to the relay; settings, calibration, stats "
    "(Statistics), pong and error back. A client that does not know a message leaves it alone."
)


def document() -> Json:
    """The whole document."""
    _, schemas = models_json_schema(
        [*((model, "validation") for model in TAKEN), *((model, "serialization") for model in GIVEN)],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Eyeline relay",
            "version": metadata.version("eyeline"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": _paths(),
        "components": {"schemas": schemas["$defs"], "securitySchemes": {"token": TOKEN}},
        "security": [{"token": []}, {}],
    }


def _paths() -> Json:
    ended = {"204": {"description": "ended; everything it held has been released"}, **_problems(*GATE, 404)}
    return {
        **whip_paths(_problems),
        **_probes(),
        "/api/sessions": {"post": _open_session()},
        "/api/sessions/{id}": {
            "parameters": [SESSION],
            "get": {
                "operationId": "readSession",
                "summary": "The session's newest statistics",
                "responses": {"200": _json("Statistics", "since the session began"), **_problems(*GATE, 404)},
            },
            "delete": {"operationId": "endSession", "summary": "End a session", "responses": ended},
        },
        "/api/sessions/{id}/close": {
            "parameters": [SESSION],
            "post": {
                "operationId": "closeSession",
                "summary": "End a session by navigator.sendBeacon, which can only POST",
                "responses": ended,
            },
        },
        "/api/taps": {"post": _open_tap()},
        "/api/taps/{id}": {
            "parameters": [TAP],
            "get": {
                "operationId": "readTap",
                "summary": "The tap's newest statistics",
                "responses": {"200": _json("Statistics", "since the tap began"), **_problems(*GATE, 404)},
            },
            "delete": {
                "operationId": "endTap",
                "summary": "End a tap: the corrected video leaves the room",
                "responses": {**ended, **_problems(*GATE, 404)},
            },
        },
        "/api/config": {
            "get": {
                "operationId": "readConfig",
                "summary": "What a client should know before it makes an offer",
                "responses": {"200": _json("RelayConfig", "this relay's settings"), **_problems(401, 429, 503)},
            }
        },
        "/api/guest": {
            "post": {
                "operationId": "admitGuest",
                "summary": "A token for whoever opened the relay's own page",
                "responses": {"200": _json("Ticket", "good for a while"), **_problems(*GATE)},
            }
        },
        "/openapi.json": {
            "get": {
                "operationId": "readOpenapi",
                "summary": "This document",
                "responses": {
                    "200": {
                        "description": "OpenAPI 3.1",
                        "content": {"application/json": {"schema": {"type": "object"}}},
                    }
                },
            }
        },
    }


def _probes() -> Json:
    """What needs no token."""
    text = {"200": {"description": "Prometheus text format", "content": {"text/plain": {"schema": {"type": "string"}}}}}
    alive = {"application/json": {"schema": {"type": "object"}}}
    return {
        "/healthz": {
            "get": _open(
                "readHealth", "Whether the process answers", {"200": {"description": "it does", "content": alive}}
            )
        },
        "/readyz": {
            "get": _open(
                "readReadiness",
                "Whether a new session would be let in",
                {"200": _json("Readiness", "it would"), "503": _json("Readiness", "it would not, and why")},
            )
        },
        "/metrics": {"get": _open("readMetrics", "The relay's figures, unless --metrics-port has them", text)},
    }


def _open(name: str, summary: str, responses: Json) -> Json:
    return {"operationId": name, "summary": summary, "security": [], "responses": responses}


def _open_session() -> Json:
    location = {"description": "the session's path", "schema": {"type": "string"}}
    return {
        "operationId": "openSession",
        "summary": "Send an offer, get the answer",
        "requestBody": {
            "required": True,
            "content": {**SDP, "application/json": {"schema": {"$ref": "#/components/schemas/Offer"}}},
        },
        "responses": {
            "201": {
                "description": "the answer, in the format of the offer",
                "headers": {"Location": location},
                "content": {**SDP, **_json("Answer", "")["content"]},
            },
            **_problems(400, 401, 403, 409, 413, 415, 422, 429, 502, 503),
        },
    }


def _open_tap() -> Json:
    location = {"description": "the tap's path", "schema": {"type": "string"}}
    return {
        "operationId": "openTap",
        "summary": "Correct a participant of a room whose own client cannot be changed",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/TapOrder"}}},
        },
        "responses": {
            "201": {"headers": {"Location": location}, **_json("TapAnswer", "the corrected video is in the room")},
            **_problems(400, 401, 403, 409, 413, 415, 422, 429, 502, 503),
        },
    }


def _problems(*statuses: int) -> Json:
    """The answers for what can go wrong, with every code each status may carry."""
    return {str(status): _problem(status) for status in (*statuses, 500)}


def _problem(status: int) -> Json:
    errors = [error for error in PROBLEMS if error.status == status]
    answer = {
        "description": "; ".join(f"{error.code}: {_sentence(error)}" for error in errors)
        or "internal: the relay made a mistake",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in {429, 503}:
        seconds = {"description": "seconds until it makes sense to try again", "schema": {"type": "integer"}}
        return {**answer, "headers": {"Retry-After": seconds}}
    return answer


def _sentence(error: type[RequestError]) -> str:
    return (error.__doc__ or "").rstrip(".").lower()


def _json(model: str, description: str) -> Json:
    return {
        "description": description,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{model}"}}},
    }
