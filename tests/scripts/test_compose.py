"""The static check of scripts/compose-check on docker-compose.yml, and on files with errors."""

import os
import subprocess
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from relay.config.serve import Serve
from relay.session.turn import ice_servers
from scripts.composing import check, plan
from scripts.composing.plan import Plan
from scripts.composing.visitors import ReceivedVideo

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
KEY = "0123456789abcdef" * 4

Services = dict[str, Any]


@pytest.mark.parametrize("rule", plan.RULES, ids=lambda rule: rule.__name__)
def test_the_file_keeps_every_rule(rule: plan.Rule) -> None:
    assert list(rule(Plan.read(FILE))) == []


@pytest.mark.parametrize(
    ("rule", "change", "finding"),
    [
        (plan.services, lambda all_: all_.pop("coturn"), "coturn"),
        (plan.services, lambda all_: all_["relay-gpu"].pop("profiles"), "relay-gpu: profiles"),
        (plan.images, lambda all_: all_["janus"].update(build="scripts"), "janus: has no Dockerfile"),
        (plan.rights, lambda all_: all_["relay"].update(read_only=False), "relay: can write"),
        (plan.rights, lambda all_: all_["front"].update(cap_add=["NET_ADMIN"]), "front: keeps capabilities"),
        (plan.rights, lambda all_: all_["front"].pop("security_opt"), "front: may gain"),
        (plan.rights, lambda all_: all_["janus"].update(network_mode="host"), "janus: is in the host's"),
        (plan.rights, lambda all_: all_["coturn"].pop("restart"), "coturn: does not restart"),
        (
            plan.ports,
            lambda all_: all_["front"].update(ports=["443:8443"]),
            "front: publishes 443:8443 on all addresses",
        ),
        (plan.ports, lambda all_: all_["janus"].update(ports=["127.0.0.1:8188:8188"]), "'janus'"),
        (
            plan.secrets,
            lambda all_: all_["relay"]["environment"].update({"EYELINE_TOKEN_KEY": "x"}),
            "EYELINE_TOKEN_KEY",
        ),
        (plan.secrets, lambda all_: all_["keys"]["environment"].update(SEED=KEY), "keys: SEED"),
        (
            plan.settings,
            lambda all_: all_["relay"]["environment"].update(EYELINE_ROMO="1"),
            "EYELINE_ROMO is not a setting",
        ),
        (plan.settings, lambda all_: all_["relay"]["environment"].update(EYELINE_PORT="high"), "port"),
        (plan.volumes, lambda all_: all_["front"].update(volumes=["tls:/keys/tls"]), "front: may write /keys/tls"),
        (plan.volumes, lambda all_: all_["prometheus"].pop("volumes"), "volumes are declared"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_rule_is_found(rule: plan.Rule, change: Callable[[Services], object], finding: str) -> None:
    content = deepcopy(Plan.read(FILE).content)
    change(content["services"])
    assert any(finding in problem for problem in rule(Plan(ROOT, content)))


def test_an_image_of_another_base_or_for_root_is_found(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM alpine:3\nUSER root\n")
    problems = list(plan.images(Plan(tmp_path, {"services": {"relay": {"build": "."}}})))
    assert problems == [
        "relay: is made from alpine:3, not debian:bookworm-slim",
        "relay: runs as root, not as a user with a number above 0",
        "relay: has no health check",
    ]


def test_a_script_that_cannot_be_started_is_found(tmp_path: Path) -> None:
    script = tmp_path / "scripts" / "compose" / "relay" / "start"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\nif true; then\n")
    found = " ".join(plan.scripts(Plan(tmp_path, {})))
    assert "start of relay is not executable" in found
    assert "end of file" in found


def test_the_front_leads_to_services_that_are_there() -> None:
    content = deepcopy(Plan.read(FILE).content)
    content["services"]["jitsi"] = content["services"].pop("janus")
    assert any("leads to janus" in problem for problem in plan.routes(Plan(ROOT, content)))


def test_the_relay_asks_no_turn_server_of_its_own_where_coturn_reaches_it() -> None:
    """In its container the browsers' address of coturn is the relay's own: each call would lose five seconds to it."""
    settings = Serve(turn_urls=["turn:localhost:3478"], turn_secret=KEY, turn_for_relay=False)
    assert [server.urls for server in ice_servers(settings, "a browser")] == ["turn:localhost:3478"]
    assert ice_servers(settings.for_relay, "the relay") == []


TURNED = {"here": "relay", "over": "udp", "there": "host", "milliseconds": 1.0}


@pytest.mark.parametrize(
    ("rate", "path", "corrected", "trouble", "wrong"),
    [
        (30.0, TURNED, 0.95, [], []),
        (12.0, TURNED, 0.95, [], ["Ben sees of Ada"]),
        (30.0, TURNED | {"here": "host"}, 0.95, [], ["media"]),
        (30.0, TURNED, 0.1, [], ["corrected"]),
        (30.0, TURNED, 0.95, ["x is not defined"], ["pages"]),
    ],
)
def test_what_is_seen_is_judged(
    rate: float, path: dict[str, Any], corrected: float, trouble: list[str], wrong: list[str]
) -> None:
    findings, _ = check.judge(ReceivedVideo(rate, 640, 480, 0), [path], corrected, trouble, least=25)
    assert [finding.what for finding in findings if finding.ok is False] == wrong


@pytest.mark.skipif("EYELINE_COMPOSE" not in os.environ, reason="EYELINE_COMPOSE=1 builds, starts and joins the whole")
@pytest.mark.timeout(1800)
def test_people_meet_in_what_it_starts() -> None:
    run = subprocess.run([ROOT / "scripts" / "compose-check"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
