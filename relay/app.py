"""Assembles the relay and owns everything in it: threads, sessions, the web server; stops them in order.

Knows nothing of what an endpoint does or how a frame is corrected.
"""

import asyncio
import errno
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from relay.capacity import drain
from relay.capacity.cores import usable_cores
from relay.config.correction import Correction
from relay.config.serve import Serve
from relay.errors import ConfigError
from relay.gaze.corrector import Corrector
from relay.http.access import cors
from relay.http.access.gate import Gate, check_exposure
from relay.http.monitor import Monitor
from relay.http.probes import Probes
from relay.http.problems import answer_problems
from relay.http.routes import Routes
from relay.http.taps import Taps
from relay.http.whep import Whep
from relay.http.whip import Whip
from relay.media.aiortc_patches import codec, consent, keyframes, queues, rescue
from relay.media.stages import Executors
from relay.media.trace import TraceFile
from relay.session.registry import Sessions
from relay.session.session import PersonStages

MakeStages = Callable[[Correction], PersonStages]

SESSIONS: Final = web.AppKey("sessions", Sessions)
MONITOR: Final = web.AppKey("upkeep", Monitor)
PROBES: Final = web.AppKey("probes", Probes)

log = logging.getLogger(__name__)


def page_folder() -> Path:
    """The page's folder: inside an installed package, beside it in a source tree."""
    package = Path(__file__).parent
    installed = package / "web"
    return installed if installed.is_dir() else package.parent / "web"


def assemble(settings: Serve, make_stages: MakeStages | None = None) -> web.Application:
    """The application; its parts start and stop with it. make_stages: default Corrector. Raises ConfigError."""
    check_exposure(settings)
    executors = Executors.start()
    make_stages = make_stages or partial(Corrector, settings)
    trace = TraceFile(settings.trace) if settings.trace else None
    monitor = Monitor(settings)
    sessions = Sessions(
        settings, executors, make_stages, time.monotonic, trace, observer=monitor.observer, admit=monitor.admit
    )
    app = web.Application(client_max_size=settings.max_offer_bytes, middlewares=[answer_problems, Gate(settings).check])
    app.add_routes([*Whip(settings, sessions).table(), *Whep(settings, sessions).table()])
    app[SESSIONS], app[MONITOR], app[PROBES] = sessions, monitor, monitor.probes(sessions)
    app.add_routes(app[PROBES].health() + ([] if settings.metrics_port is not None else app[PROBES].metrics()))
    app.add_routes(Taps(settings, sessions).table())
    app.add_routes(Routes(settings, sessions, page_folder()).table())
    cors.allow(app, settings.allow_origins)

    async def lifecycle(_: web.Application) -> AsyncIterator[None]:
        _prepare_media(settings)
        # Report a missing or wrong model at the start, not to the first client.
        (await asyncio.to_thread(make_stages, settings.correction)).close()
        monitor.warm = True
        async with monitor.measuring(sessions):
            yield
            # 1. No request is being served any more: no session can start.
            # 2. Close the sessions, and with them everything that runs in a thread.
            await sessions.close_all()
        # 3. Stop the threads, close their trace.
        await asyncio.to_thread(executors.shutdown)
        if trace:
            trace.close()

    app.cleanup_ctx.append(lifecycle)
    return app


@asynccontextmanager
async def listening(settings: Serve, make_stages: MakeStages | None = None) -> AsyncIterator[str]:
    """Serve in this context; yields the address. Raises ConfigError where it cannot listen, ModelError."""
    async with _serving(assemble(settings, make_stages), settings) as address:
        yield address


async def serve(settings: Serve, announce: Callable[[str], None], make_stages: MakeStages | None = None) -> None:
    """Serve until SIGINT, or SIGTERM and its drain. announce is called with the address once the relay listens."""
    asyncio.get_running_loop().set_exception_handler(handle_loop_exception)
    signals, app = drain.catch_signals(), assemble(settings, make_stages)
    async with _serving(app, settings) as address:
        announce(address)
        await app[MONITOR].drain.wait(signals, app[SESSIONS])
        log.info("stopping")


def handle_loop_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Keep harmless failures of aiortc's tasks out of the log.

    aiortc does not keep the tasks that send data channel chunks; one that is still sending when the peer disconnects
    fails, and its exception is never retrieved.
    """
    if isinstance(context.get("exception"), ConnectionError) and "future" in context:
        log.debug("a task of a closed connection failed: %s", context["exception"])
    else:
        loop.default_exception_handler(context)


def _prepare_media(settings: Serve) -> None:
    """Apply the settings that affect every connection of this process."""
    codec.set_bitrates(settings.start_bitrate, settings.max_bitrate)
    codec.set_consent(settings.vanish_timeout)
    consent.keep_slow_peers()
    codec.release_at_marker(settings.release_on_marker)
    codec.keep_packets(settings.packet_history)
    codec.cap_codec_threads(settings.codec_threads or usable_cores())
    rescue.watch_receivers(settings.rescue)
    keyframes.limit_keyframes(settings.keyframe_interval)
    queues.bound_queues(settings.bounded_queues)


@asynccontextmanager
async def _serving(app: web.Application, settings: Serve) -> AsyncIterator[str]:
    """Serve the application and, where they have their own port, its metrics; yields its address."""
    async with AsyncExitStack() as stack:
        runner = await stack.enter_async_context(_running(app))
        await _listen(runner, settings.host, settings.port)
        if settings.metrics_port is not None:
            metrics = web.Application(middlewares=[answer_problems])
            metrics.add_routes(app[PROBES].health() + app[PROBES].metrics())
            metrics_runner = await stack.enter_async_context(_running(metrics))
            await _listen(metrics_runner, settings.metrics_host, settings.metrics_port, "metrics_")
            log.info("metrics are at %s:%d/metrics", settings.metrics_host, metrics_runner.addresses[0][1])
        yield _address(settings.host, runner.addresses[0][1])


@asynccontextmanager
async def _running(app: web.Application) -> AsyncIterator[web.AppRunner]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=5)
    await runner.setup()
    try:
        yield runner
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int, which: str = "") -> None:
    """which: prefix of the settings' names."""
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        where = f"{host}:{port}"
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(f"{which}port: {port} is taken: another program listens on {where}") from error
        raise ConfigError(f"{which}host: cannot listen on {where}: {error.strerror or error}") from error


def _address(host: str, port: int) -> str:
    """The address to open in a browser on this machine."""
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared, not listened on
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
