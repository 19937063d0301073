"""The outbox: what is committed and not yet published, read in order and deleted when it is.

A pass reads the oldest rows that are not under way, never rows above a remembered id: ids are
given out before their transactions commit, so a cursor would lose those that commit late
(reliability notes, finding 3). Whoever appends to a case holds its lock, so the rows of one case
become visible in the order of their ids, and every pass sees a prefix of them.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, text

from dispatch.relay.publishing import Installation, case_message, dead_letter_message
from streams.records import Message

# `not in` a subquery is hashed, whatever the number of ids; `<> all` would be searched row by row.
POINTERS = text("""
    select id, topic_district, case_id::text as case_id, opened_month, first_seq, last_seq
    from outbox
    where lane = :lane and id not in (select unnest(cast(:under_way as bigint[])))
    order by id limit :limit
""")
EVENTS = text("""
    select e.case_id::text as case_id, e.seq, e.type, e.actor, e.body::text as body,
        to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at,
        encode(e.previous_hash, 'hex') as previous_hash, encode(e.hash, 'hex') as hash
    from json_to_recordset(cast(:runs as json))
        as run (case_id uuid, first_seq integer, last_seq integer)
    join case_event e on e.opened_month = :month and e.case_id = run.case_id
        and e.seq between run.first_seq and run.last_seq
""")
LETTERS = text("""
    select id, topic, partition, record_offset, report_id, reason_class, reason, at
    from dead_letter
    where mirrored_at is null and id not in (select unnest(cast(:under_way as uuid[])))
    order by at limit 200
""")
DELETE = text("delete from outbox where id = any(:ids)")
MIRRORED = text("update dead_letter set mirrored_at = clock_timestamp() where id = any(:ids)")
# Each event to the topic of its district at that moment; one that moved its case, to both.
REPUBLISH = text("""
    insert into outbox (topic_district, case_id, opened_month, first_seq, last_seq)
    select district, e.case_id, e.opened_month, e.seq, e.seq
    from case_event e, unnest(array[
        e.body #>> '{areas,district}',
        nullif(e.body #>> '{was_place,areas,district}', e.body #>> '{areas,district}')
    ]) as district
    where e.at >= :since and district is not null
    order by e.opened_month, e.case_id, e.seq, district
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What one pass found: its messages in order, and the rows that end with them.

    `events` says how many case events of it go to the topic of each district.
    """

    rows: Sequence[int]
    letters: Sequence[UUID]
    messages: Sequence[Message]
    events: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbox:
    """Reads one lane of the outbox, and the dead letters that have no mirror yet."""

    lane: int
    limit: int
    installation: Installation
    cases_topic: Callable[[str], str]
    deadletters_topic: str

    def read(self, connection: Connection, under_way: Collection[Waiting]) -> Waiting:
        """The oldest rows that are not under way, as messages, in the order of their ids."""
        rows = [row for waiting in under_way for row in waiting.rows]
        letters_gone = [letter for waiting in under_way for letter in waiting.letters]
        pointers = connection.execute(
            POINTERS, {"lane": self.lane, "limit": self.limit, "under_way": rows}
        ).all()
        letters = connection.execute(LETTERS, {"under_way": letters_gone}).all()
        messages = self._case_messages(connection, pointers)
        messages += [
            dead_letter_message(self.installation, self.deadletters_topic, row) for row in letters
        ]
        return Waiting(
            rows=[pointer.id for pointer in pointers],
            letters=[letter.id for letter in letters],
            messages=messages,
            events=_by_district(pointers),
        )

    def _case_messages(self, connection: Connection, pointers: Sequence[Any]) -> list[Message]:
        events: dict[tuple[str, int], Any] = {}
        # One statement a month, so that the planner reads one partition only.
        for month in sorted({pointer.opened_month for pointer in pointers}):
            asked = [
                {"case_id": run.case_id, "first_seq": run.first_seq, "last_seq": run.last_seq}
                for run in pointers
                if run.opened_month == month
            ]
            values = {"month": month, "runs": orjson.dumps(asked).decode()}
            for row in connection.execute(EVENTS, values).all():
                events[row.case_id, row.seq] = row
        return [
            case_message(
                self.installation,
                self.cases_topic(pointer.topic_district),
                events[pointer.case_id, seq],
            )
            for pointer in pointers
            for seq in range(pointer.first_seq, pointer.last_seq + 1)
        ]


def _by_district(pointers: Sequence[Any]) -> Mapping[str, int]:
    events: Counter[str] = Counter()
    for run in pointers:
        events[run.topic_district] += run.last_seq - run.first_seq + 1
    return events


def delete_published(connection: Connection, waiting: Waiting) -> None:
    """Kafka has acknowledged all of it: it waits no more."""
    if waiting.rows:
        connection.execute(DELETE, {"ids": waiting.rows})
    if waiting.letters:
        connection.execute(MIRRORED, {"ids": waiting.letters})


def republish(connection: Connection, since: datetime) -> int:
    """Puts every event since `since` into the outbox again, and answers how many pointers.

    Readers drop what they have.
    """
    return connection.execute(REPUBLISH, {"since": since}).rowcount
