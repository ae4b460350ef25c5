"""Builds the release artefacts and tests each in a clean environment. Publishes nothing.

The wheel, the source archive and the npm package are built into dist/. The wheel is installed with its dependencies
into an empty environment; its version is checked, `check` is run (which fetches the landmark model), and the relay is
started: every public address must return the file in web/. The source archive must build the same wheel. The npm
package is installed into an empty project, and Node imports each of its entries.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
DIST: Final = ROOT / "dist"
ADDRESSES: Final = ROOT / "tests" / "public" / "addresses.txt"
MODEL: Final = "face_landmarker.task"  # of the environment's own
START_TIMEOUT: Final = 120  # seconds until the relay listens


class ReleaseError(Exception):
    """A check of the release failed; the message says which."""


def main() -> int:
    """Exit status. 0: all three are in dist/, and work."""
    parser = argparse.ArgumentParser("scripts/release", description=__doc__)
    parser.add_argument("--build-only", action="store_true", help="build without testing (needs no network)")
    chosen = parser.parse_args()
    try:
        version = check_version()
        wheel, source, package = build(version)
        if not chosen.build_only:
            with tempfile.TemporaryDirectory(prefix="eyeline-release-") as folder:
                try_wheel(wheel, version, Path(folder, "wheel"))
                try_source(source, wheel, Path(folder, "source"))
                try_package(package, Path(folder, "npm"))
    except ReleaseError as error:
        print(f"scripts/release: {error}", file=sys.stderr)
        return 1
    for path in (wheel, source, package):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1e6:.1f} MB")
    print("Nothing was published: twine upload dist/*.whl dist/*.tar.gz; npm publish dist/*.tgz")
    return 0


def check_version() -> str:
    """The version in pyproject.toml, which the npm package and the changelog must have too."""
    version = str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
    npm = _package()["version"]
    if npm != version:
        raise ReleaseError(f"the npm package is {npm}, pyproject.toml {version}")
    heads = re.findall(r"^## \[(.*?)\]", (ROOT / "CHANGELOG.md").read_text(), re.M)
    if heads[1:2] != [version]:
        raise ReleaseError(f"CHANGELOG.md has no section for {version} below Unreleased")
    return version


def build(version: str) -> tuple[Path, Path, Path]:
    """Build the wheel, the source archive and the npm package."""
    _log("building")
    shutil.rmtree(DIST, ignore_errors=True)
    _run([sys.executable, "-m", "hatchling", "build", "--directory", str(DIST)], ROOT)
    with tempfile.TemporaryDirectory() as folder:
        staged = Path(folder, "package")
        shutil.copytree(_package_file().parent, staged)
        shutil.copy(ROOT / "LICENSE", staged)
        _run(["npm", "pack", str(staged), "--pack-destination", str(DIST), "--silent"], Path(folder))
    name = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
    stem = f"{name.replace('-', '_')}-{version}"
    paths = (
        DIST / f"{stem}-py3-none-any.whl",
        DIST / f"{stem}.tar.gz",
        DIST / f"{_package()['name']}-{version}.tgz",
    )
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise ReleaseError(f"dist/ lacks {', '.join(missing)}; it holds {sorted(path.name for path in DIST.iterdir())}")
    return paths


def try_wheel(wheel: Path, version: str, folder: Path) -> None:
    """Test the wheel in an empty environment: version, check, page."""
    _log("installing the wheel into an empty environment (some 500 MB)")
    venv.create(folder, with_pip=True)
    programs = folder / "bin"
    _run([programs / "python", "-m", "pip", "install", "--quiet", wheel], folder)
    for name in ("relay", "eyeline"):
        printed = _run([programs / name, "--version"], folder).strip()
        if printed != f"eyeline {version}":
            raise ReleaseError(f"{name} --version prints {printed!r}")
    print(_run([programs / "relay", "check", "--model", MODEL], folder), file=sys.stderr)
    with _serving(programs / "relay", folder) as address:
        for line in ADDRESSES.read_text().splitlines():
            _compare(address, line.split()[0])


def _compare(address: str, path: str) -> None:
    """Compare what the relay serves there with the file of that name in web/."""
    with urllib.request.urlopen(address + path, timeout=START_TIMEOUT) as answer:  # noqa: S310 # the relay's own
        served = answer.read()
    name = path.strip("/") or "index.html"
    if not any(found.read_bytes() == served for found in (ROOT / "web").rglob(Path(name).name) if found.is_file()):
        raise ReleaseError(f"{path} differs from web/")


@contextmanager
def _serving(program: Path, folder: Path) -> Iterator[str]:
    """Run the installed relay; yields its address."""
    _log("starting the installed relay")
    command = [str(program), "serve", "--port", "0", "--model", MODEL]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            found = re.search(r"http://\S+", process.stdout.readline() if process.stdout else "")
            if found is None:
                raise ReleaseError("relay serve did not start; its output is above")
            yield found[0]
        finally:
            process.terminate()


def try_source(source: Path, wheel: Path, folder: Path) -> None:
    """The source archive must build the same wheel."""
    _log("building the wheel from the source archive")
    folder.mkdir()
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    _run([*command, "--wheel-dir", folder, source], folder)
    [built] = folder.glob("*.whl")
    if _content(built) != _content(wheel):
        raise ReleaseError("the source archive builds another wheel")


def try_package(package: Path, folder: Path) -> None:
    """Install the package into an empty project and import each entry; browser globals are used only at run time."""
    _log("importing the npm package")
    folder.mkdir()
    (folder / "package.json").write_text('{"private": true}')
    _run(["npm", "install", "--offline", "--no-audit", "--no-fund", "--silent", package], folder)
    name, exports = _package()["name"], _package()["exports"]
    entries = [f"{name}{entry[1:]}" for entry, target in exports.items() if isinstance(target, Mapping)]
    program = (
        f"for (const one of {json.dumps(entries)}) if (!Object.keys(await import(one)).length) throw new Error(one)"
    )
    _run(["node", "--input-type=module", "--eval", program], folder)
    absent = [
        target
        for entry in exports.values()
        for target in _targets(entry)
        if not (folder / "node_modules" / name / target).is_file()
    ]
    if absent or not (folder / "node_modules" / name / "LICENSE").is_file():
        raise ReleaseError(f"the npm package lacks its licence, or {absent}")


def _targets(entry: str | Mapping[str, str]) -> list[str]:
    return [entry] if isinstance(entry, str) else list(entry.values())


def _content(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _package_file() -> Path:
    return next(path for path in (ROOT / "web").rglob("package.json") if "node_modules" not in path.parts)


def _package() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_package_file().read_text())
    return content


def _run(command: Sequence[str | Path], folder: Path) -> str:
    """Run a command in this folder, outside the source tree; returns its output. Raises ReleaseError."""
    run = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        raise ReleaseError(f"{' '.join(map(str, command))} failed ({run.returncode}):\n{run.stdout}")
    return run.stdout


def _log(line: str) -> None:
    print(f"{line} ...", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
