"""`wangge register`: files into the registers and out of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from dispatch.catalogue import changed
from dispatch.database import connect_engine, transaction
from dispatch.errors import ConfigurationError
from dispatch.installed import settings_for
from dispatch.wiring import ensure_topics
from grid.importing.areas import export_areas, import_areas

register = typer.Typer(help="Import and export the registers.", no_args_is_help=True)
DataDir = Annotated[Path | None, typer.Option(help="Where the installation's data lie.")]
NAMES = ("areas",)


@register.command(name="import")
def import_register(
    name: Annotated[str, typer.Argument(help="Which register: areas.")],
    file: Annotated[Path, typer.Argument(help="GeoJSON in longitude and latitude (WGS-84).")],
    effective: Annotated[
        datetime | None,
        typer.Option(help="When the new map takes effect (UTC), at least 60 s ahead."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Import a register: all or nothing, with every refused row and its reason."""
    _check(name)
    settings = settings_for(data_dir)
    database = connect_engine(
        settings.database_url, role="register", statement_timeout_ms=600_000, idle_timeout_ms=0
    )
    at = effective or datetime.now(UTC) + timedelta(seconds=60)
    with Progress(console=Console(stderr=True)) as bar, transaction(database) as connection:
        tasks: dict[str, int] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)  # type: ignore[arg-type]

        report = import_areas(connection, file, at.replace(tzinfo=at.tzinfo or UTC), progress)
        if not report.refused:
            changed(connection)
    if report.refused:
        table = Table("row", "field", "value", "reason", title="Nothing was imported")
        for row in report.refused:
            table.add_row(str(row.row), row.field, str(row.value), row.reason)
        Console(stderr=True).print(table)
        raise typer.Exit(1)
    ensure_topics(settings)
    typer.echo(
        f"{report.added} added, {report.changed} changed, {report.unchanged} unchanged; "
        f"in force from {at.isoformat()}"
    )


@register.command(name="export")
def export_register(
    name: Annotated[str, typer.Argument(help="Which register: areas.")],
    file: Annotated[Path, typer.Argument(help="Where the GeoJSON goes.")],
    data_dir: DataDir = None,
) -> None:
    """Export a register as it is in force now."""
    _check(name)
    database = connect_engine(settings_for(data_dir).database_url, role="register")
    with transaction(database) as connection:
        export_areas(connection, file)
    typer.echo(f"wrote {file}")


def _check(name: str) -> None:
    if name not in NAMES:
        raise ConfigurationError(f"there is no register {name!r} to import; there is: areas")
