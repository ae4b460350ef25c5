"""What npm carries of web/: the library with everything it imports, and nothing of the page."""

import json
import re
from pathlib import Path
from typing import Any

from tests.running import ROOT

WEB = Path(ROOT, "web")
LIBRARY = {"eyeline.js", "adapters/livekit.js", "adapters/jitsi.js", "adapters/sender.js"}
PAGES = {"main.js", "room.js"}
COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)
IMPORTS = re.compile(r"^(?:import|export)\b[^;]*?from '(\.[^']+)'", re.MULTILINE)
WORKERS = re.compile(r"startWorker\('([^']+)'")


def package() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((WEB / "package.json").read_text())
    return content


def needed_by(roots: set[str]) -> set[str]:
    """Every module that these import, or start as workers, and themselves."""
    found, open_ = set(), set(roots)
    while open_:
        name = open_.pop()
        found.add(name)
        text = COMMENTS.sub("", (WEB / name).read_text())
        beside = {(WEB / name).parent / one for one in IMPORTS.findall(text)} | {
            WEB / one for one in WORKERS.findall(text)
        }
        open_ |= {str(path.resolve().relative_to(WEB)) for path in beside} - found
    return found


def test_the_package_carries_the_library_with_its_types_and_nothing_else() -> None:
    types = {name.replace(".js", ".d.ts") for name in LIBRARY}
    assert set(package()["files"]) == needed_by(LIBRARY) | types
    assert all((WEB / name).is_file() for name in package()["files"])


def test_the_library_knows_nothing_of_the_page() -> None:
    library = needed_by(LIBRARY)
    for name in library:
        text = COMMENTS.sub("", (WEB / name).read_text())
        assert not re.search(r"document\.(getElementById|querySelector|body)", text), name
    assert not library & {"view.js", "words.js", "controls.js", "notice.js", *PAGES}


def test_the_pages_are_built_on_the_library() -> None:
    below = {"call.js", "peer.js", "output.js", "corrected.js"}
    for page in PAGES:
        direct = {name for name in needed_by({page}) if name not in needed_by(LIBRARY)}
        texts = [COMMENTS.sub("", (WEB / name).read_text()) for name in direct]
        assert any("from './eyeline.js'" in text for text in texts), page
        assert not any(f"from './{name}'" in text for text in texts for name in below), page


def test_every_entry_exists_and_nothing_else_is_needed() -> None:
    entries = package()["exports"]
    paths = {path for entry in entries.values() for path in ([entry] if isinstance(entry, str) else entry.values())}
    assert all((WEB / path).is_file() for path in paths)
    assert "dependencies" not in package()
