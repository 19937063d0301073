"""`wangge category`: what the codes of the standards mean, and the conditions of the city.

What the shipped standards say needs no installation.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grid.files.delimited import Encoding

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from sqlalchemy import Engine

    from dispatch.catalogue.changes import Change
    from dispatch.catalogue.stored import Catalogue
    from workflows.categories import Category
    from workflows.codebook import Codebook
    from workflows.conditions import Condition

category = typer.Typer(
    help="Show what codes mean; import, export and follow filing conditions.",
    no_args_is_help=True,
)
Standard = Annotated[
    str | None, typer.Option(help="Of which standard: its name, or its year (2007, 2013, 2026).")
]
DataDir = Annotated[Path | None, typer.Option(help="Where the installation's data lie.")]
_WHERE = {True: "stored", False: "shipped"}
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for scripts.")]


@category.command()
def show(
    code: Annotated[str, typer.Argument(help="A code with its letter (E0501), or its digits.")],
    standard: Standard = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Say what a code means in a standard; refused without one, for standards differ.

    Its rows are those in force in the installation, without one those that come with Wangge.
    """
    from dispatch.reading.sheets import category_row

    catalogue, stored, codes = _known(data_dir)
    found = codes.read(code, standard)
    is_stored = found in stored
    if as_json:
        more = {"standard_code": found.standard_code, "where": _WHERE[is_stored]}
        typer.echo(json.dumps({**category_row(found), **more}, ensure_ascii=False))
        return
    typer.echo(f"{found.code}  {found.name_zh}  {found.name_en}")
    typer.echo(f"{found.standard}, {found.kind} {found.standard_code}, {found.certainty}")
    typer.echo(f"{found.class_zh}  {found.class_en}")
    typer.echo(_whose(catalogue, is_stored))
    for condition in found.conditions:
        typer.echo(_told(condition))


def _known(data_dir: Path | None) -> "tuple[Catalogue | None, frozenset[Category], Codebook]":
    """The catalogue of the installation, if one answers, its categories, and every code.

    What the installation has takes the place of what comes with Wangge.
    """
    from dispatch.catalogue.standards import shipped_codes
    from dispatch.catalogue.stored import load_catalogue
    from dispatch.cli.asking import asked
    from dispatch.installed import settings_for

    catalogue = asked(settings_for(data_dir), "category", load_catalogue)
    stored = tuple(catalogue.categories.values()) if catalogue is not None else ()
    return catalogue, frozenset(stored), shipped_codes(instead=stored)


def _whose(catalogue: "Catalogue | None", is_stored: bool) -> str:
    """Where the rows that are shown come from."""
    if catalogue is None:
        return "as shipped (no installation answered)"
    if not is_stored:
        return "as shipped (this installation does not have it)"
    return f"in force in this installation (version {catalogue.version} of its tables)"


@category.command(name="list")
def list_(standard: Standard = None, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the standards that are known, or every code of one.

    What the installation has is listed as it is there, the rest as it comes with Wangge.
    """
    catalogue, stored, codes = _known(data_dir)
    if standard is None:
        _list_standards(catalogue, stored, codes, as_json)
        return
    found = codes.of_standard(codes.named(standard))
    if as_json:
        typer.echo(json.dumps(_rows(found, stored), ensure_ascii=False))
        return
    for one in found:
        weak = "" if one.certainty == "sure" else f"  ({one.certainty})"
        shipped = "" if catalogue is None or one in stored else "  (as shipped)"
        typer.echo(f"{one.code}  {one.name_zh}  {one.name_en}{weak}{shipped}")
    typer.echo(_whose(catalogue, not stored.isdisjoint(found)))


def _list_standards(
    catalogue: "Catalogue | None", stored: "frozenset[Category]", codes: "Codebook", as_json: bool
) -> None:
    found = {name: codes.of_standard(name) for name in codes.standards}
    rows = [
        {"standard": name, "categories": len(some), "stored": len(stored.intersection(some))}
        for name, some in found.items()
    ]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        here = f", {row['stored']} of them in force here" if row["stored"] else ""
        typer.echo(f"{row['standard']}  {row['categories']}{here}")
    typer.echo(_whose(catalogue, bool(stored)))


@category.command(name="import")
def import_(  # noqa: PLR0913, PLR0917  each is an option of the command
    file: Annotated[Path, typer.Argument(help="CSV or XLSX, one row a condition.")],
    encoding: Annotated[Encoding, typer.Option(help="Of a CSV file.")] = Encoding.AUTO,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Judge and compare, and change nothing.")
    ] = False,
    by: Annotated[
        str | None, typer.Option(help="Who changes it, for the history; default the login.")
    ] = None,
    refused: Annotated[
        Path | None, typer.Option(help="Where refused rows go; default FILE.refused.csv.")
    ] = None,
    differences: Annotated[
        Path | None, typer.Option(help="Where every difference goes, as CSV.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Import filing conditions: all or nothing, with every refused row and its reason.

    Open cases keep the limit that they were filed with.
    """
    from dispatch.catalogue.condition_files import import_conditions
    from dispatch.cli.importing import Outcome, login, tell
    from dispatch.cli.registers import bars, plainly, rehearsal

    with (
        bars() as told,
        plainly(file),
        _database(data_dir) as database,
        rehearsal(database, dry_run) as connection,
    ):
        report = import_conditions(connection, file, encoding, told, by or login())
    beside = refused or Path(f"{file}.refused.csv")
    tell(Outcome.of_rows([report]), dry_run=dry_run, refused=beside, differences=differences)


@category.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where it goes: .csv or .xlsx.")],
    encoding: Annotated[Encoding, typer.Option(help="Of a CSV file.")] = Encoding.UTF8,
    data_dir: DataDir = None,
) -> None:
    """Export the filing conditions, one row each."""
    from dispatch.catalogue.condition_files import export_conditions
    from dispatch.cli.registers import plainly
    from dispatch.storage.database import transaction

    with plainly(file), _database(data_dir) as database, transaction(database) as connection:
        count = export_conditions(connection, file, encoding)
    typer.echo(f"wrote {file}: {count:,} rows")


@category.command()
def history(
    code: Annotated[
        str | None,
        typer.Argument(help="A category (E0110), a condition (E0110-1), or an area (431103)."),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show every change of filing conditions and of the grades of areas, with who and when."""
    from dispatch.catalogue.changes import read_changes
    from dispatch.storage.database import transaction

    with _database(data_dir) as database, transaction(database) as connection:
        changes = read_changes(connection, code)
    if as_json:
        typer.echo(json.dumps([_change_json(one) for one in changes], ensure_ascii=False))
        return
    for one in changes:
        _tell_change(one)
    if not changes:
        typer.echo("nothing was changed")


def _tell_change(change: "Change") -> None:
    what = "added" if change.before is None else "removed" if change.after is None else "changed"
    moment = change.at.astimezone().isoformat(timespec="seconds")
    typer.echo(f"{moment}  {change.actor}  {change.code}  {what}")
    if change.before is not None and change.after is not None:
        for name, old, new in change.fields:
            typer.echo(f"  {name}: {_word(old)} -> {_word(new)}")


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _change_json(change: "Change") -> dict[str, Any]:
    return {
        "at": change.at.isoformat(),
        "actor": change.actor,
        "code": change.code,
        "before": change.before,
        "after": change.after,
    }


def _database(data_dir: Path | None) -> "AbstractContextManager[Engine]":
    from dispatch.installed import settings_for
    from dispatch.storage.database import connected

    return connected(settings_for(data_dir).database_url, role="category", is_long=True)


def _rows(found: "Sequence[Category]", stored: "frozenset[Category]") -> list[dict[str, Any]]:
    return [
        {
            "standard": one.standard,
            "kind": one.kind,
            "standard_code": one.standard_code,
            "code": one.code,
            "name": {"zh": one.name_zh, "en": one.name_en},
            "certainty": one.certainty,
            "where": _WHERE[one in stored],
        }
        for one in found
    ]


def _told(condition: "Condition") -> str:
    when = [f"{name} {value}" for name, value in _when(condition) if value]
    more = f"  [{'; '.join(when)}]" if when else ""
    return (
        f"  {condition.code}  {condition.limit.text}  {condition.text_zh} → "
        f"{condition.closing_zh}{more}"
    )


def _when(condition: "Condition") -> tuple[tuple[str, object], ...]:
    limits = ", ".join(f"{name} {limit.text}" for name, limit in condition.profiles)
    return (
        ("season", condition.season),
        ("band", condition.band),
        ("then", condition.successor),
        ("profiles", limits),
    )
