"""How many processor cores this process may use: by affinity and by the quota of its control group.

os.cpu_count() counts all cores of the machine, also those not allotted to a container or service. Knows nothing of its
callers.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

ROOT: Final = Path("/")
GROUPS: Final = Path("proc/self/cgroup")  # HIERARCHY:CONTROLLERS:PATH, one a line; cgroups(7)
MOUNT: Final = Path("sys/fs/cgroup")


def usable_cores(root: Path = ROOT, allowed: int | None = None) -> int:
    """core_quota rounded up, at least 1: how many threads to use."""
    return max(1, math.ceil(core_quota(root, allowed) - 1e-9))


def core_quota(root: Path = ROOT, allowed: int | None = None) -> float:
    """Processor time that this process may use, in cores, above 0; half a core is 0.5.

    root: of the file system. allowed: cores in its scheduler affinity; None asks the system. The lowest quota of its
    group and of all parent groups applies, of cgroup v2 and v1. What cannot be read sets no limit.
    """
    cores = float(allowed or _allowed())
    return min([cores, *(quota for quota in _quotas(root) if quota > 0)])


def _allowed() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    """Every quota in force [cores]."""
    for line in _read(root / GROUPS).splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:
            for folder in _folders(path, root / MOUNT, root / MOUNT / "unified"):
                yield from _quota_v2(folder)
        elif "cpu" in controllers.split(","):
            for folder in _folders(path, root / MOUNT / "cpu", root / MOUNT / controllers):
                yield from _quota_v1(folder)


def _folders(path: str, *mounts: Path) -> Iterator[Path]:
    """The group's folder and its parents; in a container the path may be the host's, where only the mount exists."""
    group = PurePosixPath("/", path.strip())
    for mount in mounts:
        for folder in (group, *group.parents):
            yield mount / folder.relative_to("/")


def _quota_v2(folder: Path) -> Iterator[float]:
    quota, _, period = _read(folder / "cpu.max").partition(" ")  # "max 100000" is no limit
    if quota.isdecimal() and period.strip().isdecimal() and int(period):
        yield int(quota) / int(period)


def _quota_v1(folder: Path) -> Iterator[float]:
    quota, period = (_read(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period"))  # -1 is no limit
    if quota.isdecimal() and period.isdecimal() and int(period):
        yield int(quota) / int(period)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
