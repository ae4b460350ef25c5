"""Works around Blender's effects on its process: output on stdout, and idle threads that spin."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress all writes of this process to standard output inside the context."""
    sys.stdout.flush()
    kept, away = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(away, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(away)


@contextmanager
def one_core() -> Iterator[None]:
    """Pin the process to one core inside the context, where the system supports it.

    Blender's waiting threads spin: on a core of their own they would double the CPU time of rendering.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(usable)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)
