"""`wangge register`: files into the registers and out of them, and what is missing in them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from dispatch.cases.case import database_now
from dispatch.catalogue.calendars import calendar_names
from dispatch.catalogue.grade_files import import_grades
from dispatch.catalogue.stored import changed, load_catalogue
from dispatch.changing.borders import case_moves
from dispatch.cli.covering import coverage_json, show_coverage
from dispatch.cli.importing import Outcome, login, tell
from dispatch.cli.rostering import DAYS, DAYS_MOST, gaps_json, roster_gaps, show_gaps
from dispatch.errors import ConfigurationError
from dispatch.installed import settings_for
from dispatch.roles.topics import district_codes, make_topics
from dispatch.settings import Settings
from dispatch.storage.database import connected, transaction
from geo.systems import given_system
from grid.areas import load_map
from grid.coverage import examine_duties
from grid.departments import load_departments, load_duties
from grid.files.delimited import Encoding
from grid.files.table import BadFile
from grid.importing.area_files import AreaSource
from grid.importing.areas import export_areas, import_areas
from grid.importing.exporting import export_register as export_rows
from grid.importing.registers import GRADES, REGISTERS, ROSTER
from grid.importing.upserting import ImportOptions
from grid.importing.upserting import import_register as import_rows
from grid.linking import part_owners
from grid.moving import register_moves
from grid.roster import load_roster
from workflows.categories import Kind

register = typer.Typer(help="Import, export and check the registers.", no_args_is_help=True)
DataDir = Annotated[Path | None, typer.Option(help="Where the installation's data lie.")]
AREAS, DUTIES = "areas", "duties"
CHECKED = (DUTIES, ROSTER.name)
NAMES = (AREAS, *REGISTERS)
WHICH = f"Which register: {', '.join(NAMES)}."
LOCKED = "55P03"


@register.command(name="import")
def import_register(  # noqa: PLR0913, PLR0917  each is an option of the command
    name: Annotated[str, typer.Argument(help=WHICH)],
    file: Annotated[Path, typer.Argument(help="GeoJSON, GeoPackage, CSV or XLSX.")],
    effective: Annotated[
        datetime | None,
        typer.Option(help="When the new map takes effect (UTC), at least 60 s ahead."),
    ] = None,
    crs: Annotated[
        str | None,
        typer.Option(help="wgs84, gcj02, bd09, cgcs2000 or EPSG:n, if the file does not say."),
    ] = None,
    encoding: Annotated[Encoding, typer.Option(help="Of a CSV file.")] = Encoding.AUTO,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge and compare, and change nothing.")
    ] = False,
    complete: Annotated[
        bool,
        typer.Option(
            "--complete", help="Duties, grades, members, roster: remove what the file lacks."
        ),
    ] = False,
    by: Annotated[
        str | None,
        typer.Option(help="Who changes it, for the history of grades; default the login."),
    ] = None,
    refused: Annotated[
        Path | None, typer.Option(help="Where refused rows go; default FILE.refused.csv.")
    ] = None,
    differences: Annotated[
        Path | None, typer.Option(help="Where every difference goes, as CSV.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Import a register: all or nothing, with every refused row and its reason."""
    _check(name)
    settings = settings_for(data_dir)
    at = None if effective is None else effective.replace(tzinfo=effective.tzinfo or UTC)
    source = AreaSource(crs=crs, encoding=encoding)
    with (
        bars() as told,
        plainly(file),
        connected(settings.database_url, role="register", is_long=True) as database,
        rehearsal(database, dry_run) as connection,
    ):
        if name == AREAS:
            report = import_areas(connection, file, at, told, source)
            outcome = Outcome.of_areas(report)
            if dry_run and report.effective_at is not None:
                outcome = _preview(connection, report.effective_at, outcome)
        else:
            options = _options(connection, crs, encoding, complete)
            reports = (
                import_grades(connection, file, options, told, by or login())
                if name == GRADES.name
                else import_rows(connection, REGISTERS[name], file, options, told)
            )
            outcome = Outcome.of_rows(reports)
        if outcome.is_done:
            changed(connection)
        if name == AREAS and outcome.is_done and not dry_run:
            # Before the map is there for anybody: a district without a topic would stop the relay.
            make_topics(settings, district_codes(connection))
    tell(outcome, dry_run=dry_run, refused=refused or _beside(file), differences=differences)


@register.command(name="export")
def export_register(
    name: Annotated[str, typer.Argument(help=WHICH)],
    file: Annotated[Path, typer.Argument(help="Where it goes: .geojson, .gpkg, .csv or .xlsx.")],
    crs: Annotated[str, typer.Option(help="wgs84, gcj02, bd09, cgcs2000 or EPSG:n.")] = "wgs84",
    encoding: Annotated[Encoding, typer.Option(help="Of a CSV file.")] = Encoding.UTF8,
    data_dir: DataDir = None,
) -> None:
    """Export a register as it is in force now."""
    _check(name)
    url = settings_for(data_dir).database_url
    with (
        plainly(file),
        connected(url, role="register", is_long=True) as database,
        transaction(database) as connection,
    ):
        system = given_system(crs)
        if name == AREAS:
            count = export_areas(connection, file, system, encoding)
        else:
            count = export_rows(connection, REGISTERS[name], file, system, encoding)
    typer.echo(f"wrote {file}: {count:,} rows")


@register.command(name="check")
def check_register(
    name: Annotated[str, typer.Argument(help="Which register: duties, roster.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
    days: Annotated[
        int, typer.Option(min=1, max=DAYS_MOST, help="Of the roster: how many days from now.")
    ] = DAYS,
    data_dir: DataDir = None,
) -> None:
    """Tell where a category has no duty, or several, or when nobody is on duty; ends with 1 when
    there are gaps."""
    if name not in CHECKED:
        listed = ", ".join(CHECKED)
        raise ConfigurationError(f"there is no check of {name!r}; there is one of: {listed}")
    settings = settings_for(data_dir)
    if name == ROSTER.name:
        _check_roster(settings, as_json=as_json, days=days)
        return
    url = settings.database_url
    with connected(url, role="register") as database, transaction(database) as connection:
        categories = load_catalogue(connection).categories
        if not categories:
            raise ConfigurationError("there are no categories yet, so no duty can be missing")
        areas = load_map(connection).areas
        found = examine_duties(load_duties(connection), categories, areas, part_owners(connection))
    if as_json:
        typer.echo(coverage_json(found, areas))
    else:
        show_coverage(found, areas, categories)
    if found.gaps:
        raise typer.Exit(1)


def _check_roster(settings: Settings, *, as_json: bool, days: int) -> None:
    url = settings.database_url
    with connected(url, role="register") as database, transaction(database) as connection:
        departments = load_departments(connection)
        roster = load_roster(connection, settings.timezone)
        gaps = roster_gaps(roster, departments, database_now(connection), days)
    if as_json:
        typer.echo(gaps_json(gaps, days))
    else:
        show_gaps(gaps, departments, days)
    if gaps:
        raise typer.Exit(1)


def _preview(connection: Connection, at: datetime, outcome: Outcome) -> Outcome:
    """What the map that takes effect at `at` would move."""
    new = load_map(connection, at)
    cases = list(case_moves(connection, new))
    return outcome.with_moves(cases, register_moves(connection, new))


def _check(name: str) -> None:
    if name not in NAMES:
        raise ConfigurationError(
            f"there is no register {name!r} to import; there are: {', '.join(NAMES)}"
        )


def _beside(file: Path) -> Path:
    return Path(f"{file}.refused.csv")


def _options(
    connection: Connection, crs: str | None, encoding: Encoding, complete: bool
) -> ImportOptions:
    categories = load_catalogue(connection).categories.values()
    return ImportOptions(
        crs=crs,
        encoding=encoding,
        complete=complete,
        categories=[category.code for category in categories],
        part_classes=[category.code for category in categories if category.kind is Kind.PART],
        calendars=calendar_names(connection),
    )


class _Bars:
    """Progress bars, one a step."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._steps: dict[str, int] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        if what not in self._steps:
            self._steps[what] = self._bar.add_task(what, total=total)
        self._bar.update(self._steps[what], completed=done, total=total)  # type: ignore[arg-type]


@contextmanager
def bars() -> Iterator[_Bars]:
    with Progress(console=Console(stderr=True)) as bar:
        yield _Bars(bar)


@contextmanager
def rehearsal(database: Engine, dry_run: bool) -> Iterator[Connection]:
    """A transaction; a dry run does everything in it and takes it back."""
    with transaction(database) as connection:
        yield connection
        if dry_run:
            connection.rollback()


@contextmanager
def plainly(file: Path) -> Iterator[None]:
    """Says in a sentence what else can go wrong: the file, the disk, another import."""
    try:
        yield
    except BadFile as error:
        raise ConfigurationError(f"{file}: {error.fault.value}: {error}") from error
    except (OSError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or "there is not enough memory for it"
        raise ConfigurationError(f"{file} cannot be read or written: {reason}") from error
    except (DBAPIError, psycopg.Error) as error:
        original = error.orig if isinstance(error, DBAPIError) else error
        if getattr(original, "sqlstate", None) == LOCKED:
            reason = "another import is under way; wait for its end and run it again"
            raise ConfigurationError(reason) from error
        reason = (str(original).strip() or "it is away").splitlines()[0]
        raise ConfigurationError(
            f"the database took none of {file}: {reason}; nothing was changed"
        ) from error
