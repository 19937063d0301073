"""Gauges that only PostgreSQL can tell, asked for when somebody looks, and not too often."""

import threading
import time
from functools import partial

from sqlalchemy import Engine, TextClause, text

from dispatch.storage.database import transaction
from dispatch.watching.estimates import counted
from dispatch.watching.metrics import Metrics

AGAIN_S = 5.0

PENDING = counted("select count(*) from timer", "timer")
TIMERS = text(
    """
    select {pending} as timers_pending,
        (select coalesce(max(extract(epoch from clock_timestamp() - xact_start)), 0)
            from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid())
            as db_oldest_xact_seconds,
        (select extract(epoch from clock_timestamp() - ended_at) from chain_round where is_over)
            as chain_verify_round_age_seconds
""".replace("{pending}", PENDING)
)
OUTBOX = text("""
    select (select count(*) from outbox) as outbox_rows,
        coalesce((
            select greatest(0, extract(epoch from clock_timestamp() - e.at))
            from (select * from outbox order by id limit 1) o
            join case_event e on e.opened_month = o.opened_month and e.case_id = o.case_id
                and e.seq = o.first_seq
        ), 0) as outbox_oldest_seconds
""")
OF_ROLE = {
    "clock": (
        TIMERS,
        ("timers_pending", "db_oldest_xact_seconds", "chain_verify_round_age_seconds"),
    ),
    "relay": (OUTBOX, ("outbox_rows", "outbox_oldest_seconds")),
}


class Look:
    """One query's row, asked for again after five seconds at the earliest."""

    def __init__(self, database: Engine, query: TextClause) -> None:
        self._database = database
        self._query = query
        self._lock = threading.Lock()
        self._at = float("-inf")
        self._row: dict[str, float | None] = {}

    def value(self, name: str) -> float | None:
        """A column of the row, None where it is null; raises what the database raises."""
        with self._lock:
            if time.monotonic() - self._at > AGAIN_S:
                with transaction(self._database) as connection:
                    row = connection.execute(self._query).one()
                self._row = {
                    column: None if found is None else float(found)
                    for column, found in row._mapping.items()
                }
                self._at = time.monotonic()
            return self._row[name]


def show_looks(metrics: Metrics, role: str, database: Engine) -> None:
    """Shows what only the database knows about the work of a role."""
    query, names = OF_ROLE[role]
    look = Look(database, query)
    for name in names:
        metrics.show(name, partial(look.value, name))
