"""The relay's figures for Prometheus. No metric carries a session's name: it is a secret, and there is no end of them.

Histograms hear every figure as it comes; what sessions and connections count themselves is collected when it is asked
for, and counts of sessions that have ended stay in it. docs/deploy.md lists the metrics.
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

WORK: Final = (0.001, 0.002, 0.004, 0.008, 0.012, 0.016, 0.024, 0.033, 0.05, 0.1, 0.2, 0.5)  # seconds
WAITS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.033, 0.05, 0.066, 0.1, 0.2, 0.5, 1)
ICE: Final = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
SHORTS: Final = ("sessions", "draining", *get_args(Short))  # what may be short: a series each from the beginning
FRAMES: Final = (0, 1, 2, 3, 4, 5, 6, 8, 10, 15)

NETWORK: Final[dict[CountName, tuple[str, str]]] = {
    "bytes": ("eyeline_network_bytes", "bytes on WebRTC connections, with clients and meetings"),
    "packets": ("eyeline_network_packets", "packets on WebRTC connections"),
    "lost": ("eyeline_network_packets_lost", "RTP packets that did not come; out: as receivers report it"),
    "nacks": ("eyeline_network_nacks", "packets asked for again; out: by the relay, in: of the relay"),
    "keyframe_requests": ("eyeline_network_keyframe_requests", "PLI and FIR; out: by the relay, in: of the relay"),
}


class Histograms:
    """Hears every figure of every session (relay.metrics.Observer). registry: where they are to be found."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        disable_created_metrics()  # when each series began: of no use here, and as many lines again

        def histogram(name: str, about: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"eyeline_{name}", about, labels, buckets=buckets, registry=self.registry)

        self._stages = histogram("stage_seconds", "work of one stage on one frame", WORK, "stage")
        self._waits = histogram("delay_seconds", "from the decoded to the corrected frame", WAITS)
        self._ages = histogram("age_frames", "age of what a shown frame is corrected with", FRAMES, "line")
        self._lags = histogram("event_loop_lag_seconds", "how late the event loop turns", WAITS)
        self._ice = histogram("ice_seconds", "from ICE's first check to its connection", ICE)

    def time(self, stage: str, seconds: float, /) -> None:
        """A stage took so long."""
        self._stages.labels(stage).observe(seconds)

    def wait(self, seconds: float, /) -> None:
        """A frame was ready so long after it had arrived."""
        self._waits.observe(seconds)

    def age(self, line: str, frames: int, /) -> None:
        """A shown frame used a result of this line that was so many frames old."""
        self._ages.labels(line).observe(frames)

    def lag(self, seconds: float) -> None:
        """The event loop turned so late."""
        self._lags.observe(seconds)

    def joined(self, seconds: float) -> None:
        """A connection came about after so long."""
        self._ice.observe(seconds)


@dataclass(frozen=True)
class Sources:
    """What is asked at each exposition. conditions: by name; limit: of sessions; cores: that the relay may use."""

    sessions: Sessions
    network: Network
    admission: Admission
    conditions: Callable[[], dict[str, Condition]]
    limit: int
    cores: float


class Exposition(Collector):
    """All figures of one relay, as text."""

    def __init__(self, histograms: Histograms, sources: Sources) -> None:
        self._registry, self._sources = histograms.registry, sources
        self._network: Counts = Counts()
        self._registry.register(self)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)

    async def render(self, accept: str) -> tuple[bytes, str]:
        """The figures now and their Content-Type. accept: the formats that are understood (RFC 9110, 12.5.1)."""
        self._network = await self._sources.network.read()
        encode, kind = choose_encoder(accept)
        return encode(self._registry), kind

    def collect(self) -> Iterable[Metric]:
        """What is not counted here but asked for."""
        yield from self._of_sessions()
        yield from self._of_frames()
        yield from self._of_network()
        yield from self._of_operation()

    def describe(self) -> Iterable[Metric]:
        """Nothing: there is nobody yet whom to ask when it is registered."""
        return []

    def _of_sessions(self) -> Iterable[Metric]:
        sessions = self._sources.sessions
        states = GaugeMetricFamily("eyeline_sessions", "sessions now", labels=["state"])
        now = sessions.states()
        for state in State:
            if state is not State.CLOSED:
                states.add_metric([state], now[state])
        yield states
        yield CounterMetricFamily("eyeline_sessions_opened", "sessions that began", sessions.opened)
        refused = CounterMetricFamily("eyeline_sessions_refused", "offers refused with 503", labels=["short"])
        for short in sorted({*SHORTS, *sessions.refused}):
            refused.add_metric([short], sessions.refused[short])
        yield refused
        yield GaugeMetricFamily("eyeline_sessions_limit", "most sessions at the same time", self._sources.limit)

    def _of_frames(self) -> Iterable[Metric]:
        frames = self._sources.sessions.frames()
        yield CounterMetricFamily("eyeline_frames_received", "decoded frames that arrived", frames.arrived)
        yield CounterMetricFamily("eyeline_frames_dropped", "frames that a newer one replaced", frames.dropped)
        shown = CounterMetricFamily("eyeline_frames_shown", "frames that went out, or were told of", labels=["verdict"])
        for verdict in Verdict:
            count = frames.corrected if verdict is Verdict.CORRECTED else frames.passed.get(verdict, 0)
            shown.add_metric([verdict], count)
        yield shown

    def _of_network(self) -> Iterable[Metric]:
        for figure, (name, about) in NETWORK.items():
            family = CounterMetricFamily(name, about, labels=["direction"])
            for direction in get_args(Direction):
                family.add_metric([direction], self._network[figure, direction])
            yield family

    def _of_operation(self) -> Iterable[Metric]:
        sources = self._sources
        ratios = GaugeMetricFamily("eyeline_load_ratio", "load as a share of its limit", labels=["measure"])
        for measure, ratio in sources.admission.ratios(len(sources.sessions)).items():
            ratios.add_metric([measure], ratio)
        yield ratios
        met = GaugeMetricFamily("eyeline_condition", "1 where this condition of readiness is met", labels=["condition"])
        for name, condition in sources.conditions().items():
            met.add_metric([name], condition.met)
        yield met
        yield GaugeMetricFamily("eyeline_cores", "processor cores that the relay may use", sources.cores)
        info = GaugeMetricFamily("eyeline_info", "the relay's version", labels=["version"])
        info.add_metric([metadata.version("eyeline")], 1)
        yield info
