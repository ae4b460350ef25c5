"""Records which stage processed which frame when, for the page's chart and as a Chrome trace.

The file is the JSON array form of Google's Trace Event Format, which ui.perfetto.dev and chrome://tracing show. It
holds frame numbers and times, never pixels or a session's name.
"""

import json
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from relay.errors import ConfigError
from relay.frame import Verdict

THREADS: Final = {"landmarks": 1, "field": 2, "warp": 3}  # thread ids, each a row of the trace
MAX_NOTES: Final = 200  # kept for the page; they are sent to it five times a second


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Span:
    """A stage's work on one frame. Times: seconds of the clock that the pipeline was given."""

    line: str
    frame: int
    begun: float
    ended: float


@dataclass(frozen=True)
class Use:
    """A frame that was shown or encoded: when, and the frames of the results it used (None: there were none)."""

    frame: int
    at: float
    landmarks: int | None
    field: int | None
    verdict: Verdict


Note = Span | Use


class RecentNotes:
    """The newest notes until they are taken. The oldest are dropped first."""

    def __init__(self) -> None:
        self._notes: deque[Note] = deque(maxlen=MAX_NOTES)

    def __call__(self, note: Note) -> None:
        """Keep it."""
        self._notes.append(note)

    def take(self, now: float) -> dict[str, Any]:
        """All notes since the last call, as the `trace` message has them (docs/api.md)."""
        notes, self._notes = self._notes, deque(maxlen=MAX_NOTES)
        spans = [note for note in notes if isinstance(note, Span)]
        uses = [note for note in notes if isinstance(note, Use)]
        return {
            "now": round(now, 4),
            "spans": [[one.line, one.frame, round(one.begun, 4), round(one.ended, 4)] for one in spans],
            "shown": [[one.frame, round(one.at, 4), one.landmarks, one.field, one.verdict] for one in uses],
        }


class TraceFile:
    """A trace file; each session is a process in it. Written from one event loop or thread."""

    def __init__(self, path: Path) -> None:
        """Open the file. Raises ConfigError where it cannot be written."""
        try:
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"trace: {path} cannot be written: {error.strerror or error}") from error
        self._sessions = 0
        self._comma = "["
        self._closed = False

    def session(self, title: str) -> Callable[[Note], None]:
        """A function that writes the notes of a new session, named in the trace by this title and a number."""
        self._sessions += 1
        process = self._sessions
        self._write({"ph": "M", "name": "process_name", "pid": process, "args": {"name": f"{title} {process}"}})
        for line, thread in THREADS.items():
            self._write({"ph": "M", "name": "thread_name", "pid": process, "tid": thread, "args": {"name": line}})

        def write(note: Note) -> None:
            for event in _events(note):
                self._write({**event, "pid": process})

        return write

    def close(self) -> None:
        """Finish the file; later notes are ignored."""
        if self._closed:
            return
        self._closed = True
        with suppress(OSError):  # what is on the disk is still readable
            self._file.write(f"{'[' if self._comma == '[' else ''}\n]\n")
        with suppress(OSError):
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, event: dict[str, Any]) -> None:
        if self._closed:
            return
        try:
            self._file.write(f"{self._comma}\n{json.dumps(event)}")
            self._comma = ","
        except (OSError, ValueError) as error:  # the disk is full, or the file is closed
            self._closed = True
            log.warning("the trace ends here: %s", error)
            with suppress(OSError):  # closing flushes, which fails again
                self._file.close()


def _events(note: Note) -> list[dict[str, Any]]:
    """The trace events of a note; times in microseconds."""
    if isinstance(note, Span):
        event = {"ph": "X", "name": f"{note.line} {note.frame}", "cat": "line", "tid": THREADS.get(note.line, 4)}
        times = {"ts": round(1e6 * note.begun), "dur": round(1e6 * (note.ended - note.begun))}
        return [{**event, **times, "args": {"frame": note.frame}}]
    used = {"frame": note.frame, "landmarks_of": note.landmarks, "field_of": note.field, "verdict": note.verdict}
    shown = {"ph": "i", "s": "t", "name": f"shown {note.frame}", "tid": THREADS["warp"], "ts": round(1e6 * note.at)}
    if note.landmarks is None or note.field is None:
        return [{**shown, "args": used}]
    ages = {"landmarks": note.frame - note.landmarks, "field": note.frame - note.field}
    return [{**shown, "args": used}, {"ph": "C", "name": "age in frames", "ts": round(1e6 * note.at), "args": ages}]
