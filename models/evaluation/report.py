"""Writes the results as Markdown tables and JSON.

One table for each section: a line for each metric (and subject), a column for the target range and one for each system.
Rows of one name (other seeds) share a column: mean, and half the range. Knows nothing of measuring.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.evaluation.figures import Metric, Result, Section


def to_json(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Plain values, as they were measured."""
    return [
        {"row": result.row, "figures": [{**asdict(one), "met": one.met} for one in result.metrics]}
        for result in results
    ]


def to_markdown(results: Sequence[Result]) -> str:
    """All sections."""
    return "\n\n".join(f"### {section}\n\n{_table(section, results)}" for section in _filled(results)) + "\n"


def write(folder: Path, results: Sequence[Result], about: dict[str, Any]) -> None:
    """report.json and table.md."""
    content = {"about": about, "rows": to_json(results)}
    (folder / "report.json").write_text(json.dumps(content, indent=1) + "\n")
    (folder / "table.md").write_text(to_markdown(results))


def _filled(results: Sequence[Result]) -> list[Section]:
    """The sections that have metrics."""
    there = {one.section for result in results for one in result.metrics}
    return [section for section in Section if section in there]


def _table(section: Section, results: Sequence[Result]) -> str:
    lines: dict[tuple[str, str], dict[str, list[Metric]]] = {}
    for result in results:
        for one in result.metrics:
            if one.section is section:
                lines.setdefault((one.name, one.subject), {}).setdefault(result.row, []).append(one)
    systems = list(dict.fromkeys(result.row for result in results))
    body = [
        [", ".join(filter(None, key)), _wanted(found), *(_cell(found.get(system, [])) for system in systems)]
        for key, found in lines.items()
    ]
    return _aligned([["", "wanted", *systems], *body])


def _wanted(found: dict[str, list[Metric]]) -> str:
    return next(iter(found.values()))[0].wanted


def _cell(metrics: Sequence[Metric]) -> str:
    """One metric, from one seed or several; bold where it is in its target range."""
    values = [one.value for one in metrics if one.value is not None]
    if not values:
        return "-"
    digits = metrics[0].digits
    text = f"{sum(values) / len(values):.{digits}f}"
    if len(values) > 1:
        text += f" ± {(max(values) - min(values)) / 2:.{digits}f}"
    return f"**{text}**" if all(one.met for one in metrics) else text


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table, the first line its header; text aligned left, numbers right."""
    widths = [max(3, *(len(cell) for cell in column)) for column in zip(*lines, strict=True)]
    ruler = [("-" * width if number == 0 else "-" * (width - 1) + ":") for number, width in enumerate(widths)]
    texts = [
        [
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in lines
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in [texts[0], ruler, *texts[1:]])
