"""Commands that run roles and the operator's remedies."""

import json
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import text
from sqlalchemy.exc import DataError

from dispatch.cases.audit import Tally, verify
from dispatch.engine.dead_letters import StoredLetter, list_letters, mark_retried
from dispatch.errors import ConfigurationError, DispatchError
from dispatch.installed import settings_for
from dispatch.reading.reading import find_case
from dispatch.relay.outbox import republish
from dispatch.settings import Settings
from dispatch.storage.database import closed_after, connect_engine, transaction
from dispatch.storage.offsets import ENGINE, accept_loss, accept_new_topic
from streams.kafka import KafkaAdmin, KafkaTailReader, KafkaWriter
from streams.records import Message, Partition

LETTERS_SHOWN = 500
DataDir = Annotated[Path | None, typer.Option(help="Where the installation's data lie.")]
audit = typer.Typer(help="Check the history.", no_args_is_help=True)
deadletters = typer.Typer(help="Records that could not be used.", no_args_is_help=True)
relay = typer.Typer(help="Publish events again.", no_args_is_help=True)
offsets = typer.Typer(help="Where the engine reads on.", no_args_is_help=True)


class RoleName(StrEnum):
    API = "api"
    ENGINE = "engine"
    CLOCK = "clock"
    RELAY = "relay"


def serve(role: RoleName) -> None:
    """Run one role; reads WANGGE_DATABASE_URL and WANGGE_KAFKA_SERVERS."""
    from dispatch.roles.running import run_role

    run_role(Settings(), role.value)


def migrate(
    url: Annotated[str | None, typer.Option(help="The database as its owner.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Bring the database to this version's shape."""
    from dispatch.storage.migrate import upgrade

    upgrade(url or settings_for(data_dir, admin=True).database_url)
    typer.echo("the database is up to date")


@audit.command(name="verify")
def audit_verify(
    case: Annotated[str | None, typer.Option(help="One case, by id or number.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Check every hash chain; exit 1 naming case, seq and what is wrong."""
    database = connect_engine(
        settings_for(data_dir).database_url, role="audit", statement_timeout_ms=0
    )
    tally = Tally()
    with closed_after(database), transaction(database) as connection:
        connection.exec_driver_sql("set transaction isolation level repeatable read, read only")
        wanted = None
        if case is not None:
            found = find_case(connection, case)
            if found is None:
                raise ConfigurationError(f"there is no case {case}")
            wanted = found.id
        try:
            breaks = list(verify(connection, tally, wanted))
        except DataError as error:
            raise DispatchError(
                f"a history holds what cannot even be read ({type(error.orig).__name__}), after "
                f"{tally.cases:,} cases; `wangge doctor` names the case as soon as the clock's "
                "round has met it"
            ) from error
    rows = [
        {"case": b.number, "id": str(b.case_id), "seq": b.seq, "wrong": b.wrong} for b in breaks
    ]
    if as_json:
        typer.echo(json.dumps({"cases": tally.cases, "events": tally.events, "broken": rows}))
    else:
        for row in rows:
            typer.secho(f"case {row['case']} seq {row['seq']}: {row['wrong']}", fg="red", err=True)
        typer.echo(f"{tally.cases:,} cases, {tally.events:,} events, {len(rows)} broken")
    sys.exit(1 if rows else 0)


@deadletters.command(name="list")
def deadletters_list(
    every: Annotated[bool, typer.Option("--all", help="Also those put in again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Show dead letters with their reasons."""
    database = connect_engine(settings_for(data_dir).database_url, role="cli")
    letters = list_letters(database, retried=every, limit=LETTERS_SHOWN)
    if as_json:
        typer.echo(json.dumps([_letter_row(letter) for letter in letters], ensure_ascii=False))
        return
    for letter in letters:
        # Whole lines, never a table's cells: an id must be there to be copied.
        typer.echo(f"{letter.id}  {letter.at:%Y-%m-%d %H:%M:%S}Z  {letter.reason_class}")
        typer.echo(f"    {letter.reason}")
        typer.echo(f"    report {letter.report_id or 'unknown'}, {_where(letter)}")
    if len(letters) == LETTERS_SHOWN:
        typer.echo(f"these are the oldest {LETTERS_SHOWN}; there may be more")
    elif not letters:
        typer.echo("no dead letters")


def _where(letter: StoredLetter) -> str:
    put_in = f", put in again {letter.retried_at:%Y-%m-%d %H:%M:%S}Z" if letter.retried_at else ""
    return f"{letter.topic}/{letter.partition} offset {letter.record_offset}{put_in}"


def _letter_row(letter: StoredLetter) -> dict[str, object]:
    return {
        "id": str(letter.id),
        "at": letter.at.isoformat(),
        "report": None if letter.report_id is None else str(letter.report_id),
        "class": letter.reason_class,
        "reason": letter.reason,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.record_offset,
        "retried_at": None if letter.retried_at is None else letter.retried_at.isoformat(),
    }


@deadletters.command(name="retry")
def deadletters_retry(
    ids: Annotated[list[UUID] | None, typer.Argument(help="Which; default all.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Put dead letters into the reports topic again, with their own ids."""
    settings = settings_for(data_dir)
    database = connect_engine(settings.database_url, role="cli")
    letters = list_letters(database, ids=ids or (), limit=LETTERS_SHOWN)
    unknown = set(ids or ()) - {letter.id for letter in letters}
    if unknown:
        names = ", ".join(sorted(map(str, unknown)))
        raise ConfigurationError(f"no dead letter waits under {names}; nothing was put in again")
    writer = KafkaWriter(settings.kafka_servers, delivery_s=10)
    failed = 0
    for letter in letters:
        outcome: list[Exception | None] = []
        message = Message(
            topic=settings.reports_topic,
            key=letter.key or b"",
            value=letter.value or b"",
            headers=tuple((name, value.encode()) for name, value in letter.headers.items()),
        )
        writer.send_all([(message, outcome.append)])
        writer.flush(12)
        if outcome and outcome[0] is None:
            mark_retried(database, letter.id)
        else:
            failed += 1
    writer.close()
    typer.echo(f"{len(letters) - failed} put in again, {failed} failed")
    if len(letters) == LETTERS_SHOWN:
        typer.echo("there may be more: run it again")
    sys.exit(1 if failed else 0)


@relay.command(name="republish")
def relay_republish(
    since: Annotated[datetime, typer.Option(help="From this moment on (UTC).")],
    data_dir: DataDir = None,
) -> None:
    """Publish every event since a moment again; readers drop what they have by (case, seq)."""
    database = connect_engine(
        settings_for(data_dir).database_url, role="cli", statement_timeout_ms=600_000
    )
    with transaction(database) as connection:
        events = republish(connection, since.replace(tzinfo=since.tzinfo or UTC))
    typer.echo(f"{events:,} events are on their way again")


@offsets.command(name="accept-new-topic")
def offsets_accept(data_dir: DataDir = None) -> None:
    """Read the re-made reports topic from its beginning; look first why it was re-made."""
    settings = settings_for(data_dir)
    admin = KafkaAdmin(settings.kafka_servers)
    ids = admin.topic_ids([settings.reports_topic])
    admin.close()
    if settings.reports_topic not in ids:
        raise ConfigurationError(f"there is no topic {settings.reports_topic}")
    database = connect_engine(settings.database_url, role="cli")
    topic = settings.reports_topic
    reset = accept_new_topic(database, ENGINE, topic, ids[topic])
    typer.echo(f"{reset} partitions start at 0 of topic id {ids[topic]}")


@offsets.command(name="accept-loss")
def offsets_accept_loss(data_dir: DataDir = None) -> None:
    """Go on behind reports that Kafka deleted before the engine used them; they are lost."""
    settings = settings_for(data_dir)
    topic = settings.reports_topic
    admin, reader = KafkaAdmin(settings.kafka_servers), KafkaTailReader(settings.kafka_servers)
    described = admin.describe([topic])
    admin.close()
    if topic not in described:
        raise ConfigurationError(f"there is no topic {topic}")
    firsts = reader.beginnings([Partition(topic, n) for n in range(described[topic][1])])
    reader.close()
    database = connect_engine(settings.database_url, role="cli")
    lost = accept_loss(database, ENGINE, firsts)
    for partition, gone in sorted(lost.items()):
        typer.echo(f"{topic}/{partition.number}: offsets {gone.start} to {gone.stop - 1} are lost")
    typer.echo(f"{sum(map(len, lost.values())):,} records are given up")


def restore_mark(data_dir: DataDir = None) -> None:
    """Say that the database was restored: raises the epoch, so that readers load anew."""
    settings = settings_for(data_dir, admin=True)
    database = connect_engine(settings.database_url, role="cli")
    with transaction(database) as connection:
        epoch = connection.execute(
            text("update installation set epoch = epoch + 1 returning epoch")
        ).scalar_one()
    typer.echo(f"the epoch is now {epoch}; readers of the feed are told to load anew")
