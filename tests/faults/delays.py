"""How long the worst of something took around a fault, from what was kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.faults.diary import Done
from tests.faults.recorded import Recorded

BEFORE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Something began (`since`), and its effect was there `seconds` later."""

    since: datetime
    seconds: float


def report_to_case(recorded: Recorded) -> Iterator[Delay]:
    """From a report's acceptance to the event that names it: its partition advanced then."""
    for event in recorded.events:
        if "report" in event.body and "received_at" in event.body:
            yield _delay(datetime.fromisoformat(event.body["received_at"]), event.at)


def due_to_rung(recorded: Recorded) -> Iterator[Delay]:
    """From the moment at which a rung was due to its event.

    Who reclassifies a case, or lets its clock go on, may set a clock of which rungs are past: these
    are due from that act on.
    """
    set_at: dict[tuple[str, str], datetime] = {}
    for event in sorted(recorded.events, key=lambda event: (event.case, event.seq)):
        body = event.body
        if "rung" in body:
            due_at = datetime.fromisoformat(body["due_at"])
            yield _delay(max(due_at, set_at.get((event.case, body["stage"]), due_at)), event.at)
            continue
        for clock in body.get("deadlines", ()):
            set_at[event.case, clock["stage"]] = event.at


def event_to_topic(recorded: Recorded) -> Iterator[Delay]:
    """From an event to its first record in a topic."""
    at = {(event.case, event.seq): event.at for event in recorded.events}
    seen = set()
    for record in recorded.case_records:
        key = (record.district, record.case, record.seq)
        if key not in seen and (record.case, record.seq) in at:
            seen.add(key)
            yield _delay(at[record.case, record.seq], record.sent_at)


def worst_around(delays: Iterator[Delay], fault: Done, lasting_s: float) -> float:
    """The longest of those that began from just before the fault on, for so many seconds.

    Fails when there is none: then nothing was measured.
    """
    window = (fault.at - BEFORE, fault.at + timedelta(seconds=lasting_s))
    found = [one.seconds for one in delays if window[0] <= one.since <= window[1]]
    assert len(found) > 10, f"only {len(found)} to measure at {fault}"
    return max(found)


def _delay(since: datetime, until: datetime) -> Delay:
    return Delay(since=since, seconds=(until - since).total_seconds())
