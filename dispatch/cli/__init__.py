"""The command `wangge`, and which commands there are below it.

Together they load every library of Wangge, which takes seconds. So each is imported where it is
called; a list of them needs only what is written here.
"""

import importlib
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

# Where a command or a group of commands is, and how its help begins.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "up": ("up:up", "Run everything on this machine, servers included, until Ctrl-C."),
    "bench": (
        "bench:bench",
        "Measure every path beside its raw limit, and say what moved since another run.",
    ),
    "status": (
        "status:status",
        "Show every process and the figures that tell whether work flows.",
    ),
    "due": ("due:due", "Say when a limit runs out, and each span that counts or does not."),
    "doctor": (
        "doctor:doctor",
        "Show what is missing or wrong on this machine or in this installation.",
    ),
    "serve": (
        "operating:serve",
        "Run one role; reads WANGGE_DATABASE_URL and WANGGE_KAFKA_SERVERS.",
    ),
    "migrate": ("operating:migrate", "Bring the database to this version's shape."),
    "simulate": (
        "simulating:simulate",
        "Play field work: plausible reports, and desks that move cases to their close.",
    ),
    "restore-mark": (
        "operating:restore_mark",
        "Say that the database was restored: raises the epoch, so that readers load anew.",
    ),
    "token": ("tokens:tokens", "Issue a bearer token, or revoke one."),
    "register": ("registers:register", "Import, export and check the registers."),
    "category": (
        "category:category",
        "Show what codes mean; import, export and follow filing conditions.",
    ),
    "borders": ("borders:borders", "Follow a map whose borders changed."),
    "calendar": (
        "calendar:calendar",
        "List, show, check and load working calendars, and follow new ones.",
    ),
    "workflow": ("workflow:workflow", "Check, list and draw workflow definitions, and move cases."),
    "audit": ("operating:audit", "Check the history."),
    "deadletters": ("operating:deadletters", "Records that could not be used."),
    "relay": ("operating:relay", "Publish events again."),
    "offsets": ("operating:offsets", "Where the engine reads on."),
}


def load_command(name: str) -> Any:
    """The command of this name, with its own options or its own commands; imports its module."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    found = getattr(importlib.import_module(f"dispatch.cli.{module}"), attribute)
    group = typer.Typer()
    if isinstance(found, typer.Typer):
        group.add_typer(found, name=name)
    else:
        group.command(name)(found)
    return get_group(group).commands[name]


class Commands(TyperGroup):
    """The commands as they are listed; whichever is called is loaded."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else load_command(name), rest


app = typer.Typer(
    name="wangge",
    cls=Commands,
    help="Wangge 网格: the engine that runs a city managed by grid.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for _name, (_, _about) in COMMANDS.items():
    app.command(_name, help=_about)(lambda: None)

Verbose = Annotated[bool, typer.Option("--verbose", help="Log every batch and pass.")]


@app.callback()
def options(verbose: Verbose = False) -> None:
    """Wangge 网格: the engine that runs a city managed by grid."""
    from dispatch.process.logs import set_up_logs

    set_up_logs(verbose)


def main() -> None:
    """Runs the command; errors of ours become one sentence, not a trace."""
    try:
        app()
    except Exception as error:
        from dispatch.process.logs import OURS

        if not isinstance(error, OURS):
            raise
        typer.secho(f"wangge: {error}", err=True, fg="red")
        sys.exit(1)
