"""Counts, spreads and gauges of one process, shown in Prometheus' text form.

Counting takes a lock and an addition; whoever does much counts once for a whole batch.
"""

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from dispatch.watching.definitions import METRICS, Kind, Metric

MOST_LABELS = 200
OTHER = "other"
Values = float | Mapping[tuple[str, ...], float] | None
log = structlog.get_logger("metrics")


@dataclass(slots=True)
class _Spread:
    counts: list[int]
    total: float = 0.0


@dataclass(slots=True)
class _Kept:
    """What was counted of one metric."""

    metric: Metric
    counts: dict[tuple[str, ...], float] = field(default_factory=dict)
    spread: _Spread | None = None
    look: Callable[[], Values] | None = None


class Metrics(Collector):
    """The metrics of one role's process; one that the role does not have is a KeyError."""

    def __init__(self, role: str) -> None:
        self._lock = threading.Lock()
        self._kept = {
            name: _begin(metric) for name, metric in METRICS.items() if role in metric.roles
        }
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def add(self, name: str, amount: float = 1, *labels: str) -> None:
        """Adds to a counter. A label that would make too many lines is counted as `other`."""
        counts = self._kept[name].counts
        with self._lock:
            if labels not in counts and len(counts) >= MOST_LABELS:
                labels = (OTHER,) * len(labels)
            counts[labels] = counts.get(labels, 0.0) + amount

    def add_each(self, name: str, amounts: Mapping[str, float]) -> None:
        """Adds to a counter of one label: to each of its values an amount."""
        for label, amount in amounts.items():
            self.add(name, amount, label)

    def observe(self, name: str, values: Iterable[float]) -> None:
        """Adds values to a histogram."""
        kept = self._kept[name]
        if kept.spread is None:
            raise KeyError(name)
        with self._lock:
            for value in values:
                kept.spread.counts[bisect_left(kept.metric.buckets, value)] += 1
                kept.spread.total += value

    def show(self, name: str, look: Callable[[], Values]) -> None:
        """A gauge is what `look` answers when somebody asks; None, or an error, is no answer."""
        self._kept[name].look = look

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Family]:
        for name, kept in self._kept.items():
            if kept.metric.kind is Kind.GAUGE:
                found = _looked(name, kept)
                if found is not None:
                    yield _gauge(kept.metric, found)
                continue
            with self._lock:
                yield _family(kept)


def _begin(metric: Metric) -> _Kept:
    kept = _Kept(metric)
    if metric.kind is Kind.HISTOGRAM:
        kept.spread = _Spread([0] * (len(metric.buckets) + 1))
    if metric.kind is Kind.COUNTER and not metric.labels:
        kept.counts[()] = 0.0
    return kept


def _looked(name: str, kept: _Kept) -> Values:
    if kept.look is None:
        return None
    try:
        return kept.look()
    except Exception as error:  # noqa: BLE001  what cannot be known now is left out
        log.debug("a metric cannot be known now", metric=name, error=error)
        return None


def _gauge(metric: Metric, values: float | Mapping[tuple[str, ...], float]) -> Family:
    family = GaugeMetricFamily(metric.name, metric.meaning, labels=metric.labels)
    for labels, value in (values if isinstance(values, Mapping) else {(): values}).items():
        family.add_metric(labels, value)
    return family


def _family(kept: _Kept) -> Family:
    metric = kept.metric
    if kept.spread is None:
        family = CounterMetricFamily(metric.name, metric.meaning, labels=metric.labels)
        for labels, value in kept.counts.items():
            family.add_metric(labels, value)
        return family
    below, buckets = 0, []
    for bound, count in zip((*map(str, metric.buckets), "+Inf"), kept.spread.counts, strict=True):
        below += count
        buckets.append((bound, float(below)))
    spread = HistogramMetricFamily(metric.name, metric.meaning)
    spread.add_metric((), buckets, kept.spread.total)
    return spread
