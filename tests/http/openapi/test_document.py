import json
import re
from typing import Any

from relay.app import assemble
from relay.config.correction import Correction
from relay.config.serve import Serve
from relay.http.openapi.document import document
from relay.http.problems import PROBLEMS
from tests.fakes import StageFactory

PAGE = "/{file}"


def routes() -> set[tuple[str, str]]:
    """(path, method) of all routes except the page."""
    app = assemble(Serve.read([], "test"), StageFactory())
    found = set()
    for route in app.router.routes():
        assert route.resource is not None
        path = re.sub(r":.*}", "}", route.resource.canonical)
        found.add((path, route.method.lower()))
    return {(path, method) for path, method in found if path != PAGE}


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    methods = {"get", "post", "delete", "put", "patch", "options"}
    return {
        (path, method): operation
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if method in methods
    }


def test_every_endpoint_is_described_and_none_besides() -> None:
    assert set(operations()) == routes()


def test_every_reference_leads_somewhere() -> None:
    whole = document()
    references = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(whole))
    assert references
    for reference in references:
        place = whole
        for part in reference.split("/"):
            place = place[part]


def test_path_parameters_are_declared() -> None:
    for path, item in document()["paths"].items():
        declared = {one["name"] for one in item.get("parameters", [])}
        assert declared == set(re.findall(r"{(\w+)}", path))


def test_every_problem_is_described_where_a_session_is_opened_or_used() -> None:
    everything = json.dumps(document()["paths"])
    for error in PROBLEMS:
        assert f"{error.code}: " in everything


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for operation in operations().values()]
    assert len(set(names)) == len(names)


def test_the_settings_are_those_of_the_relay() -> None:
    schemas = document()["components"]["schemas"]
    assert set(schemas["Correction"]["properties"]) == set(Correction.model_fields)
    assert set(schemas["Change"]["properties"]) == {"type", *Correction.model_fields}
    assert schemas["Offer"]["properties"]["settings"]["properties"]["pitch"]["maximum"] == 25
    assert set(schemas["Frames"]["properties"]) == {"in", "out", "dropped", "corrected", "passed"}
