"""scripts/setup on a project that needs nothing from the network, in a folder of its own."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"

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
import zipfile

METADATA = "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\nProvides-Extra: dev\\n"

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
    shutil.copy(SCRIPTS / "setup", tmp_path / "scripts")
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "backend.py").write_text(BACKEND)
    return tmp_path


def set_up(project: Path, *flags: str, path: str = os.environ["PATH"]) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path, "HOME": str(project), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(
        [project / "scripts" / "setup", *flags], env=environment, capture_output=True, text=True, check=False
    )


def test_from_a_failed_start_to_an_interrupted_one(project: Path) -> None:
    """One story, since each new environment takes its seconds."""
    settings = project / "pyproject.toml"
    settings.write_text(PROJECT.replace("requires = []", 'requires = ["not-to-be-had-offline"]'))
    failed = set_up(project)
    assert failed.returncode == 1
    assert "could not be installed" in failed.stderr

    settings.write_text(PROJECT)
    second = set_up(project, "--dev")
    assert second.returncode == 0, second.stderr
    assert "Installing" in second.stderr
    assert "Making" not in second.stderr

    for flags in ((), ("--dev",)):
        again = set_up(project, *flags)
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")

    settings.write_text(PROJECT + "# changed\n")
    changed = set_up(project)
    assert changed.returncode == 0, changed.stderr
    assert "Installing" in changed.stderr

    (project / ".venv" / "unfinished").touch()  # as a killed pip leaves it
    (project / ".venv" / "rubbish").touch()
    anew = set_up(project)
    assert anew.returncode == 0, anew.stderr
    assert not (project / ".venv" / "rubbish").exists()
    assert set_up(project).stderr == ""


def test_without_a_python_it_says_what_to_install(project: Path) -> None:
    tools = project / "tools"
    tools.mkdir()
    for name in ("bash", "env", "dirname", "cat", "cmp", "uname"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    missing = set_up(project, path=str(tools))
    assert missing.returncode == 1
    assert "Python 3.11 or newer" in missing.stderr
    assert not (project / ".venv").exists()
