"""`wangge workflow`: definitions as data, checked, listed and drawn without a server; and open
cases moved from one version to another.
"""

import json
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dispatch.changing.adopting import Tally
    from workflows.definition import Definition

workflow = typer.Typer(
    help="Check, list and draw workflow definitions, and move cases.", no_args_is_help=True
)


class Form(StrEnum):
    MERMAID = "mermaid"
    SVG = "svg"


class Language(StrEnum):
    ZH = "zh"
    EN = "en"


@workflow.command()
def check(
    file: Annotated[Path, typer.Argument(help="A definition as YAML or JSON.")],
) -> None:
    """Read a definition as the engine would; ends with 1 and names the place when it is wrong."""
    from workflows.documents import read_document
    from workflows.errors import WorkflowError
    from workflows.loading import load_definition

    try:
        definition = load_definition(read_document(file))
    except WorkflowError as error:
        typer.secho(f"{file}: {error}", err=True, fg="red")
        raise typer.Exit(1) from error
    typer.echo(f"{file}: {definition.key} is sound: {_size(definition)}")


@workflow.command(name="list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array, for scripts.")] = False,
) -> None:
    """List the definitions that cases can be opened or kept under."""
    from rich.console import Console
    from rich.table import Table

    found = [definition for _, definition in sorted(_known().items())]
    if as_json:
        rows = [
            {
                "name": definition.name,
                "version": definition.version,
                "line": definition.line,
                "label": definition.label.to_json(),
                "states": list(definition.states),
                "actions": list(definition.actions),
            }
            for definition in found
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("definition", "line", "名称", "name", "size"):
        table.add_column(heading, overflow="fold")
    for definition in found:
        table.add_row(
            definition.key,
            definition.line,
            definition.label.zh,
            definition.label.en,
            _size(definition),
        )
    Console(highlight=False).print(table)


@workflow.command()
def draw(
    name: Annotated[
        str, typer.Argument(help="A name (its newest version), name@version, or a file.")
    ],
    form: Annotated[Form, typer.Option("--format", help="How it is drawn.")] = Form.MERMAID,
    language: Annotated[Language, typer.Option(help="The language of its labels.")] = Language.ZH,
    output: Annotated[Path | None, typer.Option(help="A file instead of standard output.")] = None,
) -> None:
    """Draw a definition: states, and the actions that lead from one to another."""
    from workflows import drawing

    definition = _chosen(name)
    if form is Form.MERMAID:
        drawn = drawing.mermaid(definition, language.value).encode()
    else:
        drawn = _svg(drawing.dot(definition, language.value))
    if output is None:
        sys.stdout.buffer.write(drawn)
    else:
        output.write_bytes(drawn)


@workflow.command()
def migrate(
    old: Annotated[str, typer.Argument(metavar="FROM", help="name@version that cases keep.")],
    new: Annotated[str, typer.Argument(metavar="TO", help="name@version that they go over to.")],
    case: Annotated[
        str | None, typer.Option(help="The id or the number of one case; without it, all.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say which would move, and move none.")
    ] = False,
    data_dir: Annotated[
        Path | None, typer.Option(help="Where the installation's data lie.")
    ] = None,
) -> None:
    """Move open cases to another version of their definition, where their history fits it.

    Each case that moves gets one event; the others stay, and are listed with the first event that
    does not fit; then it ends with 1. Safe to run again. Start every process anew before, so that
    all of them know both versions.
    """
    from dispatch.catalogue.definitions import load_definitions
    from dispatch.catalogue.stored import load_calendars, load_catalogue
    from dispatch.changing import adopting
    from dispatch.cli.registers import bars
    from dispatch.installed import settings_for
    from dispatch.storage.database import connect_engine, transaction

    settings = settings_for(data_dir)
    before, after = adopting.pair(load_definitions(settings.definitions_dir), old, new)
    database = connect_engine(
        settings.database_url, role="workflow", statement_timeout_ms=600_000, idle_timeout_ms=0
    )
    with transaction(database) as connection:
        rules = adopting.AdoptingRules(
            old=before,
            new=after,
            calendars=load_calendars(connection, settings.calendar),
            categories=load_catalogue(connection).categories,
        )
        ids = adopting.chosen(connection, rules, case)
        if dry_run:
            tally = adopting.preview(connection, rules, ids)
    if not dry_run:
        with bars() as progress:
            tally = adopting.adopt(database, rules, ids, progress)
    _show_moved(tally, new, dry_run=dry_run)
    if tally.left:
        raise typer.Exit(1)


def _show_moved(tally: "Tally", to: str, *, dry_run: bool) -> None:
    would = "would go over" if dry_run else "went over"
    typer.echo(f"{tally.moved:,} open cases {would} to {to}")
    if tally.left:
        typer.echo(f"{len(tally.left):,} stay, for their history does not fit:")
    for one in tally.left:
        typer.echo(f"  {one.number}: event {one.seq} ({one.type}): {one.why}")


def _size(definition: "Definition") -> str:
    return (
        f"{len(definition.states)} states, {len(definition.actions)} actions, "
        f"{len(definition.stages)} stages"
    )


def _known() -> dict[str, "Definition"]:
    from dispatch.catalogue.definitions import load_definitions
    from dispatch.settings import Settings

    return load_definitions(Settings().definitions_dir)


def _chosen(name: str) -> "Definition":
    from dispatch.errors import ConfigurationError
    from workflows.documents import read_document
    from workflows.loading import load_definition

    if Path(name).suffix in (".yaml", ".yml", ".json"):
        return load_definition(read_document(Path(name)))
    known = _known()
    found = [d for d in known.values() if name in (d.name, d.key)]
    if not found:
        raise ConfigurationError(
            f"there is no workflow definition {name}; known are: {', '.join(sorted(known))}"
        )
    return max(found, key=lambda definition: definition.version)


def _svg(document: str) -> bytes:
    from dispatch.errors import ConfigurationError

    try:
        done = subprocess.run(
            ["dot", "-Tsvg"], input=document.encode(), capture_output=True, check=True, timeout=60
        )
    except FileNotFoundError as error:
        raise ConfigurationError(
            "an SVG is drawn by Graphviz, and its program `dot` is missing; run `make setup`"
        ) from error
    except subprocess.SubprocessError as error:
        told = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip()
        raise ConfigurationError(
            f"Graphviz could not draw it: {told.splitlines()[0] if told else error}"
        ) from error
    return done.stdout
