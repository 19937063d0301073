"""The clock: fires what is due, and reads nothing else, however many cases are open."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection, Engine, text

from dispatch.cases.acting import take
from dispatch.cases.case import SELECT, Case, database_now, read_case
from dispatch.cases.ledger import Ledger
from dispatch.cases.views import view_of
from dispatch.clock.rules import FiringRules
from dispatch.process.heartbeat import Heartbeat
from dispatch.process.lanes import CLOCK, work_lane
from dispatch.process.stopping import Stop
from dispatch.storage.database import end_frozen
from workflows.definition import Tell
from workflows.ladder import fire

ACTOR = "system:clock"
IDLE_S = 0.1
FREE_EVERY_S = 5.0
MONTHS_EVERY = timedelta(hours=6)
MONTHS_AHEAD = 24

# A case that somebody works on is skipped: it is tried again in the next pass. The moment must be
# one for the whole statement: by clock_timestamp() no index can be searched.
DUE = """
    join (
        select case_id, opened_month from timer
        where lane = :lane and due_at <= statement_timestamp() order by due_at limit :limit
    ) as due on due.case_id = c.id and due.opened_month = c.opened_month
    order by c.id for update of c skip locked
"""
LOCK_DUE = text(SELECT + DUE)


class Clock:
    """Fires the timers of one lane while it holds the lane."""

    def __init__(
        self,
        database: Engine,
        *,
        rules: Callable[[], FiringRules],
        batch: int,
        heartbeat: Heartbeat,
        lane_number: int = 0,
        fired: Callable[[Sequence[float]], None] = lambda _lateness: None,
    ) -> None:
        self._database = database
        self._rules = rules
        self._batch = batch
        self._heartbeat = heartbeat
        self._lane = lane_number
        self._fired = fired
        self._months_made = datetime.min.replace(tzinfo=UTC)
        self._freed_at = 0.0

    def run(self, stop: Stop) -> None:
        """Holds the lane and fires until told to stop."""
        work = partial(self._fire_all, stop=stop)
        work_lane(self._database, CLOCK, self._lane, work, self._heartbeat, stop)

    def _fire_all(self, connection: Connection, stop: Stop) -> None:
        while not stop.is_set():
            self._make_months(connection)
            self._free_rows(connection)
            fired = self.fire_once(connection)
            self._heartbeat.beat()
            # A pass that is half full tells of more; the other half may have been locked.
            if fired < self._batch / 2:
                stop.wait(IDLE_S)

    def fire_once(self, connection: Connection) -> int:
        """One bounded pass in one transaction; answers how many cases' timers were due.

        What fires is decided by the clocks of the locked row. A timer that was read just before
        somebody stopped its clock therefore fires nothing, and is set anew from the row.
        """
        due = connection.execute(LOCK_DUE, {"lane": self._lane, "limit": self._batch}).all()
        lateness: Sequence[float] = ()
        if due:
            lateness = self._fire_cases(connection, [read_case(row) for row in due])
        connection.commit()
        self._fired(lateness)
        return len(due)

    def _fire_cases(self, connection: Connection, cases: Sequence[Case]) -> Sequence[float]:
        rules = self._rules()
        now = database_now(connection)
        ledger = Ledger()
        late = [seconds for case in cases for seconds in fire_case(rules, ledger, case, now)]
        ledger.write(connection)
        return late

    def _free_rows(self, connection: Connection) -> None:
        """Ends frozen sessions now and then.

        Nobody waits for a lock here: what they hold would be passed over until somebody else
        wants it.
        """
        if time.monotonic() - self._freed_at > FREE_EVERY_S:
            end_frozen(connection)
            connection.commit()
            self._freed_at = time.monotonic()

    def _make_months(self, connection: Connection) -> None:
        now = datetime.now(UTC)
        if now - self._months_made > MONTHS_EVERY:
            connection.execute(
                text("""select make_case_event_months(now()::date,
                    (now() + make_interval(months => :months))::date)"""),
                {"months": MONTHS_AHEAD},
            )
            connection.commit()
            self._months_made = now


def fire_case(rules: FiringRules, ledger: Ledger, case: Case, now: datetime) -> list[float]:
    """Fires every due rung of the case, in order, each once (design decision 12).

    Answers by how many seconds each was late.
    """
    definition = rules.definitions[case.definition]
    moment = max(now, case.last_at)
    view = view_of(case, rules.categories, registers=rules)
    urgent = view.condition is not None and view.condition.urgent
    late = []
    for decision in fire(definition, view, moment, rules.calendars):
        ended = take(definition, ledger, case, decision, moment)
        for draft in decision.events:
            body = {**draft.body, **ended}
            # What the system does because of a rung has no `notify`: it tells, or says nothing.
            if "tell" in body and body.get("notify", True):
                tell, holder = Tell(body["tell"]), body.get("department", case.department)
                body["reached"] = rules.reach.told(tell, case, holder, moment, urgent=urgent)
            ledger.append(case, type_=draft.type, at=moment, actor=ACTOR, body=body)
            told = draft.body.get("came_due", draft.body)
            late.append((moment - datetime.fromisoformat(told["due_at"])).total_seconds())
    return late
