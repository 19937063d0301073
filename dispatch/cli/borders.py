"""`wangge borders`: what is open and held follows a map that has taken effect."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from dispatch.changing.borders import case_moves, move_cases
from dispatch.cli.importing import HELD, moved_differences
from dispatch.cli.registers import bars, plainly
from dispatch.errors import ConfigurationError
from dispatch.installed import settings_for
from dispatch.storage.database import connect_engine, transaction
from grid.areas import load_map
from grid.importing.telling import write_differences
from grid.moving import move_rows, register_moves

borders = typer.Typer(help="Follow a map whose borders changed.", no_args_is_help=True)
DataDir = Annotated[Path | None, typer.Option(help="Where the installation's data lie.")]


@borders.callback()
def group() -> None:
    """Follow a map whose borders changed."""


@borders.command(name="apply")
def apply_borders(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would move, and move nothing.")
    ] = False,
    moves: Annotated[Path | None, typer.Option(help="Where every move goes, as CSV.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Place open cases, parts, buildings and dwellings anew in the map that is in force.

    Closed cases keep the map of their day. Each case that moves gets one event. Safe to run again.
    """
    database = connect_engine(
        settings_for(data_dir).database_url, role="borders", statement_timeout_ms=600_000,
        idle_timeout_ms=0,
    )  # fmt: skip
    with plainly(moves or Path("the database")), bars() as progress:
        with transaction(database) as connection:
            area_map = load_map(connection)
            cases = list(case_moves(connection, area_map))
            rows = register_moves(connection, area_map)
            if not dry_run:
                move_rows(connection, rows)
        count = sum(case.new is not None for case in cases)
        if not dry_run:
            count = move_cases(database, area_map, cases, progress)
    if moves is not None:
        try:
            write_differences(moves, moved_differences(cases, rows))
        except OSError as error:
            raise ConfigurationError(f"{moves} cannot be written: {error.strerror}") from error
    would = "would move" if dry_run else "moved"
    homeless = sum(c.new is None for c in cases) + sum(r.new is None for r in rows)
    counts = Counter(one.register for one in rows if one.new is not None)
    held = ", ".join(f"{counts[name]:,} {name}" for name in HELD)
    typer.echo(f"map {area_map.version}: {count:,} open cases, {held} {would}")
    if homeless:
        typer.echo(f"{homeless:,} lie in no community of this map, and stay where they are")
