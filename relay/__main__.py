"""The command line: relay serve | correct | check | fetch | token. Dispatches commands and reports errors.

Commands are imported when they are called: numeric libraries size their thread pools on import, so the settings
have to be read first.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Final

from relay import logs
from relay.config.check import Check
from relay.config.correct import Correct
from relay.config.fetch import Fetch
from relay.config.reading import cap_threads
from relay.config.serve import Serve
from relay.config.token import Token
from relay.errors import ConfigError, EyelineError, ModelError
from relay.machine.fetch import provide_model


def serve(arguments: list[str]) -> int:
    """Serve the page and the relay until interrupted."""
    settings = Serve.read(arguments, "relay serve")
    logs.configure(settings.log_level, settings.log_format)
    provide_model(settings.model, _print_error)
    _cap_threads(settings.compute_threads)
    from relay import app  # noqa: PLC0415

    asyncio.run(app.serve(settings, lambda address: _print(f"Eyeline is at {address} (Ctrl+C ends it)")))
    return 0


def correct(arguments: list[str]) -> int:
    """Correct the gaze in a video file."""
    settings = Correct.read(arguments, "relay correct")
    logs.configure("warning")
    provide_model(settings.model, _print_error)
    _cap_threads(settings.compute_threads)
    from relay.film.correct import run  # noqa: PLC0415

    return run(settings)


def check(arguments: list[str]) -> int:
    """Check whether this machine has everything that the relay needs."""
    settings = Check.read(arguments, "relay check")
    logs.configure("error")
    cap_threads(settings.compute_threads)
    try:
        provide_model(settings.model, _print_error)
    except ModelError as error:
        _print_error(str(error))  # and check everything else all the same
    from relay.machine.check import report  # noqa: PLC0415

    return report(settings, _print)


def fetch(arguments: list[str]) -> int:
    """Fetch the landmark model in advance."""
    settings = Fetch.read(arguments, "relay fetch")
    provide_model(settings.model, _print_error)
    _print(f"The landmark model is at {settings.model}.")
    return 0


def token(arguments: list[str]) -> int:
    """Print a token for a person or client, signed with the relay's key."""
    settings = Token.read(arguments, "relay token")
    from relay.http.access.tokens import mint  # noqa: PLC0415

    who, audience = (settings.subject, settings.rights), settings.token_audience
    _print(mint(settings.key, *who, ttl=settings.ttl, room=settings.room, audience=audience))
    return 0


COMMANDS: Final[dict[str, Callable[[list[str]], int]]] = {
    "serve": serve,
    "correct": correct,
    "check": check,
    "fetch": fetch,
    "token": token,
}


def main(words: list[str] | None = None) -> int:
    """Run a command; the exit status: 0, 2 for a wrong command, flag or setting, 1 for anything else."""
    chosen = _parser().parse_args(words)
    try:
        return COMMANDS[chosen.command](chosen.flags)
    except EyelineError as error:
        sys.stderr.write(f"relay {chosen.command}: {error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    except ImportError as error:
        sys.stderr.write(f"relay {chosen.command}: {error}; relay check lists what is missing\n")
        return 1
    except KeyboardInterrupt:
        return 130  # as the shell reports a program ended by SIGINT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "relay",
        description="Turns the eyes in live video towards the lens.",
        epilog="relay COMMAND --help lists a command's flags; each can also be set in the environment, "
        "--max-sessions as EYELINE_MAX_SESSIONS.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"eyeline {metadata.version('eyeline')}")
    verbs = "; ".join(f"{name}: {(verb.__doc__ or '').rstrip('.').lower()}" for name, verb in COMMANDS.items())
    parser.add_argument("command", choices=COMMANDS, help=verbs)
    flags = parser.add_argument("flags", nargs=argparse.REMAINDER, help="see relay COMMAND --help")
    flags.required = False  # else its absence would be reported with a missing command
    return parser


def _cap_threads(threads: int) -> None:
    cap_threads(threads)
    import cv2  # noqa: PLC0415

    cv2.setNumThreads(threads)


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _print_error(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
