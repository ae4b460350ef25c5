"""scripts/release without the parts that need a network: the artefacts, and errors for wrong versions."""

import json
import zipfile
from pathlib import Path

import pytest

from scripts.building import release
from scripts.building.release import ReleaseError


@pytest.fixture
def dist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(release, "DIST", tmp_path / "dist")
    return tmp_path / "dist"


def test_the_source_archive_builds_the_same_wheel_and_npms_entries_are_imported(dist: Path, tmp_path: Path) -> None:
    wheel, source, package = release.build(release.check_version())
    assert {path.name for path in dist.iterdir()} == {wheel.name, source.name, package.name}
    release.try_source(source, wheel, tmp_path / "source")
    release.try_package(package, tmp_path / "npm")

    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("relay/web/only_here.js", "")
    (tmp_path / "again").mkdir()
    with pytest.raises(ReleaseError, match="builds another wheel"):
        release.try_source(source, wheel, tmp_path / "again" / "source")


@pytest.mark.parametrize(
    ("npm", "head", "told"),
    [("2.0.0", "1.0.0", "the npm package is 2.0.0"), ("1.0.0", "0.9.0", "no section for 1.0.0")],
)
def test_a_version_that_differs_is_told(
    npm: str, head: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "eyeline"\nversion = "1.0.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(f"## [Unreleased]\n\n## [{head}] - 2026-01-01\n")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "package.json").write_text(json.dumps({"version": npm}))
    monkeypatch.setattr(release, "ROOT", tmp_path)
    with pytest.raises(ReleaseError, match=told):
        release.check_version()
