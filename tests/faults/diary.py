"""What the clients of a run write down while it goes on; many threads write."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.faults.recorded import ActionCall, FeedLog, Outcome, ReportCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A fault that was done."""

    what: str
    whom: str
    """The process that it met."""
    elapsed_s: float
    at: datetime

    def __str__(self) -> str:
        met = f" ({self.whom})" if self.whom not in self.what else ""
        return f"{self.elapsed_s:5.1f} s  {self.what}{met}"


@dataclass(slots=True)
class Diary:
    """Calls with their outcomes, in the order in which they ended."""

    report_calls: list[ReportCall] = field(default_factory=list)
    action_calls: list[ActionCall] = field(default_factory=list)
    faults: list[Done] = field(default_factory=list)
    feeds: list[FeedLog] = field(default_factory=list)
    staff: dict[str, str] = field(default_factory=dict)
    """The department of each account that belongs to one."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reported(self, report: str, text: str, outcome: Outcome) -> None:
        with self._lock:
            self.report_calls.append(ReportCall(report=report, text=text, outcome=outcome))

    def acted(self, call: ActionCall) -> None:
        with self._lock:
            self.action_calls.append(call)

    def fault(self, what: str, whom: str, elapsed_s: float) -> None:
        done = Done(what=what, whom=whom, elapsed_s=elapsed_s, at=datetime.now(UTC))
        with self._lock:
            self.faults.append(done)

    def text(self) -> str:
        """Counts, for the message of a failed run and for its own account."""
        told = {
            outcome: sum(1 for call in self.report_calls if call.outcome is outcome)
            for outcome in Outcome
        }
        done = sum(1 for call in self.action_calls if call.outcome is Outcome.OK)
        lines = [
            f"{len(self.report_calls)} report calls: {told[Outcome.OK]} accepted, "
            f"{told[Outcome.FAIL]} refused, {told[Outcome.INFO]} unknown; "
            f"{len(self.action_calls)} actions, {done} done",
            *(
                f"{log.reader}: {log.connections} connections, {len(log.segments)} parts, "
                f"{sum(len(part.heard) for part in log.segments)} events"
                for log in self.feeds
            ),
            *map(str, self.faults),
        ]
        return "\n".join(lines)


def outcome_of(status: int) -> Outcome:
    """2xx has happened, 4xx has not; whether anything behind a 5xx has, nobody can say."""
    if status >= 500:
        return Outcome.INFO
    return Outcome.OK if status < 300 else Outcome.FAIL
