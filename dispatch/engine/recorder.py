"""What the engine counts: once for a batch or a poll, never for each report."""

import time
from collections.abc import Callable, Mapping

from dispatch.engine.ingest import Outcome
from dispatch.watching.metrics import Metrics
from streams.consumer import Batch
from streams.records import Partition

Now = Callable[[], float]


class EngineRecorder:
    """Counts batches, and knows how far the engine is behind."""

    def __init__(self, metrics: Metrics, now: Now = time.time) -> None:
        self._metrics = metrics
        self._now = now
        self._behind: dict[int, int] = {}  # by number of partition, for it is one topic
        self._oldest_ms: dict[int, int] = {}
        metrics.show("consumer_lag_records", self._records)
        metrics.show("consumer_lag_seconds", self._seconds)

    def polled(self, batch: Batch, behind: Mapping[Partition, int]) -> None:
        """A poll ended; `behind` counts the unused records of every partition that is ours."""
        now_ms = int(self._now() * 1000)
        counts = {partition.number: count for partition, count in behind.items()}
        oldest = {n: self._oldest_ms.get(n, now_ms) for n, count in counts.items() if count}
        oldest |= {r.partition.number: r.timestamp_ms for r in reversed(batch.records)}
        self._oldest_ms, self._behind = oldest, counts

    def stored(self, batch: Batch, outcome: Outcome, seconds: float) -> None:
        """A batch is committed."""
        self._oldest_ms |= {r.partition.number: r.timestamp_ms for r in batch.records}
        metrics = self._metrics
        metrics.observe("batch_seconds", (seconds,))
        metrics.observe("batch_size", (len(batch.records),))
        effects = {"opened": outcome.opened, "attached": outcome.attached,
                   "refused": outcome.refused}  # fmt: skip
        self._add("reports_total", effects)
        known = {"batch": outcome.duplicates - outcome.known, "database": outcome.known}
        self._add("duplicates_total", known)
        self._add("dead_letters_total", outcome.dead_classes)
        for definition, count in outcome.opened_under.items():
            metrics.add("transition_total", count, definition, "open", "done")

    def fenced(self) -> None:
        """A batch was given up: another engine has its partition."""
        self._metrics.add("fenced_batches_total")

    def _add(self, name: str, counts: Mapping[str, int]) -> None:
        for label, count in counts.items():
            if count:
                self._metrics.add(name, count, label)

    def _records(self) -> Mapping[tuple[str, ...], float]:
        return {(str(n),): float(count) for n, count in self._behind.items()}

    def _seconds(self) -> float:
        waiting = [at for n, at in self._oldest_ms.copy().items() if self._behind.get(n)]
        return max(0.0, self._now() - min(waiting) / 1000) if waiting else 0.0
