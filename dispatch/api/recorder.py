"""What is counted at the door for reports: once for an answer or a batch."""

from collections import Counter
from collections.abc import Iterable

from dispatch.reports.intake import Accepted
from dispatch.watching.metrics import Metrics

TAKEN = 200


class IntakeRecorder:
    """Counts answers at the door for reports."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def answered(self, path: str, status: int, seconds: float) -> None:
        """A request is answered; the lines of a batch that was taken are counted by `lines`."""
        batch = path.endswith("/batch")
        if not (batch and status == TAKEN):
            self._metrics.add("ingest_requests_total", 1, str(status))
        if not batch:
            self._metrics.observe("ingest_seconds", (seconds,))

    def lines(self, statuses: Iterable[int]) -> None:
        """The lines of a batch were answered."""
        for status, count in Counter(statuses).items():
            self._metrics.add("ingest_requests_total", count, str(status))

    def accepted(self, reports: Iterable[Accepted]) -> None:
        """Counts those that Kafka had acknowledged before: they get the same answer again."""
        repeats = sum(report.message is None for report in reports)
        if repeats:
            self._metrics.add("duplicates_total", repeats, "intake")
