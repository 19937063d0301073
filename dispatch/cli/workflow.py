"""`wangge workflow`: definitions as data, checked, listed and drawn; needs no server."""

import json
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workflows.definition import Definition

workflow = typer.Typer(help="Check, list and draw workflow definitions.", no_args_is_help=True)


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


def _size(definition: "Definition") -> str:
    return (
        f"{len(definition.states)} states, {len(definition.actions)} actions, "
        f"{len(definition.stages)} stages"
    )


def _known() -> dict[str, "Definition"]:
    from dispatch.definitions import load_definitions
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
