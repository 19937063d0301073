"""`wangge status`: what an installation is doing, whatever of it is down."""

import json
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dispatch.cli.up import DataDir
from dispatch.embedded.place import DEFAULT_NAME

FIGURES_S = 8.0


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
    live: Annotated[
        bool, typer.Option("--watch", help="Renew the table every second until Ctrl-C.")
    ] = False,
    data_dir: DataDir = Path(DEFAULT_NAME),
) -> None:
    """Show every process and the figures that tell whether work flows.

    Answers while PostgreSQL or Kafka is down; what cannot be known then is null.
    """
    from dispatch.settings import Settings
    from dispatch.supervisor import record
    from dispatch.supervisor.access import read_access
    from dispatch.supervisor.figures import UNKNOWN, LatestFigures
    from dispatch.supervisor.screen import figure_table, process_table, warnings_of

    if live:
        _watch(as_json, data_dir)
        return
    rows = record.read_record(data_dir)
    access = read_access(data_dir)
    figures = UNKNOWN
    if access is not None:
        settings = Settings(
            database_url=access.database_url, kafka_servers=access.kafka_servers, data_dir=data_dir
        )
        figures = LatestFigures(settings).wait(FIGURES_S)
    if as_json:
        answer = {"processes": record.as_json(rows), **figures}
        typer.echo(json.dumps(answer, ensure_ascii=False, default=str))
        return
    console = Console(highlight=False)
    if not rows:
        console.print(f"No installation was ever started in {data_dir}: `wangge up` starts one.")
        return
    console.print(process_table(rows))
    console.print()
    console.print(figure_table(figures))
    for warning in warnings_of(figures):
        console.print(f"[yellow]mind: {warning}[/yellow]")


def _watch(as_json: bool, data_dir: Path) -> None:
    from dispatch.supervisor.live import watch

    console = Console(highlight=False)
    if as_json or not console.is_terminal:
        raise typer.BadParameter(
            "it draws on a terminal; programs call `wangge status --json` as often as they like",
            param_hint="--watch",
        )
    # Whoever is started in the background of a shell ignores Ctrl-C; this ends by nothing else.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    watch(data_dir, console)
