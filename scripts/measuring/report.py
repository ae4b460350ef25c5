"""Output of the measurements: a table, then one JSON object as the last line, with the machine."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from relay.machine.check import ONNXRUNTIME
from relay.media.stages import processors

PACKAGES = ("mediapipe", ONNXRUNTIME, "opencv-contrib-python", "numpy", "av", "aiortc")


def describe_machine() -> dict[str, Any]:
    """Processor, cores available to this process, their load before, and relevant versions."""
    return {
        "processor": _processor(),
        "cores": processors(),
        "load_before": round(os.getloadavg()[0], 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in PACKAGES},
    }


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: text aligned left, numbers right."""
    texts = [head, *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(text) for text in column) for column in zip(*texts, strict=True)]
    for number, line in enumerate(texts):
        cells = [
            text.rjust(width) if column else text.ljust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def print_json(what: str, machine: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> None:
    """Print the last line."""
    print(json.dumps({"measured": what, "machine": machine, "runs": runs}))


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    return f"{cell:.1f}" if isinstance(cell, float) else str(cell)


def _processor() -> str:
    if platform.system() == "Darwin":
        command = ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
