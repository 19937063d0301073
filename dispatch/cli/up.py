"""`wangge up`: the whole installation in the foreground."""

import errno
from pathlib import Path
from typing import Annotated

import typer

from dispatch.embedded.place import DEFAULT_NAME
from dispatch.errors import DispatchError

DataDir = Annotated[Path, typer.Option(help="Where the installation's data lie.")]


def up(
    demo: Annotated[
        bool, typer.Option("--demo", help="Load the demo city if the registers are empty.")
    ] = False,
    simulate: Annotated[
        float | None, typer.Option(min=0.01, metavar="R", help="Play R reports a second.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of the console and the HTTP interface."),
    ] = None,
    data_dir: DataDir = Path(DEFAULT_NAME),
) -> None:
    """Run everything on this machine, servers included, until Ctrl-C.

    Starts a private PostgreSQL and a private Kafka, migrates, and starts all roles; starts again
    what dies. Prints where to look, and writes it to access.json in the data directory.
    """
    from dispatch.supervisor.installation import Wishes, run
    from dispatch.supervisor.screen import open_screen

    screen = open_screen()
    wishes = Wishes(data_dir=data_dir, demo=demo, simulate=simulate, port=port)
    try:
        run(wishes, screen)
    except (DispatchError, OSError) as error:
        full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        reason = f"the disk is full: free space for {data_dir.absolute()}" if full else error
        typer.secho(f"wangge up cannot go on: {reason}", err=True, fg="red")
        raise typer.Exit(1) from error
