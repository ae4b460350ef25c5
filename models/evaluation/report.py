"""Writes the results: tables in Markdown, which people can read as they are, and JSON.

A table for each section: a column for each figure, a line for each row (and subject), above them what is wanted. Rows
of one name (other seeds) share a line: mean, and half the distance from the lowest to the highest. Knows nothing of
measuring.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.evaluation.figures import Figure, Result, Section

WIDEST = 9  # figures side by side; more continue in a further table


def to_json(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Plain values, as they were measured."""
    return [
        {"row": result.row, "figures": [{**asdict(one), "met": one.met} for one in result.figures]}
        for result in results
    ]


def to_markdown(results: Sequence[Result]) -> str:
    """All sections."""
    return "\n\n".join(block for section in Section for block in _blocks(section, results)) + "\n"


def write(folder: Path, results: Sequence[Result], about: dict[str, Any]) -> None:
    """report.json and table.md."""
    content = {"about": about, "rows": to_json(results)}
    (folder / "report.json").write_text(json.dumps(content, indent=1) + "\n")
    (folder / "table.md").write_text(to_markdown(results))


def _blocks(section: Section, results: Sequence[Result]) -> Iterator[str]:
    """The section's tables, with its name above the first."""
    lines = _by_row(section, results)
    names = list(dict.fromkeys(one.name for figures in lines.values() for one in figures))
    for start in range(0, len(names), WIDEST):
        part = names[start : start + WIDEST]
        head = f"### {section}\n\n" if start == 0 else ""
        wanted = [_first(name, lines).wanted for name in part]
        rows = [
            [row, *(_cell([one for one in figures if one.name == name]) for name in part)]
            for row, figures in lines.items()
        ]
        above = [["wanted", *wanted]] if any(wanted) else []
        yield head + _aligned([["", *part], *above, *rows])


def _by_row(section: Section, results: Sequence[Result]) -> dict[str, list[Figure]]:
    lines: dict[str, list[Figure]] = {}
    for result in results:
        for one in result.figures:
            if one.section is section:
                lines.setdefault(f"{result.row}, {one.subject}" if one.subject else result.row, []).append(one)
    return lines


def _first(name: str, lines: dict[str, list[Figure]]) -> Figure:
    return next(one for figures in lines.values() for one in figures if one.name == name)


def _cell(figures: Sequence[Figure]) -> str:
    """One figure, from one seed or several; bold where it is as wanted."""
    values = [one.value for one in figures if one.value is not None]
    if not values:
        return "-"
    digits = figures[0].digits
    text = f"{sum(values) / len(values):.{digits}f}"
    if len(values) > 1:
        text += f" ± {(max(values) - min(values)) / 2:.{digits}f}"
    return f"**{text}**" if all(one.met for one in figures) else text


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table, the first line its head; words to the left, figures to the right."""
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
