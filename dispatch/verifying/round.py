"""What is stored of a round: where it is, how much it read, what it found broken."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from dispatch.cases.audit import FIRST, Break, Place, Tally

COLUMNS = (
    "began_at opened_month case_id cases events broken "
    "first_number first_case first_seq first_wrong"
).split()
LONGEST = 300  # letters of what is wrong; `wangge audit verify` tells all of it

RUNNING = text("select * from chain_round where not is_over")
DUE = text("""
    select greatest(0, extract(epoch from began_at + :every - clock_timestamp()))
    from chain_round where is_over
""")
SAVE = text(f"""
    insert into chain_round (is_over, {", ".join(COLUMNS)})
    values (false, {", ".join(f":{name}" for name in COLUMNS)})
    on conflict (is_over) do update
        set {", ".join(f"{name} = excluded.{name}" for name in COLUMNS)}
""")  # noqa: S608  names of ours
FORGET_LAST = text("delete from chain_round where is_over")
END = text("update chain_round set is_over = true, ended_at = clock_timestamp() where not is_over")


@dataclass(slots=True, kw_only=True)
class Round:
    """A round that runs; times are the database's."""

    began_at: datetime
    place: Place = FIRST
    """The last case that was read."""
    cases: int = 0
    events: int = 0
    broken: int = 0
    first: Break | None = None
    """The first broken place that it met."""

    def count(self, tally: Tally, breaks: Sequence[Break]) -> None:
        """What one page read and found."""
        self.cases += tally.cases
        self.events += tally.events
        self.broken += len(breaks)
        if self.first is None and breaks:
            self.first = breaks[0]


def running_round(connection: Connection) -> Round | None:
    """The round that somebody began and nobody ended."""
    row = connection.execute(RUNNING).one_or_none()
    if row is None:
        return None
    first = None
    if row.first_case is not None:
        # Which month it was of is not kept: nobody asks.
        first = Break(number=row.first_number, opened_month=row.opened_month,
                      case_id=row.first_case, seq=row.first_seq, wrong=row.first_wrong)  # fmt: skip
    return Round(began_at=row.began_at, place=Place(row.opened_month, row.case_id),
                 cases=row.cases, events=row.events, broken=row.broken, first=first)  # fmt: skip


def due_in_s(connection: Connection, every: timedelta) -> float:
    """Seconds until a new round may begin; 0 when there was none yet."""
    return float(connection.execute(DUE, {"every": every}).scalar() or 0)


def save(connection: Connection, round_: Round, *, is_over: bool) -> None:
    """Keeps the round as it is now; one that is over takes the place of the last."""
    connection.execute(SAVE, _row(round_))
    if is_over:
        connection.execute(FORGET_LAST)
        connection.execute(END)


def _row(round_: Round) -> dict[str, Any]:
    first = round_.first
    return {
        "began_at": round_.began_at,
        "opened_month": round_.place.opened_month,
        "case_id": round_.place.case_id,
        "cases": round_.cases,
        "events": round_.events,
        "broken": round_.broken,
        "first_number": first and first.number,
        "first_case": first and first.case_id,
        "first_seq": first and first.seq,
        "first_wrong": first and first.wrong[:LONGEST],
    }
