"""The public names: addresses, routes, metrics, flags with their variables, entry points.

They are stored in tests/public/, one per line. Changing one affects everybody who uses Eyeline. After an intended
change, run this as a program to write the files again.
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
    """A relay's application, with all routes."""
    return assemble(Serve.read([], "test"), StageFactory())


def client() -> TestClient[web.Request, web.Application]:
    """A test client of a relay, not yet started."""
    return TestClient(TestServer(relay()))


def addresses() -> list[str]:
    """Addresses that visitors, other pages and the documents use: path, status and content type."""
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
    """Names and types of the relay's own metrics."""

    async def ask() -> str:
        async with client() as asking:
            return await (await asking.get("/metrics")).text()

    return sorted(re.findall(r"^# TYPE (eyeline_.*)$", asyncio.run(ask()), re.M))


def flags() -> list[str]:
    """Of each command, as --help lists them: the flag, its environment variable, its default."""
    return [line for command in COMMANDS for line in _flags_of(command)]


def _flags_of(command: str) -> list[str]:
    words = [sys.executable, "-m", "relay", command, "--help"]
    shown = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, env=_environment()).stdout
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
    """The default value; of a path only the name, because its folder depends on the machine."""
    value = about.get_default(call_default_factory=True)
    return "(needed)" if about.is_required() else value.name if isinstance(value, Path) else str(value)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("EYELINE_")} | {"COLUMNS": "500"}


def entries() -> list[str]:
    """The programs and imports of the installed packages."""
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
    """The stored lines in tests/public/."""
    return (PUBLIC / f"{name}.txt").read_text().splitlines()


if __name__ == "__main__":
    for name, read in SURFACE.items():
        (PUBLIC / f"{name}.txt").write_text("".join(f"{line}\n" for line in read()))
