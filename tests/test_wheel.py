"""The package: the wheel holds the relay, the whole page and the weights, and serves from them what a clone does."""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[1]
FOLDERS: Final = {"relay": "relay", "web": "relay/web", "models/weights": "relay/weights"}  # here -> in the wheel

# Serves what an unpacked wheel holds, to itself: each file's address, and the content's checksum.
VISIT: Final = """
import asyncio, hashlib, json
from types import SimpleNamespace

from aiohttp.test_utils import TestClient, TestServer

from relay.app import assemble, page_folder
from relay.config.serve import Serve

async def visit():
    blind = lambda *_: SimpleNamespace(close=lambda: None)
    names = [path.relative_to(page_folder()).as_posix() for path in page_folder().rglob("*") if path.is_file()]
    async with TestClient(TestServer(assemble(settings, blind))) as client:
        answers = {name: await client.get(f"/{name}") for name in ["", *names]}
        assert all(answer.status == 200 for answer in answers.values())
        return {name: hashlib.sha256(await answer.read()).hexdigest() for name, answer in answers.items()}

settings = Serve.read([], "test")
print(json.dumps({"page": str(page_folder()), "weights": str(settings.weights), "served": asyncio.run(visit())}))
"""


def project() -> dict[str, Any]:
    content: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return content


def tree() -> dict[str, str]:
    """Every file of this tree that the relay is made of, by its place in the wheel; checksums."""
    found = {}
    for here, there in FOLDERS.items():
        paths = [path for path in (ROOT / here).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        found.update({f"{there}/{path.relative_to(ROOT / here).as_posix()}": checksum(path) for path in paths})
    return found


def checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from this tree, as pip does it, but with the builder that is here already."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    built = subprocess.run([*command, "--wheel-dir", folder, ROOT], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    [path] = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def about(unpacked: Path) -> Path:
    """The folder of what the wheel says of itself."""
    [folder] = unpacked.glob("*.dist-info")
    return folder


@pytest.fixture(scope="module")
def metadata(about: Path) -> Message:
    return message_from_string((about / "METADATA").read_text())


def test_the_wheel_holds_what_the_tree_holds(unpacked: Path) -> None:
    files = [path for path in (unpacked / "relay").rglob("*") if path.is_file()]
    assert {path.relative_to(unpacked).as_posix(): checksum(path) for path in files} == tree()
    assert {path.name for path in unpacked.iterdir() if path.suffix != ".dist-info"} == {"relay"}


def test_an_installed_relay_serves_its_whole_page_and_runs_its_own_weights(unpacked: Path) -> None:
    run = subprocess.run([sys.executable, "-c", VISIT], cwd=unpacked, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["page"] == str(unpacked / "relay" / "web")
    assert found["weights"] == str(unpacked / "relay" / "weights" / "eyeline.onnx")
    pages = {name.removeprefix("relay/web/"): content for name, content in tree().items() if "relay/web/" in name}
    assert found["served"] == {"": pages["index.html"], **pages}


def test_it_says_what_it_is_under_which_licence_and_what_it_is_called_by(metadata: Message, about: Path) -> None:
    assert (metadata["Name"], metadata["Version"]) == (project()["name"], project()["version"])
    assert metadata["License-Expression"] == "Apache-2.0"
    assert (about / "licenses" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    programs = (about / "entry_points.txt").read_text()
    assert all(f"{name} = relay.__main__:main" in programs for name in ("relay", project()["name"]))


def test_who_only_runs_it_needs_nothing_that_tests_or_training_need(metadata: Message) -> None:
    needed = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    names = {re.split(r"[^\w-]", line)[0].lower() for line in needed}
    assert {"aiortc", "mediapipe", "tqdm"} <= names
    assert not names & {"torch", "pytest", "playwright", "hatchling"}


def test_the_version_is_named_once_and_npm_follows_it() -> None:
    [package] = (path for path in (ROOT / "web").rglob("package.json") if "node_modules" not in path.parts)
    assert json.loads(package.read_text())["version"] == project()["version"]
    literals = [path for path in (ROOT / "relay").rglob("*.py") if f'"{project()["version"]}"' in path.read_text()]
    assert not literals, "they read it from the metadata"


def test_the_changelog_has_a_section_for_this_version() -> None:
    """As keepachangelog.com has it: what is not released, then a dated section for each version, newest first."""
    heads = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert heads[0] == "[Unreleased]"
    versions = [re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d", head) for head in heads[1:]]
    assert all(versions), heads
    assert next(found[1] for found in versions if found) == project()["version"]
    kinds = set(re.findall(r"^### (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.M))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
