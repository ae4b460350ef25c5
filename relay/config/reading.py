"""Reads settings from flags and from the environment. The only file that reads the environment."""

import os
from typing import Any, Self

from pydantic import ValidationError
from pydantic_settings import BaseSettings, CliSettingsSource, SettingsConfigDict, SettingsError

from relay.errors import ConfigError


class Command(BaseSettings):
    """Flags and environment of one command."""

    model_config = SettingsConfigDict(
        env_prefix="EYELINE_",
        frozen=True,
        extra="forbid",
        cli_kebab_case=True,
        cli_implicit_flags=True,
        cli_enforce_required=True,
        cli_hide_none_type=True,
    )

    @classmethod
    def read(cls, arguments: list[str], program: str) -> Self:
        """The settings from these command-line arguments and the environment.

        Raises ConfigError naming key, value and what would be valid; SystemExit for --help and unknown flags.
        """
        try:
            source: CliSettingsSource[Any] = CliSettingsSource(
                cls, cli_parse_args=arguments, cli_prog_name=program, cli_exit_on_error=True
            )
            return cls(_cli_settings_source=source)
        except ValidationError as error:
            raise ConfigError(describe(error)) from error
        except SettingsError as error:
            raise ConfigError(f"{error}; lists are written as JSON") from error


def describe(error: ValidationError) -> str:
    """The first error, as "KEY: VALUE is not right: REASON"."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "settings"
    if first["type"] in {"missing", "extra_forbidden"}:
        return f"{key}: {first['msg'].lower()}"
    return f"{key}: {first['input']!r} is not right: {first['msg'][0].lower()}{first['msg'][1:]}"


def cap_threads(threads: int) -> None:
    """Limit the thread pools of numeric libraries (OpenMP and similar); call before they are imported.

    A pool of one spinning thread per core starves the event loop until ICE times out.
    """
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        os.environ.setdefault(name, str(threads))
