"""The npm package of web/: the library with everything it imports, and nothing of the page."""

import json
import re
from pathlib import Path
from typing import Any

from tests.running import ROOT

WEB = Path(ROOT, "web")
ENTRIES = {"eyeline.js", "adapters/livekit.js", "adapters/jitsi.js", "adapters/sender.js"}
COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)
IMPORTS = re.compile(r"(?:\bfrom |\bimport |\bnew URL\()'(\.[^']+\.js)'")


def package() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((WEB / "package.json").read_text())
    return content


def needed_by(roots: set[str]) -> set[str]:
    """These modules, and every module that they import or start as a worker."""
    found, open_ = set(), set(roots)
    while open_:
        name = open_.pop()
        found.add(name)
        text = COMMENTS.sub("", (WEB / name).read_text())
        open_ |= {
            ((WEB / name).parent / one).resolve().relative_to(WEB).as_posix() for one in IMPORTS.findall(text)
        } - found
    return found


def packed() -> set[str]:
    """Every file that npm packs."""
    paths = [WEB / name for name in package()["files"]]
    files = [one for path in paths for one in (path.rglob("*") if path.is_dir() else [path]) if one.is_file()]
    return {path.relative_to(WEB).as_posix() for path in files}


def test_the_package_carries_the_library_with_its_types_and_nothing_else() -> None:
    types = {name.replace(".js", ".d.ts") for name in ENTRIES}
    assert packed() == needed_by(ENTRIES) | types


def test_the_library_knows_nothing_of_the_page() -> None:
    for name in needed_by(ENTRIES):
        text = COMMENTS.sub("", (WEB / name).read_text())
        assert not re.search(r"document\.(getElementById|querySelector|body)", text), name


def test_every_entry_exists_and_nothing_else_is_needed() -> None:
    entries = package()["exports"]
    paths = {path for entry in entries.values() for path in ([entry] if isinstance(entry, str) else entry.values())}
    assert all((WEB / path).is_file() for path in paths)
    assert "dependencies" not in package()
