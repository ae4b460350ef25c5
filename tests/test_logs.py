import asyncio
import io
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from relay.config.serve import Serve
from relay.logs import NAME_LENGTH, Form, make_handler, name_session, session_context
from relay.session.registry import SessionRequest, Sessions
from tests.deadlines import scaled
from tests.fakes import Browser, StageFactory, started_executors

log = logging.getLogger("relay.tests")


@contextmanager
def logging_as(form: Form) -> Iterator[io.StringIO]:
    stream = io.StringIO()
    out, before = make_handler(form, stream), log.level
    log.addHandler(out)
    log.setLevel(logging.INFO)
    try:
        yield stream
    finally:
        log.removeHandler(out)
        log.setLevel(before)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_text_is_time_level_and_message() -> None:
    with logging_as("text") as stream, session_context("abcdefghijkl"):
        log.info("session %s begins", "abcdef")
    time, level, *words = stream.getvalue().split()
    assert len(time) == len("12:34:56")
    assert (level, words) == ("INFO", ["session", "abcdef", "begins"])


def test_json_is_one_object_a_line_with_time_level_logger_and_message() -> None:
    with logging_as("json") as stream:
        log.warning("two\nlines and an %s", "é")
    [line] = lines(stream)
    assert (line["level"], line["logger"], line["message"]) == ("WARNING", "relay.tests", "two\nlines and an é")
    assert abs(datetime.fromisoformat(line["time"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert set(line) == {"time", "level", "logger", "message"}


def test_a_traceback_stays_in_its_line() -> None:
    with logging_as("json") as stream:
        try:
            raise ValueError("broken")
        except ValueError:
            log.exception("it broke down")
    [line] = lines(stream)
    assert "ValueError: broken" in line["traceback"]


def test_lines_about_a_session_name_it_but_do_not_give_it_away() -> None:
    with logging_as("json") as stream:
        with session_context("abcdefghijklmnop"):
            log.info("inside")
        log.info("outside")
    inside, outside = lines(stream)
    assert inside["session"] == "abcdef"
    assert "session" not in outside
    assert "abcdefg" not in stream.getvalue()


async def test_tasks_and_sockets_of_a_session_speak_of_it_and_others_do_not() -> None:
    class Listener(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            log.info(data.decode())
            received.set()

    async def write() -> None:
        await asyncio.sleep(0)
        log.info("task")

    received, loop = asyncio.Event(), asyncio.get_running_loop()
    with logging_as("json") as stream:
        with session_context("first-session"):
            first = asyncio.create_task(write())
            listening, _ = await loop.create_datagram_endpoint(Listener, ("127.0.0.1", 0))
        with session_context("second-session"):
            second = asyncio.create_task(write())
        await asyncio.gather(first, second)
        listening.sendto(b"packet", listening.get_extra_info("sockname"))
        async with asyncio.timeout(scaled(5)):
            await received.wait()
        listening.close()
    assert [(line["message"], line["session"]) for line in lines(stream)] == [
        ("task", "first-"),
        ("task", "second"),
        ("packet", "first-"),
    ]


async def test_every_line_of_a_real_session_carries_its_id(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(name_session)
    caplog.set_level(logging.DEBUG)
    try:
        with started_executors() as executors:
            sessions = Sessions(Serve.read([], "test"), executors, StageFactory(), time.monotonic)
            async with Browser() as browser:
                opened = await sessions.open(SessionRequest(await browser.offer()))
                await browser.accept(opened.answer)
                await browser.see(3)
                await sessions.close(opened.name)
    finally:
        caplog.handler.removeFilter(name_session)
    id_ = opened.name[:NAME_LENGTH]
    about = [record for record in caplog.records if f"session {id_}" in record.getMessage()]
    assert len(about) >= 4
    assert all(getattr(record, "session", "") == id_ for record in about)
    named = {record.name.partition(".")[0] for record in caplog.records if getattr(record, "session", "") == id_}
    assert named == {"relay", "aiortc", "aioice"}
    assert opened.name not in caplog.text


def test_a_thread_speaks_of_no_session() -> None:
    with logging_as("json") as stream, session_context("abcdefgh"):
        thread = threading.Thread(target=log.info, args=("decoder",))
        thread.start()
        thread.join()
    assert "session" not in lines(stream)[0]


def test_begun_as_json_nothing_else_comes_out_of_standard_error() -> None:
    program = (
        "import logging, warnings; from relay import logs; logs.configure('info', 'json'); "
        "logging.getLogger('aiortc').info('one'); logging.getLogger('aioice').info('too much'); warnings.warn('two')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert [json.loads(line)["logger"] for line in done.stderr.splitlines()] == ["aiortc", "py.warnings"]
