"""The names that others build on: addresses, routes, metrics, flags with their variables, entry points.

They are kept in tests/public/, one a line. A change of them is a change for everybody who uses Eyeline; where it is
meant, this writes them anew when it is run as a program.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from relay.__main__ import COMMANDS
from relay.app import assemble
from relay.config.check import Check
from relay.config.correct import Correct
from relay.config.fetch import Fetch
from relay.config.serve import Serve
from relay.config.token import Token
from tests.fakes import StageFactory

ROOT: Final = Path(__file__).parents[1]
PUBLIC: Final = ROOT / "tests" / "public"
SETTINGS: Final[dict[str, type[BaseModel]]] = {
    "serve": Serve,
    "correct": Correct,
    "check": Check,
    "fetch": Fetch,
    "token": Token,
}
FIXED: Final = ("/", "/index.html", "/room.html", "/eyeline.js", "/eyeline.d.ts")


def relay() -> web.Application:
    """With everything that a relay serves."""
    return assemble(Serve.read([], "test"), StageFactory())


def client() -> TestClient[web.Request, web.Application]:
    """Of one that is not running yet."""
    return TestClient(TestServer(relay()))


def addresses() -> list[str]:
    """What the page's visitors, other pages and the documents name: path and type."""
    folders = [path for folder in ("adapters", "examples") for path in sorted((ROOT / "web" / folder).iterdir())]
    paths = [*FIXED, *(f"/{path.parent.name}/{path.name}" for path in folders)]

    async def ask() -> list[str]:
        async with client() as asking:
            answers = {path: await asking.get(path) for path in paths}
            return [f"{path} {answer.status} {answer.content_type}" for path, answer in answers.items()]

    return asyncio.run(ask())


def routes() -> list[str]:
    """Methods and paths of the API, as the router has them."""
    found = set()
    for route in relay().router.routes():
        assert route.resource is not None
        found.add(f"{route.method} {re.sub(r':[^}]*}', '}', route.resource.canonical)}")
    return sorted(found, key=lambda line: line.split()[::-1])


def metrics() -> list[str]:
    """Names and types of the relay's own figures."""

    async def ask() -> str:
        async with client() as asking:
            return await (await asking.get("/metrics")).text()

    return sorted(re.findall(r"^# TYPE (eyeline_.*)$", asyncio.run(ask()), re.M))


def flags() -> list[str]:
    """Of each command, as --help has them: the flag, its variable, what it is if nothing is said."""
    return [line for command in COMMANDS for line in _flags_of(command)]


def _flags_of(command: str) -> list[str]:
    words = [sys.executable, "-m", "relay", command, "--help"]
    shown = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, env=_wide()).stdout
    listed = set(re.findall(r"^  (?:-h, )?(--[\w-]+)", shown, re.M))
    alone = [f"{command} {name.upper()}" for name in re.findall(r"^  ([A-Z]+) ", shown, re.M)]
    return alone + sorted(
        f"{command} {flag} {_variable(name, about)} {_default(about)}"
        for name, about in SETTINGS[command].model_fields.items()
        if (flag := f"--{(about.alias or name).replace('_', '-')}") in listed
    )


def _variable(name: str, about: FieldInfo) -> str:
    return about.alias.upper() if about.alias else f"EYELINE_{name.upper()}"


def _default(about: FieldInfo) -> str:
    """A path by its name: where it lies is this machine's business."""
    value = about.get_default(call_default_factory=True)
    return "(needed)" if about.is_required() else value.name if isinstance(value, Path) else str(value)


def _wide() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("EYELINE_")} | {"COLUMNS": "500"}


def entries() -> list[str]:
    """What is called and imported once the packages are installed."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [package] = [path for path in (ROOT / "web").rglob("package.json") if "node_modules" not in path.parts]
    npm: dict[str, Any] = json.loads(package.read_text())
    programs = [f"{project['name']}: program {name}" for name in sorted(project["scripts"])]
    return [*programs, *(f"{npm['name']}: import {entry}" for entry in npm["exports"])]


SURFACE: Final[dict[str, Callable[[], list[str]]]] = {
    "addresses": addresses,
    "routes": routes,
    "metrics": metrics,
    "flags": flags,
    "entries": entries,
}


def kept(name: str) -> list[str]:
    """The lines in tests/public/."""
    return (PUBLIC / f"{name}.txt").read_text().splitlines()


if __name__ == "__main__":
    for name, read in SURFACE.items():
        (PUBLIC / f"{name}.txt").write_text("".join(f"{line}\n" for line in read()))
