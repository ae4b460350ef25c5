"""scripts/setup on a project that needs nothing from the network, in a folder of its own."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"

TORCH = re.findall(r"^torch=([\d.]+)$", (SCRIPTS / "setup").read_text(), re.MULTILINE)[0]

PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tiny"
version = "1"
optional-dependencies = { dev = [] }
"""

BACKEND = """
import re
import zipfile

NEEDED = re.findall(r'dev = \\["(.+)"\\]', open("pyproject.toml").read())
METADATA = "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\nProvides-Extra: dev\\n" + "".join(
    f"Requires-Dist: {one}; extra == 'dev'\\n" for one in NEEDED
)

def build_editable(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{folder}/tiny-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny-1.dist-info/METADATA", METADATA)
        wheel.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.dist-info/RECORD", "")
    return "tiny-1-py3-none-any.whl"

def build_wheel(*args):
    raise RuntimeError("only editable")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    for name in ("setup", "debian"):
        shutil.copy(SCRIPTS / name, tmp_path / "scripts")
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "backend.py").write_text(BACKEND)
    return tmp_path


def set_up(project: Path, *flags: str, path: str = os.environ["PATH"], **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path, "HOME": str(project), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, **more}
    return subprocess.run(
        [project / "scripts" / "setup", *flags], env=environment, capture_output=True, text=True, check=False
    )


def tools(project: Path, names: str, **scripts: str) -> str:
    """A PATH with only these system programs and these shell scripts."""
    folder = project / "tools"
    folder.mkdir()
    for name in names.split():
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    for name, script in scripts.items():
        (folder / name.replace("_", "-")).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name.replace("_", "-")).chmod(0o755)
    return str(folder)


def test_from_a_failed_start_to_an_interrupted_one(project: Path) -> None:
    """One test, since each new environment takes some seconds."""
    settings = project / "pyproject.toml"
    settings.write_text(PROJECT.replace("requires = []", 'requires = ["not-to-be-had-offline"]'))
    failed = set_up(project)
    assert failed.returncode == 1
    assert "could not be installed" in failed.stderr

    settings.write_text(PROJECT)
    second = set_up(project, "--dev")
    assert second.returncode == 0, second.stderr
    assert "Python packages" in second.stderr
    assert "environment" not in second.stderr
    assert second.stderr.splitlines()[-1].endswith(" s] Set up.")

    for flags in ((), ("--dev",)):
        again = set_up(project, *flags)
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")

    settings.write_text(PROJECT + "# changed\n")
    changed = set_up(project)
    assert changed.returncode == 0, changed.stderr
    assert "Python packages" in changed.stderr

    (project / ".venv" / "unfinished").touch()  # as a killed pip leaves it
    (project / ".venv" / "rubbish").touch()
    anew = set_up(project)
    assert anew.returncode == 0, anew.stderr
    assert not (project / ".venv" / "rubbish").exists()
    assert set_up(project).stderr == ""


def test_without_a_python_it_says_what_to_install(project: Path) -> None:
    missing = set_up(project, path=tools(project, "bash env dirname cat cmp uname"))
    assert missing.returncode == 1
    assert "Python 3.11 or newer" in missing.stderr
    assert not (project / ".venv").exists()


SYSTEM = "sh bash env dirname cat cmp uname mktemp awk sort comm xargs grep head printf rm cp touch tr echo"
# A fake apt that knows every package but one and logs its calls.
APT = {
    "id": "echo 0",
    "apt_cache": """shift; for one; do
      echo "$one:"; if [ "$one" = firefox-esr ]; then echo "  Candidate: (none)"; else echo "  Candidate: 1.0"; fi
    done""",
    "apt_get": """echo "$@" >>"$HOME/apt.log"
      case "$*" in *install*) if [ -e "$HOME/broken" ]; then exit 100; fi ;; esac""",
    "python3": f'exec {sys.base_prefix}/bin/python3 "$@"',
}


def test_what_the_tests_drive_is_installed_in_one_call_beside_pythons_packages(project: Path) -> None:
    """The programs stay missing: the fake apt-get installs nothing."""
    for name in ("relay/__main__.py", "scripts/building/portraits.py", "tests/browser.py", "tests/firefox.py"):
        path = project / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"open('ran.log', 'a').write('{path.parent.name} ')")
    done = set_up(project, "--test", path=tools(project, SYSTEM, **APT))
    assert done.returncode == 0, done.stderr
    calls = (project / "apt.log").read_text().splitlines()
    [installed] = [call for call in calls if " install " in f" {call} "]
    assert {"janus", "coturn", "nodejs", "npm", "gcc", "simple-whip-client", "chromium"} <= set(installed.split())
    assert "firefox-esr" not in installed
    assert "This system has no package of: firefox-esr." in done.stderr
    assert re.search(r"Missing, and could not be installed: .*janus.* will fail\.", done.stderr)
    assert sorted((project / "ran.log").read_text().split()) == ["building", "relay", "tests"]
    first, last = (done.stderr.index(words) for words in ("Debian packages, in the background", "Python packages"))
    assert first < last


@pytest.mark.skipif(sys.platform != "linux", reason="PyTorch has builds with and without CUDA for Linux")
def test_the_pytorch_without_cuda_is_taken_where_pip_finds_it(project: Path) -> None:
    (project / "pyproject.toml").write_text(PROJECT.replace("dev = []", 'dev = ["torch>=1"]'))
    for version in (f"{TORCH}+cpu", "99.0"):  # as in an index: the newest one has CUDA
        stem = f"torch-{version}"
        with zipfile.ZipFile(project / f"{stem}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")
            wheel.writestr(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{stem}.dist-info/RECORD", "")
            wheel.writestr("torch.py", "")
    done = set_up(project, "--dev", path=tools(project, SYSTEM, python3=APT["python3"]), PIP_FIND_LINKS=str(project))
    assert done.returncode == 0, done.stderr
    assert f"PyTorch {TORCH} without CUDA" in done.stderr
    [installed] = (project / ".venv").glob("lib/python3.*/site-packages/torch-*.dist-info")
    assert installed.name == f"torch-{TORCH}+cpu.dist-info"


def debian(project: Path, *packages: str, path: str) -> subprocess.CompletedProcess[str]:
    command = [str(project / "scripts" / "debian"), *packages]
    environment = {"PATH": path, "HOME": str(project)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_packages_that_cannot_be_installed_are_named_with_the_command_for_it(project: Path) -> None:
    (project / "broken").touch()
    done = debian(project, "libgl1", "janus", path=tools(project, SYSTEM, **APT))
    assert done.returncode == 1
    assert "  apt-get update && apt-get install -y --no-install-recommends libgl1 janus\n" in done.stderr


def test_without_the_right_to_install_nothing_is_tried(project: Path) -> None:
    path = tools(project, SYSTEM, **APT | {"id": "echo 1000", "sudo": "exit 1"})
    done = debian(project, "libgl1", path=path)
    assert done.returncode == 1
    assert "As root, run this" in done.stderr
    assert not (project / "apt.log").exists()


def test_a_system_that_is_not_debian_is_told_the_names(project: Path) -> None:
    done = debian(project, "libgl1", path=tools(project, SYSTEM))
    assert done.returncode == 1
    assert done.stderr == "On Debian this would be in: libgl1.\n"
