"""Runs a compose file: docker compose, or podman-compose. Knows nothing of the services."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

PROJECT: Final = "eyeline-check"  # a project name of its own: other containers and volumes are not touched
LABEL: Final = "com.docker.compose"
POLL_INTERVAL: Final = 2  # seconds between two health checks

REMOVAL: Final = ("--project-name", PROJECT, "down", "--volumes", "--timeout", "10")
READ: Final = "import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1]).read())"

Kind = Literal["docker", "podman"]


class EngineError(Exception):
    """A command of the engine failed; the text has the command and the end of its output."""


@dataclass(frozen=True)
class Engine:
    """Runs the compose file in a folder, as a project of its own.

    compose: the command before its verbs. build_arguments: more arguments while images are built. environment:
    variables of the compose file.
    """

    kind: Kind
    folder: Path
    compose: tuple[str, ...]
    build_arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def build(self) -> None:
        """Build the images of all services that start without a profile. Raises EngineError."""
        self._compose(*self.build_arguments, "--project-name", PROJECT, "build")

    def start(self) -> None:
        """Start them in the background. Raises EngineError."""
        self._compose("--project-name", PROJECT, "up", "--detach", "--no-build")

    def remove(self) -> None:
        """Stop everything and delete its volumes. Raises EngineError."""
        self._compose(*REMOVAL)

    @property
    def removal(self) -> list[str]:
        """The command that does so."""
        return [*self.compose, *REMOVAL]

    def await_health(self, services: Sequence[str], timeout: float, report: Callable[[str], None]) -> None:
        """Wait until each service is healthy. timeout: seconds. Raises EngineError that names those that are not."""
        end, reported = time.monotonic() + timeout, ""
        while unhealthy := [name for name in services if not self.is_healthy(name)]:
            if time.monotonic() > end:
                report("\n".join(self.logs(name) for name in unhealthy))
                raise EngineError(f"not healthy after {timeout:.0f} s: {', '.join(unhealthy)}")
            if reported != (reported := f"waiting for {', '.join(unhealthy)}"):
                report(reported)
            time.sleep(POLL_INTERVAL)

    def is_healthy(self, service: str) -> bool:
        """Whether the service runs and its health check passes."""
        container = self.container(service)
        if not container:
            return False
        if self.kind == "podman":  # without systemd podman does not run health checks by itself
            return self._run("podman", "healthcheck", "run", container).returncode == 0
        state = self._run("docker", "inspect", "--format", "{{.State.Health.Status}}", container)
        return state.stdout.strip() == "healthy"

    def container(self, service: str) -> str:
        """The id of its container; empty where it has none."""
        labels = f"label={LABEL}.project={PROJECT}", f"label={LABEL}.service={service}"
        found = self._run(self.kind, "ps", "--all", "--quiet", "--filter", labels[0], "--filter", labels[1])
        return found.stdout.split()[0] if found.stdout.split() else ""

    def user(self, service: str) -> str:
        """The number of the user that its first process runs as."""
        return self._run(self.kind, "exec", self.container(service), "id", "-u").stdout.strip()

    def read(self, service: str, path: str) -> str:
        """The answer to an HTTP request from inside the service, which has Python. Raises EngineError."""
        command = ("/opt/eyeline/bin/python", "-c", READ, f"http://127.0.0.1:8080{path}")
        run = self._run(self.kind, "exec", self.container(service), *command)
        if run.returncode:
            raise EngineError(f"{service} does not answer at {path}:\n{_tail(run.stderr)}")
        return run.stdout

    def logs(self, service: str, lines: int = 20) -> str:
        """The last lines of its log."""
        run = self._run(self.kind, "logs", "--tail", str(lines), self.container(service))
        return run.stdout + run.stderr

    def version(self) -> str:
        """Its name and version."""
        run = self._run(self.kind, "version", "--format", "json")
        try:
            return f"{self.kind} {json.loads(run.stdout)['Client']['Version']}"
        except (ValueError, KeyError):
            return self.kind

    def _compose(self, *arguments: str) -> None:
        run = self._run(*self.compose, *arguments)
        if run.returncode:
            raise EngineError(f"{' '.join([*self.compose, *arguments])} failed:\n{_tail(run.stdout + run.stderr)}")

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env=os.environ | self.environment, capture_output=True, text=True, check=False
        )


def find_engine(
    folder: Path, requested: Kind | None, build_arguments: str, environment: dict[str, str]
) -> Engine | None:
    """The requested engine, or else the first that answers; None if there is none.

    build_arguments: more arguments of `podman build`. Docker has no option for them.
    """
    beside = Path(sys.executable).parent / "podman-compose"
    podman_compose = str(beside) if beside.exists() else shutil.which("podman-compose")
    if requested != "podman" and _answers("docker", "compose", "version") and _answers("docker", "info"):
        return Engine("docker", folder, ("docker", "compose"), environment=environment)
    if requested != "docker" and podman_compose and _answers("podman", "info"):
        arguments = (f"--podman-build-args={build_arguments}",) if build_arguments else ()
        return Engine("podman", folder, (podman_compose,), arguments, environment)
    return None


def _answers(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _tail(text: str, lines: int = 25) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])
