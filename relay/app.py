"""Assembles the relay and owns everything in it: threads, sessions, the web server; ends them in order.

Knows nothing of what an endpoint does or how a frame is corrected.
"""

import asyncio
import errno
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web

from relay.config import Correction, Serve
from relay.errors import ConfigError
from relay.gaze.corrector import Corrector
from relay.media import codec
from relay.media.stages import Hands
from relay.media.trace import TraceFile
from relay.problems import answer_problems
from relay.routes import Routes
from relay.session import Eyes
from relay.sessions import Sessions

MakeEyes = Callable[[Correction], Eyes]

log = logging.getLogger(__name__)


def page_folder() -> Path:
    """Where the page is: inside an installed package, beside it in a source tree."""
    package = Path(__file__).parent
    installed = package / "web"
    return installed if installed.is_dir() else package.parent / "web"


def assemble(settings: Serve, make_eyes: MakeEyes | None = None) -> web.Application:
    """The application: its parts begin and end with it. make_eyes: other eyes than the Corrector's."""
    hands = Hands.hire()
    make_eyes = make_eyes or partial(Corrector, settings)
    trace = TraceFile(settings.trace) if settings.trace else None
    sessions = Sessions(settings, hands, make_eyes, time.monotonic, trace)
    app = web.Application(client_max_size=settings.max_offer_bytes, middlewares=[answer_problems])
    app.add_routes(Routes(settings, sessions, page_folder()).table())

    async def own(_: web.Application) -> AsyncIterator[None]:
        codec.set_bitrates(settings.start_bitrate, settings.max_bitrate)
        codec.set_consent(settings.vanish_timeout)
        codec.release_at_marker(settings.release_on_marker)
        # A missing or wrong model is to be told at the start, not to the first person who comes.
        (await asyncio.to_thread(make_eyes, settings.correction)).close()
        yield
        # 1. No request is being served any more: no session can begin.
        # 2. Sessions end, and with them everything that runs in a thread.
        await sessions.close_all()
        # 3. The threads, and what was noted of them.
        await asyncio.to_thread(hands.dismiss)
        if trace:
            trace.close()

    app.cleanup_ctx.append(own)
    return app


@asynccontextmanager
async def listening(settings: Serve, make_eyes: MakeEyes | None = None) -> AsyncIterator[str]:
    """The relay, serving; gives its address. Raises ConfigError where it cannot listen, ModelError."""
    runner = web.AppRunner(assemble(settings, make_eyes), access_log=None, shutdown_timeout=5)
    await runner.setup()
    try:
        await _listen(runner, settings)
        yield _address(settings.host, runner.addresses[0][1])
    finally:
        await runner.cleanup()


async def serve(settings: Serve, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. announce is told the address once the relay can be reached."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(quieten)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with listening(settings) as address:
        announce(address)
        await stop.wait()
        log.info("stopping")


def quieten(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Keep what is no error out of the log.

    aiortc keeps no hold on the tasks that send data channel chunks; one that still had something to say when
    the peer hung up fails, and nobody asks it why.
    """
    if isinstance(context.get("exception"), ConnectionError) and "future" in context:
        log.debug("a task of a closed connection failed: %s", context["exception"])
    else:
        loop.default_exception_handler(context)


async def _listen(runner: web.AppRunner, settings: Serve) -> None:
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(f"port: {settings.port} is taken: another program listens on {where}") from error
        raise ConfigError(f"host: cannot listen on {where}: {error.strerror or error}") from error


def _address(host: str, port: int) -> str:
    """As one types it into a browser on this machine."""
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared, not listened on
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
