"""Builds that are known to be wrong, each in one way; the checker must find every one of them.

`python -m tests.faults.bad_builds NAME up …` is the command `wangge` with that mistake in all of
its processes. The mistakes are made here alone: the running system has no switch for them.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, text

from dispatch import cli
from dispatch.engine import engine, ingest
from dispatch.engine.dead_letters import DeadLetter
from dispatch.engine.sorting import Sorted
from dispatch.relay import outbox
from dispatch.settings import Settings
from dispatch.storage.database import transaction
from dispatch.storage.offsets import ENGINE, advance
from dispatch.supervisor import installation, roles
from dispatch.supervisor.watch import Watched
from streams.consumer import Batch


def without_deduplication() -> None:
    """A batch is not searched for repeats; the second row of an id is passed over in silence."""
    sort, write = ingest.sort_records, ingest.write_reports

    def sort_with_repeats(records: Any, topic_ids: Any, categories: Any) -> Sorted:
        found = Sorted()
        for record in records:
            one = sort([record], topic_ids, categories)
            found.reports += one.reports
            found.dead += one.dead
        return found

    def write_first_rows(connection: Connection, placed: Sequence[Any], now: Any) -> None:
        # What `on conflict do nothing` would do; the events of the repeats stay.
        first = {one.report.id: (one, case) for one, case in reversed(placed)}
        write(connection, list(first.values()), now)

    ingest.sort_records = sort_with_repeats
    ingest.write_reports = write_first_rows


def offset_before_the_work() -> None:
    """Offsets are committed first, and the batch's effect in a transaction of its own."""

    def commit(
        self: engine.ReportEngine, batch: Batch, dead: Sequence[DeadLetter] = ()
    ) -> ingest.Outcome:
        with transaction(self._database) as connection:
            advance(connection, ENGINE, batch.advances)
        with transaction(self._database) as connection:
            work = ingest.Ingest(self._rules(), self._prefix, ENGINE)
            return work.store(connection, batch, dead)

    ingest.advance = lambda _connection, _consumer, _advances: None
    engine.ReportEngine._commit = commit  # type: ignore[method-assign]


def cursor_relay() -> None:
    """The relay remembers the last id that it has seen, and reads on from there."""
    cursor = [0]
    messages = outbox.Outbox._case_messages

    def messages_and_cursor(
        self: outbox.Outbox, connection: Connection, pointers: Sequence[Any]
    ) -> Any:
        cursor[0] = max([cursor[0], *(pointer.id for pointer in pointers)])
        return messages(self, connection, pointers)

    outbox.Outbox._case_messages = messages_and_cursor  # type: ignore[method-assign]
    outbox.POINTERS = text(
        outbox.POINTERS.text.replace("where lane = :lane", "where lane = :lane and id > :cursor")
    ).bindparams(bindparam("cursor", callable_=lambda: cursor[0], type_=BigInteger))


BUILDS: Mapping[str, Callable[[], None]] = {
    "without-deduplication": without_deduplication,
    "offset-before-the-work": offset_before_the_work,
    "cursor-relay": cursor_relay,
}


def command(name: str) -> tuple[str, ...]:
    """How this build is called in place of `wangge`."""
    return (sys.executable, "-m", "tests.faults.bad_builds", name)


def main(name: str, arguments: Sequence[str]) -> None:
    """Runs `wangge` with the mistake, in this process and in every role that it starts."""

    def role_process(role: str, settings: Settings) -> Watched:
        made = roles.role_process(role, settings)
        made.start = roles._starter((*command(name), "serve", role), role, settings)
        return made

    BUILDS[name]()
    installation.role_process = role_process
    sys.argv = ["wangge", *arguments]
    cli.main()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
