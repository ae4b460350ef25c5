import os
from pathlib import Path

import pytest

from relay.capacity.cores import core_quota, usable_cores


def system(root: Path, groups: str, **files: str) -> Path:
    """A fake file system; in the names of files __ is / and ___ is a dot."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name.replace("___", ".").replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_without_a_limit_it_is_what_the_scheduler_allows(tmp_path: Path) -> None:
    assert core_quota(tmp_path, 6) == 6
    assert core_quota(system(tmp_path, "0::/\n", cpu___max="max 100000\n"), 6) == 6
    assert usable_cores(tmp_path, 6) == 6


def test_the_system_is_asked_where_nobody_says_what_is_allowed(tmp_path: Path) -> None:
    assert usable_cores(tmp_path) == len(os.sched_getaffinity(0))
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


def test_a_container_of_today_has_its_own_quota(tmp_path: Path) -> None:
    root = system(tmp_path, "0::/\n", cpu___max="150000 100000\n")
    assert core_quota(root, 8) == 1.5
    assert usable_cores(root, 8) == 2


def test_the_lowest_quota_on_the_way_up_counts(tmp_path: Path) -> None:
    root = system(
        tmp_path,
        "0::/system.slice/eyeline.service\n",
        cpu___max="max 100000",
        system___slice__cpu___max="300000 100000",
        system___slice__eyeline___service__cpu___max="400000 100000",
    )
    assert core_quota(root, 16) == 3


def test_a_container_that_sees_the_path_of_its_host_finds_its_quota_at_the_mount(tmp_path: Path) -> None:
    assert core_quota(system(tmp_path, "0::/docker/0123abcd\n", cpu___max="50000 100000"), 4) == 0.5


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
def test_quotas_of_the_older_kind_count(tmp_path: Path, mount: str) -> None:
    group = {
        f"{mount}__docker__ab__cpu___cfs_quota_us": "250000",
        f"{mount}__docker__ab__cpu___cfs_period_us": "100000",
    }
    root = system(tmp_path, "4:memory:/docker/ab\n3:cpu,cpuacct:/docker/ab\n1:name=systemd:/\n", **group)
    assert core_quota(root, 8) == 2.5
    assert usable_cores(root, 8) == 3


def test_no_quota_of_the_older_kind_is_minus_one(tmp_path: Path) -> None:
    files = {"cpu__cpu___cfs_quota_us": "-1\n", "cpu__cpu___cfs_period_us": "100000\n"}
    assert core_quota(system(tmp_path, "3:cpu:/\n", **files), 2) == 2


def test_both_kinds_side_by_side_are_both_obeyed(tmp_path: Path) -> None:
    files = {
        "cpu__cpu___cfs_quota_us": "200000\n",
        "cpu__cpu___cfs_period_us": "100000\n",
        "unified__a__cpu___max": "100000 100000",
    }
    assert core_quota(system(tmp_path, "3:cpu:/\n0::/a\n", **files), 8) == 1


@pytest.mark.parametrize("text", ["", "nonsense", "100000", "0 100000", "100000 0", "-5 100000", "max"])
def test_what_cannot_be_understood_sets_no_limit(tmp_path: Path, text: str) -> None:
    assert core_quota(system(tmp_path, "0::/\nnonsense\n", cpu___max=text), 3) == 3


def test_a_sliver_of_a_core_is_still_one_thread(tmp_path: Path) -> None:
    assert usable_cores(system(tmp_path, "0::/\n", cpu___max="10000 100000"), 8) == 1
