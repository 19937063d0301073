"""Every metric of Wangge, in one place. `docs/metrics.md` says of each what to do about it.

Base units; labels of few values: a partition, a code, a definition, never a case or a person.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric, and the roles whose processes show it."""

    name: str
    kind: Kind
    roles: frozenset[str]
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


ALL = frozenset({"api", "engine", "clock", "relay"})
API, ENGINE, CLOCK, RELAY = (frozenset({name}) for name in ("api", "engine", "clock", "relay"))
ANSWER_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)
BATCH_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BATCH_SIZES = (1.0, 5.0, 25.0, 100.0, 250.0, 500.0, 1000.0, 5000.0)
# Apart by what they mean: drift below a second, then slow, then an outage.
LATE_S = (0.1, 0.25, 0.5, 1.0, 10.0, 60.0, 600.0)

TABLE = (
    Metric(
        name="ready",
        kind=Kind.GAUGE,
        roles=ALL,
        meaning="1 while the process can do its work, 0 while it cannot; /readyz has the reasons",
    ),
    Metric(
        name="ingest_requests_total",
        kind=Kind.COUNTER,
        roles=API,
        labels=("code",),
        meaning="reports that were sent, by the status of the answer; each line of a batch counts",
    ),
    Metric(
        name="ingest_seconds",
        kind=Kind.HISTOGRAM,
        roles=API,
        buckets=ANSWER_S,
        meaning="time from a single report's arrival to its answer, Kafka's word included",
    ),
    Metric(
        name="ingest_inflight",
        kind=Kind.GAUGE,
        roles=API,
        meaning="reports that are on their way to Kafka",
    ),
    Metric(
        name="feed_clients", kind=Kind.GAUGE, roles=API, meaning="open readers of the live feed"
    ),
    Metric(
        name="feed_dropped_total",
        kind=Kind.COUNTER,
        roles=API,
        labels=("reason",),
        meaning="feeds that were ended: the reader was too slow, or its token ran out",
    ),
    Metric(
        name="transition_total",
        kind=Kind.COUNTER,
        roles=API | ENGINE,
        labels=("definition", "trigger", "result"),
        meaning="openings and desk actions by workflow definition, action and how they ended",
    ),
    Metric(
        name="consumer_lag_records",
        kind=Kind.GAUGE,
        roles=ENGINE,
        labels=("partition",),
        meaning="reports that Kafka has and this engine has not used yet",
    ),
    Metric(
        name="consumer_lag_seconds",
        kind=Kind.GAUGE,
        roles=ENGINE,
        meaning="age of the oldest report that this engine has not used yet",
    ),
    Metric(
        name="batch_seconds",
        kind=Kind.HISTOGRAM,
        roles=ENGINE,
        buckets=BATCH_S,
        meaning="time of one batch, from its records to its commit",
    ),
    Metric(
        name="batch_size",
        kind=Kind.HISTOGRAM,
        roles=ENGINE,
        buckets=BATCH_SIZES,
        meaning="records of one batch",
    ),
    Metric(
        name="reports_total",
        kind=Kind.COUNTER,
        roles=ENGINE,
        labels=("effect",),
        meaning="reports that were used, by effect: opened, attached, refused",
    ),
    Metric(
        name="duplicates_total",
        kind=Kind.COUNTER,
        roles=API | ENGINE,
        labels=("where",),
        meaning="repeats without a second effect, by where they were met: intake, batch, database",
    ),
    Metric(
        name="dead_letters_total",
        kind=Kind.COUNTER,
        roles=ENGINE,
        labels=("class",),
        meaning="records that could not be used, by class of reason",
    ),
    Metric(
        name="fenced_batches_total",
        kind=Kind.COUNTER,
        roles=ENGINE,
        meaning="batches that were given up because another engine had taken the partition over",
    ),
    Metric(
        name="timer_lateness_seconds",
        kind=Kind.HISTOGRAM,
        roles=CLOCK,
        buckets=LATE_S,
        meaning="how long after its moment a rung of a deadline fired",
    ),
    Metric(
        name="timers_pending",
        kind=Kind.GAUGE,
        roles=CLOCK,
        meaning="timers that are set; above 100,000 it is PostgreSQL's own estimate",
    ),
    Metric(
        name="db_oldest_xact_seconds",
        kind=Kind.GAUGE,
        roles=CLOCK,
        meaning="age of the oldest open transaction that the service's account may see",
    ),
    Metric(
        name="chain_verify_failures_total",
        kind=Kind.COUNTER,
        roles=CLOCK,
        meaning="broken histories that were found while all were read again, each once a round",
    ),
    Metric(
        name="chain_verified_cases_total",
        kind=Kind.COUNTER,
        roles=CLOCK,
        meaning="cases whose history was read again and checked",
    ),
    Metric(
        name="chain_verify_round_age_seconds",
        kind=Kind.GAUGE,
        roles=CLOCK,
        meaning="time since all histories had been read again; no value before the first time",
    ),
    Metric(
        name="events_published_total",
        kind=Kind.COUNTER,
        roles=RELAY,
        labels=("district",),
        meaning="case events that Kafka has acknowledged, by the district of their topic",
    ),
    Metric(
        name="outbox_rows",
        kind=Kind.GAUGE,
        roles=RELAY,
        meaning="runs of events that are committed and not yet published",
    ),
    Metric(
        name="outbox_oldest_seconds",
        kind=Kind.GAUGE,
        roles=RELAY,
        meaning="age of the event that is first in line to be published; 0 when none waits",
    ),
)
METRICS = {metric.name: metric for metric in TABLE}
