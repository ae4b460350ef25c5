"""The API as an OpenAPI 3.1 document. Schemas come from the models that validate requests and responses.

The endpoints are described by hand: a test compares them with the router.
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

REQUEST_MODELS: Final = (Offer, TapOrder, Correction, Change, Calibrate, Ping)
RESPONSE_MODELS: Final = (Answer, TapAnswer, RelayConfig, Ticket, Correction, Problem, Statistics, Readiness)
SDP: Final[Json] = {"application/sdp": {"schema": {"type": "string", "description": "RFC 8866"}}}
SESSION: Final[Json] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "the session's name, from Location",
    "schema": {"type": "string"},
}
TAP: Final[Json] = {**SESSION, "description": "the tap's name, from Location"}
ACCESS_STATUSES: Final = (
    401,
    403,
    429,
    503,
)  # responses of relay/http/access/gate.py, and of handlers that check rights
TOKEN: Final[Json] = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "if the relay requires one; claims: sub, exp, rights (session, watch, tap), room",
}
DESCRIPTION: Final = (
    "One WebRTC connection receives camera video and returns it with the eyes turned towards the lens. The offer "
    "contains all its ICE candidates and, for settings and statistics, a data channel labelled eyeline that carries "
    "JSON messages: Change, Calibrate and Ping to the relay; settings, calibration, stats (Statistics), pong and "
    "error to the client. Clients ignore messages that they do not know."
)


def document() -> Json:
    """The whole document."""
    _, schemas = models_json_schema(
        [
            *((model, "validation") for model in REQUEST_MODELS),
            *((model, "serialization") for model in RESPONSE_MODELS),
        ],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Eyeline relay",
            "version": metadata.version("eyeline"),
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": _paths(),
        "components": {"schemas": schemas["$defs"], "securitySchemes": {"token": TOKEN}},
        "security": [{"token": []}, {}],
    }


def _paths() -> Json:
    ended = {"204": {"description": "ended; all its resources are released"}, **_problems(*ACCESS_STATUSES, 404)}
    return {
        **whip_paths(_problems),
        **_probes(),
        "/api/sessions": {"post": _open_session()},
        "/api/sessions/{id}": {
            "parameters": [SESSION],
            "get": {
                "operationId": "readSession",
                "summary": "The session's newest statistics",
                "responses": {
                    "200": _json("Statistics", "since the session started"),
                    **_problems(*ACCESS_STATUSES, 404),
                },
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
                "responses": {"200": _json("Statistics", "since the tap started"), **_problems(*ACCESS_STATUSES, 404)},
            },
            "delete": {
                "operationId": "endTap",
                "summary": "End a tap and remove its video from the room",
                "responses": {**ended, **_problems(*ACCESS_STATUSES, 404)},
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
                "summary": "A token for a visitor of the relay's own page",
                "responses": {"200": _json("Ticket", "a temporary token"), **_problems(*ACCESS_STATUSES)},
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
    """The endpoints that need no token."""
    text = {"200": {"description": "Prometheus text format", "content": {"text/plain": {"schema": {"type": "string"}}}}}
    alive = {"application/json": {"schema": {"type": "object"}}}
    return {
        "/healthz": {
            "get": _open(
                "readHealth", "Whether the process responds", {"200": {"description": "it does", "content": alive}}
            )
        },
        "/readyz": {
            "get": _open(
                "readReadiness",
                "Whether a new session would be admitted",
                {"200": _json("Readiness", "it would"), "503": _json("Readiness", "it would not, and why")},
            )
        },
        "/metrics": {
            "get": _open("readMetrics", "The relay's metrics, unless they are served on --metrics-port", text)
        },
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
        "summary": "Correct a participant of a room without changing their client",
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
    """The error responses, with every code that each status may have."""
    return {str(status): _problem(status) for status in (*statuses, 500)}


def _problem(status: int) -> Json:
    errors = [error for error in PROBLEMS if error.status == status]
    answer = {
        "description": "; ".join(f"{error.code}: {_sentence(error)}" for error in errors)
        or "internal: an error of the relay",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in {429, 503}:
        seconds = {"description": "seconds until a retry is sensible", "schema": {"type": "integer"}}
        return {**answer, "headers": {"Retry-After": seconds}}
    return answer


def _sentence(error: type[RequestError]) -> str:
    return (error.__doc__ or "").rstrip(".").lower()


def _json(model: str, description: str) -> Json:
    return {
        "description": description,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{model}"}}},
    }
