"""`wangge calendar`: working calendars listed, shown, checked, loaded and followed.

Shipped calendars and files need no server.
"""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dispatch.catalogue.calendars import Stored
    from dispatch.settings import Settings
    from workflows.workdays import Workdays

calendar = typer.Typer(
    help="List, show, check and load working calendars, and follow new ones.", no_args_is_help=True
)  # fmt: skip
DataDir = Annotated[Path | None, typer.Option(help="Where the installation's data lie.")]
MARGIN_S = 2.0
NAMED = "A name (its newest version), name@version, or the path of a file."


@calendar.command(name="list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array, for scripts.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List the calendars that are shipped, and the versions that this installation has stored."""
    from dispatch.catalogue.standards import shipped_documents
    from dispatch.installed import settings_for
    from workflows.workdays import read_workdays

    settings = settings_for(data_dir)
    stored = _stored(settings)
    newest = {one.name: one.key for one in stored}
    rows = [_row(read_workdays(document), "shipped") for document in shipped_documents()]
    rows += [
        {
            **_row(read_workdays(one.document), "stored"),
            "name": one.name,
            "version": one.version,
            "in_use": one.name == settings.calendar and one.key == newest[one.name],
            "loaded_at": one.loaded_at.astimezone(UTC).isoformat(),
        }
        for one in stored
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    from dispatch.cli.almanac import show_list

    show_list(rows)


@calendar.command()
def show(
    named: Annotated[str, typer.Argument(metavar="NAME|FILE", help=NAMED)],
    year: Annotated[int | None, typer.Option(help="Without it, the present one.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Show a year as a sheet: rest days, make-up workdays, and what is provisional."""
    from dispatch.catalogue.calendars import check_document, find_document
    from dispatch.catalogue.standards import names_file
    from dispatch.cli.almanac import show_year
    from dispatch.installed import settings_for

    stored = [] if names_file(named) else _stored(settings_for(data_dir))
    rules = check_document(find_document(named, stored))
    show_year(rules, year or datetime.now(rules.zone).year)


@calendar.command()
def check(
    file: Annotated[Path, typer.Argument(help="A calendar document as JSON or YAML.")],
) -> None:
    """Read a calendar as the engine would; ends with 1 and names the place when it is wrong."""
    from dispatch.catalogue.calendars import check_document
    from dispatch.cli.almanac import summary
    from workflows.documents import read_document
    from workflows.errors import WorkflowError

    try:
        rules = check_document(read_document(file))
    except WorkflowError as error:
        typer.secho(f"{file}: {error}", err=True, fg="red")
        raise typer.Exit(1) from error
    typer.echo(f"{file}: {rules.name} is sound: {summary(rules)}")
    _mind(rules)


@calendar.command()
def load(
    named: Annotated[
        str, typer.Argument(metavar="FILE|cn", help="A file, or the name of a shipped calendar.")
    ],
    name: Annotated[
        str | None, typer.Option("--as", help="Store it under this name, not its own.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Check a calendar and store it as the next version of its name, if it differs."""
    from dispatch.catalogue.calendars import load_document
    from dispatch.catalogue.standards import document_of
    from dispatch.cli.almanac import show_loaded
    from dispatch.installed import settings_for
    from dispatch.storage.database import connect_engine, transaction

    settings = settings_for(data_dir)
    document = {**document_of(named)}
    if name is not None:
        document["name"] = name
    database = connect_engine(settings.database_url, role="calendar")
    with transaction(database) as connection:
        loaded = load_document(connection, document)
    show_loaded(loaded, settings.calendar)
    _mind(loaded.new)


@calendar.command()
def recompute(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Compute open deadlines anew by the newest version of their calendar.

    Each case whose clock runs by an older version gets one event. Safe to run again.
    """
    from dispatch.catalogue.definitions import load_definitions
    from dispatch.catalogue.stored import load_calendars
    from dispatch.changing import recomputing
    from dispatch.cli.almanac import show_recomputed
    from dispatch.cli.registers import bars
    from dispatch.installed import settings_for
    from dispatch.storage.database import connect_engine, transaction

    settings = settings_for(data_dir)
    database = connect_engine(
        settings.database_url, role="calendar", statement_timeout_ms=600_000, idle_timeout_ms=0
    )
    definitions = load_definitions(settings.definitions_dir)
    with transaction(database) as connection:
        calendars = load_calendars(connection, settings.calendar)
        rules = recomputing.load_clock_rules(connection, calendars, definitions)
        ids = recomputing.cases_behind(connection, rules)
        wait = recomputing.young_for(connection, timedelta(seconds=settings.refresh_s + MARGIN_S))
        if dry_run:
            tally = recomputing.preview(connection, rules, ids)
    if not dry_run:
        if ids:
            # A clock fires only by versions that it has read.
            time.sleep(wait.total_seconds())
        with bars() as progress:
            tally = recomputing.recompute(database, rules, ids, progress)
    show_recomputed(tally, settings.timezone, dry_run=dry_run)
    if tally.left:
        raise typer.Exit(1)


def _row(rules: "Workdays", where: str) -> dict[str, Any]:
    return {
        "name": rules.name,
        "version": None,
        "where": where,
        "in_use": False,
        "from": rules.first.isoformat(),
        "until": rules.last.isoformat(),
        "timezone": str(rules.zone),
        "workday": rules.rule.value,
        "loaded_at": None,
    }


def _stored(settings: "Settings") -> "list[Stored]":
    """What the installation has stored; nothing, and a word about it, where none answers."""
    from dispatch.catalogue.calendars import stored_calendars
    from dispatch.cli.asking import asked

    return asked(settings, "calendar", stored_calendars) or []


def _mind(rules: "Workdays") -> None:
    """Says which notice is missing: this year's, from November on the next (decision 12)."""
    from dispatch.watching.cautions import calendar_caution, early_caution

    today = datetime.now(rules.zone).date()
    for told in (
        early_caution(rules.name, rules.first, today),
        calendar_caution(rules.name, rules.last, today),
    ):
        if told is not None:
            typer.secho(f"mind: {told}", err=True, fg="yellow")
