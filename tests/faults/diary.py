"""What the clients of a run write down while it goes on; many threads write."""

import threading
from dataclasses import dataclass, field

from tests.faults.recorded import ActionCall, Outcome, ReportCall


@dataclass(slots=True)
class Diary:
    """Calls with their outcomes, in the order in which they ended."""

    report_calls: list[ReportCall] = field(default_factory=list)
    action_calls: list[ActionCall] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reported(self, report: str, text: str, outcome: Outcome) -> None:
        with self._lock:
            self.report_calls.append(ReportCall(report=report, text=text, outcome=outcome))

    def acted(self, call: ActionCall) -> None:
        with self._lock:
            self.action_calls.append(call)

    def fault(self, what: str) -> None:
        with self._lock:
            self.faults.append(what)

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
            *self.faults,
        ]
        return "\n".join(lines)


def outcome_of(status: int) -> Outcome:
    """2xx has happened, 4xx has not; whether anything behind a 5xx has, nobody can say."""
    if status >= 500:
        return Outcome.INFO
    return Outcome.OK if status < 300 else Outcome.FAIL
