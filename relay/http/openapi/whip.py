"""The part of the OpenAPI document that describes WHIP and WHEP."""

from collections.abc import Callable
from typing import Any, Final

from relay.config.correction import Correction
from relay.http.sdp_exchange import FRAGMENT, SDP
from relay.http.whip import STAGE

Json = dict[str, Any]
Problems = Callable[..., Json]  # the error responses, by status

TEXT: Final[Json] = {"schema": {"type": "string"}}
ID: Final[Json] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "the session's name, from Location",
    "schema": {"type": "string"},
}
STAGE_ID: Final[Json] = {**ID, "description": "the session's stage, from Link with rel=alternate, or its name"}
VIEWER: Final[Json] = {**ID, "name": "viewer", "description": "the viewer's name, from Location"}
IF_MATCH: Final[Json] = {
    "name": "If-Match",
    "in": "header",
    "description": "the ETag of the answer to the offer, or *; without it the answer is 428",
    "schema": {"type": "string"},
}
LINKS: Final[Json] = {
    "description": "STUN and TURN servers for the client, rel=ice-server; of a new session also the URL to watch it, "
    "rel=alternate",
    "schema": {"type": "string"},
}


def paths(problems: Problems) -> Json:
    """All endpoints of both."""
    return {
        "/whip": {**_endpoint("Whip", "publish", _publish(problems), problems(401, 429))},
        "/whip/{id}": {"parameters": [ID], **_resource("WhipSession", problems)},
        "/whep/{id}": {
            "parameters": [STAGE_ID],
            **_endpoint("Whep", "watch", _watch(problems), problems(401, 403, 404, 429)),
        },
        "/whep/{id}/{viewer}": {"parameters": [STAGE_ID, VIEWER], **_resource("WhepSession", problems)},
    }


def _publish(problems: Problems) -> Json:
    return {
        "operationId": "publishByWhip",
        "summary": "WHIP (RFC 9725): send video and audio, to be watched by WHEP",
        "parameters": [_setting(name, schema) for name, schema in Correction.model_json_schema()["properties"].items()]
        + [_setting("stage", {"type": "string", "pattern": STAGE.pattern, "description": "the name to be watched by"})],
        **_opening(problems(400, 401, 403, 409, 413, 415, 422, 429, 503)),
    }


def _watch(problems: Problems) -> Json:
    return {
        "operationId": "watchByWhep",
        "summary": "WHEP (draft-ietf-wish-whep): receive a session's corrected video and its audio",
        **_opening(problems(400, 401, 403, 404, 413, 415, 422, 429, 503)),
    }


def _opening(wrong: Json) -> Json:
    header = {"ETag": "of the ICE session, for If-Match", "Location": "for PATCH and DELETE"}
    headers = {name: {"description": text, **TEXT} for name, text in header.items()}
    created = {"description": "the answer", "headers": {**headers, "Link": LINKS}, "content": {SDP: TEXT}}
    return {"requestBody": {"required": True, "content": {SDP: TEXT}}, "responses": {"201": created, **wrong}}


def _endpoint(name: str, verb: str, post: Json, wrong: Json) -> Json:
    accept = {"Accept-Post": {"description": SDP, **TEXT}, "Link": LINKS}
    return {
        "post": post,
        "get": {
            "operationId": f"get{name}",
            "summary": f"Empty: use POST to {verb}",
            "responses": {"204": {"description": "it exists"}, **wrong},
        },
        "options": {
            "operationId": f"ask{name}",
            "summary": "What can be posted, and the ICE servers",
            "responses": {"200": {"description": "in the headers", "headers": accept}, **wrong},
        },
    }


def _resource(name: str, problems: Problems) -> Json:
    there = problems(401, 403, 404, 429)
    return {
        "patch": {
            "operationId": f"trickle{name}",
            "summary": "Add ICE candidates (RFC 8840); ICE is not restarted",
            "parameters": [IF_MATCH],
            "requestBody": {"required": True, "content": {FRAGMENT: TEXT}},
            "responses": {
                "204": {"description": "accepted; unusable candidates are ignored"},
                **problems(400, 401, 403, 404, 412, 413, 415, 422, 428, 429),
            },
        },
        "delete": {
            "operationId": f"end{name}",
            "summary": "End it",
            "responses": {"204": {"description": "ended; all its resources are released"}, **there},
        },
        "get": {
            "operationId": f"get{name}",
            "summary": "Empty; whether it exists",
            "responses": {"204": {"description": "it exists"}, **there},
        },
        "options": {
            "operationId": f"ask{name}",
            "summary": "The allowed methods",
            "responses": {
                "200": {
                    "description": "in the headers",
                    "headers": {"Accept-Patch": {"description": FRAGMENT, **TEXT}},
                },
                **problems(401, 429),
            },
        },
    }


def _setting(name: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "schema": {key: value for key, value in schema.items() if key != "default"}}
