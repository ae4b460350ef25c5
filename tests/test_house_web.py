"""The architecture's rules for web/: which room (folder) may import which."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

WEB = Path(__file__).parents[1] / "web"

# Lowest first. A name is a file, or a room with all its modules; a room may always import its own modules.
ROOMS = {
    "workers": "",
    "warp": "workers",
    "client": "workers warp",
    "eyeline.js": "client",
    "adapters": "eyeline.js client/corrected.js",
    "examples": "eyeline.js adapters",
    "page": "eyeline.js client/settings.js client/gaze.js client/local-correction.js client/connection",
    "room": "eyeline.js client/settings.js client/connection page",
}

# Folders inside a room whose modules import nothing else of the room, except what SHARED lists.
SELF_CONTAINED = "client/connection client/track warp/motion warp/drawing page/lines"
SHARED = {
    "client/connection": "client/settings.js",
    "client/track": "workers",
    "warp/drawing": "workers",
    "page/lines": "",
    "warp/motion": "",
}

COMMENTS = re.compile(r"/\*.*?\*/|^\s*//.*?$", re.DOTALL | re.MULTILINE)
IMPORT = re.compile(r"""(?:\bfrom|\bimport|\bimport\(|\bnew URL\()\s*'(\.{1,2}/[^']+\.js)'""")
MAX_ENTRIES = 16


class Import(NamedTuple):
    """Paths inside web/."""

    by: str
    what: str


def modules() -> list[str]:
    return sorted(path.relative_to(WEB).as_posix() for path in WEB.rglob("*.js"))


def imports() -> Iterator[Import]:
    for module in modules():
        code = COMMENTS.sub("", (WEB / module).read_text())
        for target in IMPORT.findall(code):
            yield Import(module, os.path.normpath(os.path.join(os.path.dirname(module), target)))


def room_of(path: str) -> str:
    return path.partition("/")[0]


def is_in(path: str, places: str) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places.split())


def test_every_import_leads_somewhere() -> None:
    assert not [one for one in imports() if not (WEB / one.what).is_file()]


def test_every_module_has_its_room() -> None:
    assert {room_of(module) for module in modules()} == set(ROOMS)


def test_a_room_imports_what_it_may() -> None:
    wrong = [
        one for one in imports() if room_of(one.by) != room_of(one.what) and not is_in(one.what, ROOMS[room_of(one.by)])
    ]
    assert not wrong


def test_rooms_stand_lowest_first() -> None:
    for number, allowed in enumerate(ROOMS.values()):
        assert all(room_of(place) in list(ROOMS)[:number] for place in allowed.split())


def test_rooms_inside_rooms_are_self_contained() -> None:
    wrong = [
        one
        for inner in SELF_CONTAINED.split()
        for one in imports()
        if is_in(one.by, inner) and not is_in(one.what, f"{inner} {SHARED[inner]}")
    ]
    assert not wrong


def test_there_is_no_circle() -> None:
    ways: dict[str, set[str]] = {}
    for one in imports():
        ways.setdefault(one.by, set()).add(one.what)
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, f"these import each other: {' -> '.join([*way, module])}"
        if module not in done:
            for other in ways.get(module, ()):
                visit(other, (*way, module))
            done.add(module)

    for module in modules():
        visit(module, ())


def test_no_folder_is_a_heap() -> None:
    crowded = [folder for folder in [WEB, *WEB.rglob("*/")] if sum(1 for _ in folder.iterdir()) > MAX_ENTRIES]
    assert not crowded
