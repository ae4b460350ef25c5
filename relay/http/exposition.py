"""The relay's Prometheus metrics. No metric has a session's name as a label: names are secret and unbounded in number.

Histograms observe every value as it occurs. Counters of sessions and connections are collected at each scrape and
include sessions that have ended. docs/deploy.md lists the metrics.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import metadata
from typing import Final, get_args

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from relay.capacity.admission import Admission, Short
from relay.frame import Verdict
from relay.http.bodies import Condition
from relay.media.aiortc_patches.counts import CountName, Counts, Direction, Network
from relay.session.registry import Sessions
from relay.session.session import State

STAGE_BUCKETS: Final = (0.001, 0.002, 0.004, 0.008, 0.012, 0.016, 0.024, 0.033, 0.05, 0.1, 0.2, 0.5)  # seconds
DELAY_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.033, 0.05, 0.066, 0.1, 0.2, 0.5, 1)
ICE_BUCKETS: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
SHORT_LABELS: Final = ("sessions", "draining", *get_args(Short))  # label values of short: a series each from the start
AGE_BUCKETS: Final = (0, 1, 2, 3, 4, 5, 6, 8, 10, 15)

NETWORK: Final[dict[CountName, tuple[str, str]]] = {
    "bytes": ("eyeline_network_bytes", "bytes on WebRTC connections to clients and meeting servers"),
    "packets": ("eyeline_network_packets", "packets on WebRTC connections"),
    "lost": ("eyeline_network_packets_lost", "lost RTP packets; out: as reported by receivers"),
    "nacks": ("eyeline_network_nacks", "packets requested again by NACK; out: by the relay, in: from the relay"),
    "keyframe_requests": (
        "eyeline_network_keyframe_requests",
        "PLI and FIR messages; out: sent by the relay, in: received by it",
    ),
}


class Histograms:
    """Observes the values of all sessions (relay.metrics.Observer). registry: of these metrics."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        disable_created_metrics()  # creation times: unused, and they double the output

        def histogram(name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"eyeline_{name}", about, labels, buckets=buckets, registry=self.registry)

        self._stages = histogram("stage_seconds", "duration of one stage for one frame", STAGE_BUCKETS, "stage")
        self._waits = histogram("delay_seconds", "delay from the decoded to the corrected frame", DELAY_BUCKETS)
        self._ages = histogram(
            "age_frames", "age of the result that a shown frame is corrected with", AGE_BUCKETS, "line"
        )
        self._lags = histogram("event_loop_lag_seconds", "event loop lag", DELAY_BUCKETS)
        self._ice = histogram("ice_seconds", "time from the first ICE check to the connection", ICE_BUCKETS)

    def time(self, stage: str, seconds: float, /) -> None:
        """Record the duration of a stage."""
        self._stages.labels(stage).observe(seconds)

    def wait(self, seconds: float, /) -> None:
        """Record the delay of a frame, from its arrival until it is ready."""
        self._waits.observe(seconds)

    def age(self, line: str, frames: int, /) -> None:
        """Record the age of the result of this line that a shown frame used."""
        self._ages.labels(line).observe(frames)

    def lag(self, seconds: float) -> None:
        """Record the event loop's lag."""
        self._lags.observe(seconds)

    def joined(self, seconds: float) -> None:
        """Record how long ICE took to connect."""
        self._ice.observe(seconds)


@dataclass(frozen=True)
class Sources:
    """What is read at each scrape. conditions: by name; limit: of sessions; cores: available to the relay."""

    sessions: Sessions
    network: Network
    admission: Admission
    conditions: Callable[[], dict[str, Condition]]
    limit: int
    cores: float


class Exposition(Collector):
    """All metrics of one relay, as text."""

    def __init__(self, histograms: Histograms, sources: Sources) -> None:
        self._registry, self._sources = histograms.registry, sources
        self._network: Counts = Counts()
        self._registry.register(self)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)

    async def render(self, accept: str) -> tuple[bytes, str]:
        """The current metrics and their Content-Type. accept: the Accept header (RFC 9110, 12.5.1)."""
        self._network = await self._sources.network.read()
        encode, kind = choose_encoder(accept)
        return encode(self._registry), kind

    def collect(self) -> Iterable[Metric]:
        """The metrics that are read from the sources."""
        yield from self._session_metrics()
        yield from self._frame_metrics()
        yield from self._network_metrics()
        yield from self._operation_metrics()

    def describe(self) -> Iterable[Metric]:
        """Empty, as the sources cannot be read yet at registration."""
        return []

    def _session_metrics(self) -> Iterable[Metric]:
        sessions = self._sources.sessions
        states = GaugeMetricFamily("eyeline_sessions", "current sessions", labels=["state"])
        now = sessions.states()
        for state in State:
            if state is not State.CLOSED:
                states.add_metric([state], now[state])
        yield states
        yield CounterMetricFamily("eyeline_sessions_opened", "sessions opened", sessions.opened)
        refused = CounterMetricFamily("eyeline_sessions_refused", "offers refused with 503", labels=["short"])
        for short in sorted({*SHORT_LABELS, *sessions.refused}):
            refused.add_metric([short], sessions.refused[short])
        yield refused
        yield GaugeMetricFamily("eyeline_sessions_limit", "maximum number of concurrent sessions", self._sources.limit)

    def _frame_metrics(self) -> Iterable[Metric]:
        frames = self._sources.sessions.frames()
        yield CounterMetricFamily("eyeline_frames_received", "decoded frames received", frames.arrived)
        yield CounterMetricFamily("eyeline_frames_dropped", "frames replaced by a newer one", frames.dropped)
        shown = CounterMetricFamily("eyeline_frames_shown", "frames sent, as video or as a field", labels=["verdict"])
        for verdict in Verdict:
            count = frames.corrected if verdict is Verdict.CORRECTED else frames.passed.get(verdict, 0)
            shown.add_metric([verdict], count)
        yield shown

    def _network_metrics(self) -> Iterable[Metric]:
        for count, (name, about) in NETWORK.items():
            family = CounterMetricFamily(name, about, labels=["direction"])
            for direction in get_args(Direction):
                family.add_metric([direction], self._network[count, direction])
            yield family

    def _operation_metrics(self) -> Iterable[Metric]:
        sources = self._sources
        ratios = GaugeMetricFamily("eyeline_load_ratio", "load as a share of its limit", labels=["measure"])
        for measure, ratio in sources.admission.ratios(len(sources.sessions)).items():
            ratios.add_metric([measure], ratio)
        yield ratios
        met = GaugeMetricFamily("eyeline_condition", "1 if this readiness condition is met", labels=["condition"])
        for name, condition in sources.conditions().items():
            met.add_metric([name], condition.met)
        yield met
        yield GaugeMetricFamily("eyeline_cores", "processor cores available to the relay", sources.cores)
        info = GaugeMetricFamily("eyeline_info", "the relay's version", labels=["version"])
        info.add_metric([metadata.version("eyeline")], 1)
        yield info
