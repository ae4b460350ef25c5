"""The architecture's rules that a program can check. The tables below define the architecture."""

import ast
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RELAY = ROOT / "relay"

# A room is a package of the relay. Which room may import what, lowest first. A name is a module, or a room with all its
# modules; a room may always import its own modules. Modules outside packages count as rooms of their own.
ROOMS = {
    "errors": "",
    "frame": "",
    "metrics": "frame",
    "logs": "",
    "config": "errors",
    "gaze": "errors frame config",
    "media": "errors frame metrics config",
    "capacity": "errors metrics config",
    "sfu": "errors",
    "film": "errors frame metrics config gaze.corrector gaze.face media.frame media.trace",
    "session": "errors frame metrics logs config gaze.face gaze.calibration media sfu",
    "http": "errors frame metrics config capacity media.aiortc_patches.counts sfu session",
    "machine": "errors frame config gaze",
    "app": "errors config capacity gaze media session http",
    "__main__": "errors logs config machine film app http.access.tokens",
}

# Inside a room: modules and packages, each of which imports only from those before it.
INSIDE = {
    "gaze": "spec face geometry tracking aim calibration eye_crop geometric network warp motion wire corrector",
    "media": "mailbox stages trace freshness runner frame aiortc_patches arrival pipeline track fan",
    "capacity": "cores admission lag load drain",
    "sfu": "egress signalling room janus subscription whip nowhere",
    "film": "files summary schedule correct",
    "session": "turn trickle offer channels data_channel viewers tracks session tap registry",
    "http": "bodies problems access sdp_exchange publishing exposition probes monitor whip whep taps openapi routes",
}

# Libraries that a room must not import.
FORBIDDEN = {
    "gaze": "asyncio av aiortc aioice aiohttp pydantic_settings",
    "media": "aiohttp mediapipe onnxruntime cv2",
    "film.files": "asyncio aiortc aioice aiohttp mediapipe onnxruntime cv2",
    "sfu": "mediapipe onnxruntime cv2",
    "session": "aiohttp mediapipe onnxruntime cv2",
    "http": "mediapipe onnxruntime cv2",
}

# The only modules that may import a library. A room's name with a star stands for all its modules.
DOORS = {
    "mediapipe": "gaze.tracking.landmarks",
    "onnxruntime": "gaze.network",
    "cv2": "gaze.* machine.check __main__",
    "av": "media.* film.files.* film.correct sfu.*",
    "aiortc": "media.aiortc_patches.* media.track media.fan sfu.* session.* "
    "http.sdp_exchange http.publishing http.routes",
    "aioice": "media.aiortc_patches.codec media.aiortc_patches.consent",
    "aiohttp": "app http.* sfu.*",
    "jwt": "http.access.tokens",
    "limits": "http.access.gate",
    "aiohttp_cors": "http.access.cors",
    "prometheus_client": "http.exposition",
    "psutil": "capacity.load",
    "pythonjsonlogger": "logs",
    "torch": "",
    "models": "",
    "tests": "",
    "scripts": "",
}

# What training shares with the relay: the eye crop is made by the same code.
SHARED_WITH_MODELS = "errors frame gaze.spec gaze.face gaze.geometry gaze.eye_crop gaze.tracking.landmarks"

# What evaluates the network runs it as the relay does, also on video files. Names in models/, without suffix; a folder
# means all in it.
JUDGES = "evaluate evaluation"
SHARED_WITH_JUDGES = f"{SHARED_WITH_MODELS} config media.frame gaze film.files"

# Which room of scripts/ may import which other.
SCRIPTS = {"measuring": "", "composing": "measuring.report", "building": ""}

# Modules without a test file of their own, and why.
UNTESTED = {
    "errors": "names and numbers; tested where the errors are raised and answered",
    "frame": "names; every test of gaze and media uses them",
    "gaze.spec": "numbers; test_geometry compares them with the drawing",
    "gaze.face": "plain data",
    "media.arrival": "plain data",
    "http.sdp_exchange": "what WHIP and WHEP share; the tests of both use it",
    "http.openapi.whip": "a part of the document; test_document compares the whole with the router",
    "config.access": "names and limits; test_access and test_gate test their effect",
    "config.meetings": "names and limits; test_publishing and test_guests test their effect",
    "config.operation": "names and limits; test_admission and test_drain test their effect",
    "config.media": "names and limits; config/test_reading and test_codec test their effect",
    "config.check": "an engine alone; config/test_engine reads it",
    "config.fetch": "one path; test_fetch and test_main read it",
    "sfu.egress": "a protocol class; every adapter's tests use it",
}

VAGUE = {"util", "utils", "common", "helper", "helpers", "base", "manager", "handler", "misc"}


@dataclass(frozen=True)
class Import:
    """One name that a module imports, in full, and the line where it does."""

    name: str
    line: int

    @property
    def library(self) -> str:
        return self.name.partition(".")[0]


@cache
def modules() -> list[str]:
    """Every module of the relay, without the leading name; __init__ excepted."""
    paths = sorted(path for path in RELAY.rglob("*.py") if path.name != "__init__.py")
    return [".".join(path.relative_to(RELAY).with_suffix("").parts) for path in paths]


def path_of(module: str) -> Path:
    return RELAY.joinpath(*module.split(".")).with_suffix(".py")


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imports(module: str) -> list[Import]:
    return imports_of(path_of(module))


@cache
def imports_of(path: Path) -> list[Import]:
    """Everything imported anywhere in the file, inside functions too."""
    found = []
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            found += [Import(f"{node.module}.{alias.name}", node.lineno) for alias in node.names]
    return found


@cache
def neighbours(module: str) -> dict[str, int]:
    """The relay's own modules that this one imports, with a line each."""
    known = set(modules())
    found = {}
    for one in imports(module):
        if one.name.startswith("relay."):
            parts = one.name.split(".")[1:]
            candidates = [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
            found.update({name: one.line for name in candidates[:2] if name in known})
    return found


def room_of(module: str) -> str:
    return module.partition(".")[0]


def is_in(module: str, places: str) -> bool:
    """Whether this module is one of these, or is in one of these rooms."""
    return any(starts_with(module, place) for place in places.split())


def entry_of(module: str) -> str:
    """The module or package directly inside this module's room that it is, or is in."""
    return module.split(".")[1]


def allows(door: str, module: str) -> bool:
    return door == module or (door.endswith(".*") and module.startswith(door[:-1]))


def forbidden_in(module: str) -> list[str]:
    return [name for room, names in FORBIDDEN.items() if starts_with(module, room) for name in names.split()]


def environment_reads(module: str) -> list[int]:
    """Lines that read the environment; setdefault does not count: it sets a library's switch before its import."""
    names = {"os.environ", "os.environb", "os.getenv"}
    attributes = [node for node in ast.walk(parse(path_of(module))) if isinstance(node, ast.Attribute)]
    set_only = [node.value for node in attributes if node.attr == "setdefault"]
    read = [node.lineno for node in attributes if ast.unparse(node) in names and node not in set_only]
    return read + [one.line for one in imports(module) if one.name in names]


def starts_with(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def test_every_module_has_its_room() -> None:
    assert {room_of(module) for module in modules()} == set(ROOMS)
    for room, inside in INSIDE.items():
        entries = {entry_of(module) for module in modules() if module.startswith(f"{room}.")}
        assert entries == set(inside.split()), f"add what is new in {room}, remove what no longer exists"


def test_a_room_imports_what_it_may() -> None:
    wrong = [
        f"{path_of(module)}:{line} imports {other}; it may import: {ROOMS[room_of(module)] or 'nothing'}"
        for module in modules()
        for other, line in neighbours(module).items()
        if room_of(other) != room_of(module) and not is_in(other, ROOMS[room_of(module)])
    ]
    assert not wrong


def test_rooms_stand_lowest_first() -> None:
    for number, allowed in enumerate(ROOMS.values()):
        lower = list(ROOMS)[:number]
        assert all(room_of(place) in lower for place in allowed.split())


def test_inside_a_room_imports_go_one_way() -> None:
    wrong = [
        f"{path_of(module)}:{line} imports {other}, which comes after it in {room}"
        for room, inside in INSIDE.items()
        for module in modules()
        if module.startswith(f"{room}.")
        for other, line in neighbours(module).items()
        if other.startswith(f"{room}.")
        if inside.split().index(entry_of(other)) > inside.split().index(entry_of(module))
    ]
    assert not wrong


def test_there_is_no_circle() -> None:
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, f"these import each other: {' -> '.join([*way, module])}"
        if module not in done:
            for other in neighbours(module):
                visit(other, (*way, module))
            done.add(module)

    for module in modules():
        visit(module, ())


def test_rooms_know_nothing_of_strangers() -> None:
    wrong = [
        f"{path_of(module)}:{one.line} imports {one.name}; which is forbidden in that room"
        for module in modules()
        for one in imports(module)
        if any(starts_with(one.name, library) for library in forbidden_in(module))
    ]
    assert not wrong


def test_libraries_come_in_by_their_doors() -> None:
    wrong = [
        f"{path_of(module)}:{one.line} imports {one.library}; it may be imported by: {DOORS[one.library] or 'none'}"
        for module in modules()
        for one in imports(module)
        if one.library in DOORS and not any(allows(door, module) for door in DOORS[one.library].split())
    ]
    assert not wrong


def shared_with(path: Path) -> list[str]:
    """The relay's modules and rooms that this file of models/ may import."""
    room = path.relative_to(ROOT / "models").with_suffix("").parts[0]
    shared = SHARED_WITH_JUDGES if room in JUDGES.split() else SHARED_WITH_MODELS
    return [f"relay.{name}" for name in shared.split()]


def test_training_shares_the_geometry_of_the_eye_and_nothing_else() -> None:
    wrong = [
        f"{path}:{one.line} imports {one.name}; it shares {', '.join(shared_with(path))} with the relay"
        for path in sorted((ROOT / "models").rglob("*.py"))
        for one in imports_of(path)
        if one.library == "relay" and not any(starts_with(one.name, name) for name in shared_with(path))
    ]
    assert not wrong


def test_onnxruntime_is_silenced_wherever_it_is_imported() -> None:
    """It reports its use to Microsoft, unless the environment disables that before it is loaded."""
    files = [path for room in ("relay", "models", "scripts", "tests") for path in sorted((ROOT / room).rglob("*.py"))]
    reporting = [
        f"{path}:{one.line} imports onnxruntime; set ORT_DISABLE_TELEMETRY before that"
        for path in files
        for one in imports_of(path)
        if one.library == "onnxruntime" and "ORT_DISABLE_TELEMETRY" not in path.read_text()
    ]
    assert not reporting


def test_rooms_of_scripts_keep_apart() -> None:
    wrong = [
        f"{path}:{one.line} imports {one.name}"
        for room, allowed in SCRIPTS.items()
        for path in sorted((ROOT / "scripts" / room).rglob("*.py"))
        for one in imports_of(path)
        if one.library == "scripts"
        and not any(starts_with(one.name, f"scripts.{place}") for place in [room, *allowed.split()])
    ]
    assert not wrong


def test_the_environment_is_read_in_one_file() -> None:
    reads = [
        f"{path_of(module)}:{line} reads the environment; config/reading.py does that"
        for module in modules()
        for line in environment_reads(module)
        if module != "config.reading"
    ]
    assert not reads


def test_modules_and_tests_mirror_each_other() -> None:
    rooms = {room for room in ROOMS if (RELAY / room).is_dir()}
    tests = {
        ".".join([*path.relative_to(ROOT / "tests").parts[:-1], path.stem.removeprefix("test_")])
        for path in (ROOT / "tests").rglob("test_*.py")
    }
    wanted = {module.replace("__main__", "main") for module in modules()} - set(UNTESTED)
    missing = wanted - tests
    assert not missing, f"no test_NAME.py under tests for {sorted(missing)}"
    strays = {test for test in tests if test.split(".")[0] in rooms} - wanted
    assert not strays, f"no module under relay for {sorted(strays)}"
    assert not set(UNTESTED) & tests, "these have tests: remove them from UNTESTED"
    assert not set(UNTESTED) - set(modules()), "there is no such module: remove it from UNTESTED"


@pytest.mark.parametrize("path", sorted(RELAY.rglob("__init__.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_init_files_hold_a_docstring_only(path: Path) -> None:
    body = ast.parse(path.read_text()).body
    assert len(body) == 1
    assert isinstance(body[0], ast.Expr)
    assert isinstance(body[0].value, ast.Constant)
    assert isinstance(body[0].value.value, str)


def test_no_module_has_a_vague_name() -> None:
    vague = [module for module in modules() if VAGUE & set(module.replace(".", "_").split("_"))]
    assert not vague, "name them after what they contain"


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("relay.gaze.geometry", {"mediapipe", "av", "aiortc", "asyncio", "cv2"}),
        ("relay.gaze.eye_crop", {"mediapipe", "av", "onnxruntime", "torch"}),
        ("relay.gaze.network", {"mediapipe", "av", "asyncio", "torch"}),
        ("relay.config", {"mediapipe", "av", "aiortc", "cv2", "numpy", "onnxruntime"}),
        ("relay.media.pipeline", {"mediapipe", "aiortc", "aiohttp", "cv2"}),
    ],
)
def test_importing_one_room_does_not_furnish_the_house(module: str, heavy: set[str]) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = heavy & set(run.stdout.split())
    assert not loaded, f"importing {module} loads {sorted(loaded)}"
