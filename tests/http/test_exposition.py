import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families as parse

from relay.app import assemble
from relay.config.serve import Serve
from relay.frame import Verdict
from relay.http.exposition import Histograms
from relay.metrics import Frames, total
from tests.deadlines import scaled
from tests.fakes import Browser, StageFactory

Client = TestClient[web.Request, web.Application]
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
SDP = {"Content-Type": "application/sdp"}
ROOT = Path(__file__).parents[2]
LIBRARY_METRICS = r"process_|python_"


@asynccontextmanager
async def serving(*flags: str) -> AsyncIterator[Client]:
    async with TestClient(TestServer(assemble(Serve.read([*flags], "test"), StageFactory()))) as client:
        yield client


async def join(client: Client, browser: Browser, frames: int = 5) -> str:
    """Open a session and receive this many frames; gives its path."""
    answer = await client.post("/api/sessions", data=await browser.offer(), headers=SDP)
    assert answer.status == 201
    await browser.accept(await answer.text())
    await browser.see(frames)
    return answer.headers["Location"]


async def read(client: Client) -> Samples:
    """Every sample: name and labels to value."""
    text = await (await client.get("/metrics")).text()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse(text)
        for sample in family.samples
    }


def value(metrics: Samples, name: str, **labels: str) -> float:
    return metrics[name, tuple(sorted(labels.items()))]


def summed(metrics: Samples, name: str) -> float:
    return sum(number for (one, _), number in metrics.items() if one == name)


async def test_a_session_is_in_the_figures_while_it_lives_and_what_it_did_stays() -> None:
    async with serving("--max-sessions", "1") as client:
        assert value(await read(client), "eyeline_sessions_opened_total") == 0
        async with Browser() as browser, Browser() as other:
            place = await join(client, browser)
            living = await read(client)
            assert value(living, "eyeline_sessions", state="live") == 1
            assert value(living, "eyeline_sessions_limit") == 1
            assert value(living, "eyeline_frames_received_total") >= 5
            assert value(living, "eyeline_frames_shown_total", verdict="corrected") >= 1
            assert value(living, "eyeline_network_bytes_total", direction="in") > 1000
            assert value(living, "eyeline_network_bytes_total", direction="out") > 1000
            assert value(living, "eyeline_ice_seconds_count") >= 1
            refused = await client.post("/api/sessions", data=await other.offer(), headers=SDP)
            assert refused.status == 503
            await client.delete(place)
        ended = await read(client)
        assert summed(ended, "eyeline_sessions") == 0
        assert value(ended, "eyeline_sessions_opened_total") == 1
        assert value(ended, "eyeline_sessions_refused_total", short="sessions") == 1
        counters = [key for key in living if key[0].startswith("eyeline") and key[0].endswith(("_total", "_count"))]
        assert counters
        for key in counters:
            assert ended[key] >= living[key], f"{key} decreased"
        async with Browser() as browser:
            await join(client, browser)
            again = await read(client)
            received = value(ended, "eyeline_frames_received_total")
            assert value(again, "eyeline_frames_received_total") >= received + 5
            assert value(again, "eyeline_sessions_opened_total") == 2


async def test_frames_in_are_frames_shown_dropped_or_under_way() -> None:
    async with serving() as client, Browser() as browser:
        await client.delete(await join(client, browser, 20))
        metrics = await read(client)
        shown = summed(metrics, "eyeline_frames_shown_total")
        received = value(metrics, "eyeline_frames_received_total")
        assert 0 <= received - shown - value(metrics, "eyeline_frames_dropped_total") <= 3


async def test_no_name_of_a_session_is_in_the_figures() -> None:
    async with serving() as client, Browser() as browser:
        name = (await join(client, browser)).rpartition("/")[2]
        text = await (await client.get("/metrics")).text()
        assert len(name) > 16
        assert name[:6] not in text


async def test_every_stage_and_line_has_its_histogram() -> None:
    async with serving() as client, Browser() as browser:
        await join(client, browser, 10)
        metrics = await read(client)
        for stage in ("landmarks", "field", "warp"):
            count = value(metrics, "eyeline_stage_seconds_count", stage=stage)
            assert count >= 1
            assert value(metrics, "eyeline_stage_seconds_bucket", stage=stage, le="+Inf") == count
        for line in ("landmarks", "field"):
            assert value(metrics, "eyeline_age_frames_count", line=line) >= 1
        assert value(metrics, "eyeline_delay_seconds_count") >= 10


async def test_the_loop_and_the_load_are_in_the_figures() -> None:
    async with serving() as client:
        async with asyncio.timeout(scaled(20)):
            while value(metrics := await read(client), "eyeline_event_loop_lag_seconds_count") < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        for measure in ("processor", "event_loop", "lateness"):
            assert value(metrics, "eyeline_load_ratio", measure=measure) >= 0
        assert value(metrics, "eyeline_cores") > 0
        for condition in ("models", "capacity", "staying"):
            assert value(metrics, "eyeline_condition", condition=condition) == 1
        assert value(metrics, "process_resident_memory_bytes") > 0


async def test_scrapes_at_the_same_time_agree() -> None:
    async with serving() as client, Browser() as browser:
        await join(client, browser)
        for metrics in await asyncio.gather(*(read(client) for _ in range(5))):
            assert value(metrics, "eyeline_sessions_opened_total") == 1


def test_figures_of_sessions_are_added_up() -> None:
    one = Frames(arrived=5, out=4, dropped=1, corrected=3, passed={Verdict.NO_FACE: 1})
    other = Frames(arrived=2, out=2, dropped=0, corrected=0, passed={Verdict.NO_FACE: 1, Verdict.LATE: 1})
    assert total([one, other]) == Frames(
        arrived=7, out=6, dropped=1, corrected=3, passed={Verdict.NO_FACE: 2, Verdict.LATE: 1}
    )
    assert total([]) == Frames(arrived=0, out=0, dropped=0, corrected=0, passed={})


def test_an_observed_figure_falls_into_its_bucket() -> None:
    histograms = Histograms()
    histograms.time("warp", 0.003)
    histograms.wait(0.04)
    histograms.age("field", 3)
    histograms.lag(0.3)
    histograms.joined(0.07)
    for name, labels, below, above in (
        ("stage_seconds", {"stage": "warp"}, "0.002", "0.004"),
        ("delay_seconds", {}, "0.033", "0.05"),
        ("age_frames", {"line": "field"}, "2.0", "3.0"),
        ("event_loop_lag_seconds", {}, "0.2", "0.5"),
        ("ice_seconds", {}, "0.05", "0.1"),
    ):
        found = [
            histograms.registry.get_sample_value(f"eyeline_{name}_bucket", {**labels, "le": le})
            for le in (below, above)
        ]
        assert found == [0, 1], name


async def names_exposed() -> set[str]:
    """Sample names as Prometheus stores them, including the parts of histograms."""
    async with serving() as client, Browser() as browser:
        await join(client, browser)
        return {name for name, _ in await read(client)}


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:eyeline|process|python)_\w+", expression))


async def test_the_dashboard_asks_for_metrics_that_there_are() -> None:
    dashboard = json.loads((ROOT / "scripts" / "compose" / "grafana-dashboard.json").read_text())
    queries = [target["expr"] for panel in panels(dashboard) for target in panel["targets"]]
    assert len(queries) >= 12
    asked = set().union(*map(names_in, queries))
    assert not asked - await names_exposed()
    assert {panel["datasource"]["uid"] for panel in panels(dashboard)} == {"prometheus"}


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


async def test_the_documentation_names_every_metric_and_no_other() -> None:
    written = {name for name in names_in((ROOT / "docs" / "deploy.md").read_text()) if name.startswith("eyeline_")}
    exposed = {name for name in await names_exposed() if not re.match(LIBRARY_METRICS, name)}
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in exposed}
    assert not families - written
    assert not {re.sub(r"_(bucket|count|sum)$", "", name) for name in written} - families
