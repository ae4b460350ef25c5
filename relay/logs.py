"""What a line of the log looks like: text for people, or JSON for machines, with the session it is about.

Whatever runs in a session's tasks speaks of it, aiortc's and aioice's lines too: the session goes along in the tasks'
context. Threads have none: a decoder's own lines name no session. Knows nothing of who logs what.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal, TextIO

from pythonjsonlogger.json import JsonFormatter

Form = Literal["text", "json"]

SHOWN: Final = 6  # characters of a session's name: enough to follow it, too few to touch it

_session: ContextVar[str] = ContextVar("session", default="")


@contextmanager
def session_context(session: str) -> Iterator[None]:
    """Every line logged meanwhile, also by tasks and sockets begun meanwhile, is about the session of this name."""
    before = _session.set(session[:SHOWN])
    try:
        yield
    finally:
        _session.reset(before)


def name_session(record: logging.LogRecord) -> bool:
    """A filter that lets every line through, those about a session with an attribute `session`."""
    if session := _session.get():
        record.session = session
    return True


def door(form: Form, stream: TextIO) -> logging.Handler:
    """Where lines of this form go out."""
    out = logging.StreamHandler(stream)
    out.setFormatter(_formatter(form))
    out.addFilter(name_session)
    return out


def begin(level: str, form: Form = "text") -> None:
    """Log from now on, to standard error, lines of at least this level."""
    # A door of its own to standard error: loading a landmark model shuts the common one for a moment.
    stream = os.fdopen(os.dup(2), "w", buffering=1)
    logging.basicConfig(level=level.upper(), handlers=[door(form, stream)])
    logging.captureWarnings(form == "json")  # or they would stand between the JSON lines as text
    logging.getLogger("aioice").setLevel(logging.WARNING)  # it reports every candidate pair as information
    logging.getLogger("aiortc").setLevel(logging.INFO)  # below that, it writes out every SDP


def _formatter(form: Form) -> logging.Formatter:
    if form == "text":
        return logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
    return JsonFormatter(
        "%(levelname)s %(name)s %(message)s",
        rename_fields={"levelname": "level", "name": "logger", "exc_info": "traceback"},
        timestamp="time",  # RFC 3339, UTC
        json_ensure_ascii=False,
    )
