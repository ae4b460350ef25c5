"""The static check of docker-compose.yml and its build contexts, without an engine.

Each rule is a function from the Plan to messages about violations. Knows nothing of engines and browsers.
"""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import yaml

from relay.config.serve import Serve

BASE: Final = "debian:bookworm-slim"
SERVICES: Final = {"keys", "relay", "relay-gpu", "janus", "coturn", "front", "prometheus"}
ONCE: Final = {"keys"}  # exits after its work
PROFILES: Final = {"relay-gpu": ["gpu"], "prometheus": ["monitor"]}
LOCAL: Final = "127.0.0.1"
FROM_KEYS: Final = {"EYELINE_TOKEN_KEY", "EYELINE_TURN_SECRET"}  # the relay's start script reads them from volumes
READ: Final = "from relay.config.serve import Serve; Serve.read([], 'relay serve')"
VARIABLE: Final = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
SECRET_NAME: Final = re.compile(r"(KEY|SECRET|PASSWORD|TOKEN|CREDENTIAL)$")
SECRET_VALUE: Final = re.compile(r"\b[0-9a-fA-F]{24,}\b|-----BEGIN")


@dataclass(frozen=True)
class Plan:
    """The content of a compose file, and its folder."""

    root: Path
    content: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Plan":
        """The plan in this file. Raises OSError, yaml.YAMLError."""
        return cls(path.parent, yaml.safe_load(path.read_text()))

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        """By name."""
        return dict(self.content["services"])

    @cached_property
    def dockerfiles(self) -> dict[str, str]:
        """Each service's Dockerfile; empty where there is none."""
        found = {}
        for name, service in self.services.items():
            build = service.get("build", "")
            context, file = (build, "Dockerfile") if isinstance(build, str) else (build["context"], build["dockerfile"])
            path = self.root / context / file
            found[name] = path.read_text() if path.is_file() else ""
        return found

    def settings(self, service: str) -> dict[str, str]:
        """The environment of a service, variables replaced by their defaults."""
        environment = self.services[service].get("environment", {})
        return {name: VARIABLE.sub(lambda found: found[2] or "", str(value)) for name, value in environment.items()}


Rule = Callable[[Plan], Iterator[str]]


def services(plan: Plan) -> Iterator[str]:
    """All services are present, with their profiles and dependencies."""
    if plan.services.keys() != SERVICES:
        yield f"services are {sorted(plan.services)}, not {sorted(SERVICES)}"
    for name, service in plan.services.items():
        if service.get("profiles", []) != PROFILES.get(name, []):
            yield f"{name}: profiles are {service.get('profiles')}, not {PROFILES.get(name)}"
        for other in service.get("depends_on", {}):
            if other not in plan.services:
                yield f"{name}: waits for {other}, which is not a service"


def images(plan: Plan) -> Iterator[str]:
    """Each image is built here, from Debian, for an unprivileged user, with a health check."""
    for name, dockerfile in plan.dockerfiles.items():
        if not dockerfile:
            yield f"{name}: has no Dockerfile"
            continue
        bases = re.findall(r"^FROM (\S+)(?: AS (\w+))?", dockerfile, re.M)
        yield from (f"{name}: is made from {base}, not {BASE}" for base, _ in bases if base != BASE)
        users = re.findall(r"^USER (\S+)", dockerfile, re.M)
        if not users or not re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1]):
            yield f"{name}: runs as {users[-1] if users else 'root'}, not as a user with a number above 0"
        if name not in ONCE and "HEALTHCHECK" not in dockerfile:
            yield f"{name}: has no health check"


def rights(plan: Plan) -> Iterator[str]:
    """No service has more rights than it needs; long-running services restart."""
    for name, service in plan.services.items():
        if service.get("read_only") is not True:
            yield f"{name}: can write to its own files"
        if service.get("cap_drop") != ["ALL"] or service.get("cap_add") or service.get("privileged"):
            yield f"{name}: keeps capabilities"
        if "no-new-privileges:true" not in service.get("security_opt", []):
            yield f"{name}: may gain privileges"
        if service.get("network_mode") == "host":
            yield f"{name}: is in the host's network"
        if name not in ONCE and service.get("restart") != "unless-stopped":
            yield f"{name}: does not restart after a failure"


def ports(plan: Plan) -> Iterator[str]:
    """Ports are published on the loopback address only, unless PUBLISH_ON says otherwise."""
    for name, service in plan.services.items():
        for port in service.get("ports", []):
            if not port.startswith((f"${{PUBLISH_ON:-{LOCAL}}}:", f"{LOCAL}:")):
                yield f"{name}: publishes {port} on all addresses"
    published = {name for name, service in plan.services.items() if service.get("ports")}
    if published != {"front", "coturn", "prometheus"}:
        yield f"ports are published by {sorted(published)}"


def secrets(plan: Plan) -> Iterator[str]:
    """No secret is in the file or in an image: they are generated at the first start."""
    for name, service in plan.services.items():
        for key, value in service.get("environment", {}).items():
            if SECRET_NAME.search(key) or SECRET_VALUE.search(str(value)):
                yield f"{name}: {key} looks like a secret"
    for name, dockerfile in plan.dockerfiles.items():
        if SECRET_VALUE.search(dockerfile) or re.search(r"^(ENV|ARG) .*(KEY|SECRET|PASSWORD)", dockerfile, re.M):
            yield f"{name}: its Dockerfile seems to hold a secret"


def settings(plan: Plan) -> Iterator[str]:
    """Each EYELINE_ name is a setting of `relay serve`, and the relay accepts all values."""
    known = {f"EYELINE_{field.upper()}" for field in Serve.model_fields}
    for name in ("relay", "relay-gpu"):
        environment = plan.settings(name)
        image = re.findall(r"\b(EYELINE_\w+)=", plan.dockerfiles[name])
        unknowns = {*environment, *image, *FROM_KEYS} - known
        yield from (f"{name}: {unknown} is not a setting of relay serve" for unknown in sorted(unknowns))
        if complaint := _complaint(environment | dict.fromkeys(FROM_KEYS, "0" * 64)):
            yield f"{name}: {complaint}"


def volumes(plan: Plan) -> Iterator[str]:
    """Each volume is declared and used; only the service that makes keys may write them."""
    declared, used = set(plan.content.get("volumes", {})), set()
    for name, service in plan.services.items():
        for volume in service.get("volumes", []):
            source, place, *mode = volume.split(":")
            used.add(source)
            if place.startswith("/keys") and name not in ONCE and mode != ["ro"]:
                yield f"{name}: may write {place}"
    if declared != used:
        yield f"volumes are declared {sorted(declared)}, used {sorted(used)}"


def scripts(plan: Plan) -> Iterator[str]:
    """The images' scripts are executable, and have no syntax errors."""
    for path in sorted((plan.root / "scripts" / "compose").glob("*/*")):
        first = path.read_text().partition("\n")[0]
        if not first.startswith("#!"):
            continue
        if not os.access(path, os.X_OK):
            yield f"{path.name} of {path.parent.name} is not executable"
        if first.endswith("sh"):
            run = subprocess.run([first[2:], "-n", path], capture_output=True, text=True, check=False)
            yield from run.stderr.splitlines()


def routes(plan: Plan) -> Iterator[str]:
    """The front and Prometheus point to existing services."""
    folder = plan.root / "scripts" / "compose"
    front = re.findall(r"^\s*set \$\w+ ([\w-]+):\d+;", (folder / "front" / "nginx.conf").read_text(), re.M)
    figures = yaml.safe_load((folder / "prometheus" / "prometheus.yml").read_text())
    targets = [at for job in figures["scrape_configs"] for group in job["static_configs"] for at in group["targets"]]
    for name in [*front, *(target.partition(":")[0] for target in targets)]:
        if name not in plan.services:
            yield f"a route leads to {name}, which is not a service"


RULES: Final[tuple[Rule, ...]] = (services, images, rights, ports, secrets, settings, volumes, scripts, routes)


def _complaint(environment: dict[str, str]) -> str:
    """The relay's error message for these settings; empty if it accepts them."""
    everything = {name: value for name, value in os.environ.items() if not name.startswith("EYELINE_")} | environment
    run = subprocess.run([sys.executable, "-c", READ], env=everything, capture_output=True, text=True, check=False)
    return run.stderr.strip().rpartition("\n")[2] if run.returncode else ""
