"""The format of log records: text for people, or JSON for machines, with the session they belong to.

All records of a session's tasks carry its name, aiortc's and aioice's too: it is kept in the tasks' context. Threads
have no such context: a decoder's own records carry no session. Knows nothing of who logs what.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, Literal, TextIO

from pythonjsonlogger.json import JsonFormatter

Form = Literal["text", "json"]

NAME_LENGTH: Final = 6  # characters of a session's name in the log: enough to identify it, too few to control it

_session: ContextVar[str] = ContextVar("session", default="")


@contextmanager
def session_context(session: str) -> Iterator[None]:
    """Attribute every record in this context to this session, also those of tasks and sockets created in it."""
    before = _session.set(session[:NAME_LENGTH])
    try:
        yield
    finally:
        _session.reset(before)


def name_session(record: logging.LogRecord) -> bool:
    """A filter that passes every record and sets the attribute `session` of those that belong to one."""
    if session := _session.get():
        record.session = session
    return True


def make_handler(form: Form, stream: TextIO) -> logging.Handler:
    """A handler that writes records in this format."""
    out = logging.StreamHandler(stream)
    out.setFormatter(_formatter(form))
    out.addFilter(name_session)
    return out


def configure(level: str, form: Form = "text") -> None:
    """Log to standard error from now on, records of at least this level."""
    # A descriptor of its own: loading a landmark model closes the common standard error for a moment.
    stream = os.fdopen(os.dup(2), "w", buffering=1)
    logging.basicConfig(level=level.upper(), handlers=[make_handler(form, stream)])
    logging.captureWarnings(form == "json")  # else they appear as text between the JSON lines
    logging.getLogger("aioice").setLevel(logging.WARNING)  # it logs every candidate pair at INFO
    logging.getLogger("aiortc").setLevel(logging.INFO)  # at DEBUG it logs every SDP


def _formatter(form: Form) -> logging.Formatter:
    if form == "text":
        return logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")
    return JsonFormatter(
        "%(levelname)s %(name)s %(message)s",
        rename_fields={"levelname": "level", "name": "logger", "exc_info": "traceback"},
        timestamp="time",  # RFC 3339, UTC
        json_ensure_ascii=False,
    )
