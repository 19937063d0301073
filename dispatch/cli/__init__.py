"""The command `wangge`."""

import sys
from typing import Annotated

import typer

from dispatch.cli import bench, borders, doctor, operating, registers, simulating, status, up
from dispatch.cli.tokens import tokens
from dispatch.errors import DispatchError
from dispatch.logs import set_up_logs
from geo.errors import GeoError
from grid.errors import GridError
from streams.errors import StreamError
from workflows.errors import WorkflowError

app = typer.Typer(
    name="wangge",
    help="Wangge 网格: the engine that runs a city managed by grid.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(up.up)
app.command()(bench.bench)
app.command()(status.status)
app.command()(doctor.doctor)
app.command()(operating.serve)
app.command()(operating.migrate)
app.command()(simulating.simulate)
app.command(name="restore-mark")(operating.restore_mark)
app.add_typer(tokens, name="token")
app.add_typer(registers.register, name="register")
app.add_typer(borders.borders, name="borders")
app.add_typer(operating.audit, name="audit")
app.add_typer(operating.deadletters, name="deadletters")
app.add_typer(operating.relay, name="relay")
app.add_typer(operating.offsets, name="offsets")

Verbose = Annotated[bool, typer.Option("--verbose", help="Log every batch and pass.")]


@app.callback()
def options(verbose: Verbose = False) -> None:
    """Wangge 网格: the engine that runs a city managed by grid."""
    set_up_logs(verbose)


def main() -> None:
    """Runs the command; errors of ours become one sentence, not a trace."""
    try:
        app()
    except (DispatchError, StreamError, GridError, GeoError, WorkflowError) as error:
        typer.secho(f"wangge: {error}", err=True, fg="red")
        sys.exit(1)
