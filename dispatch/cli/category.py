"""`wangge category`: what the codes of the standards mean, and the conditions of the city.

What the shipped standards say needs no server.
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from workflows.categories import Category
    from workflows.conditions import Condition

category = typer.Typer(
    help="Show what codes mean; import, export and follow filing conditions.",
    no_args_is_help=True,
)
Standard = Annotated[
    str | None, typer.Option(help="Of which standard: its name, or its year (2007, 2013, 2026).")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for scripts.")]


@category.command()
def show(
    code: Annotated[str, typer.Argument(help="A code with its letter (E0501), or its digits.")],
    standard: Standard = None,
    as_json: AsJson = False,
) -> None:
    """Say what a code means in a standard; refused without one, for standards differ."""
    from dispatch.sheets import category_row
    from dispatch.standards import shipped_codes

    found = shipped_codes().read(code, standard)
    if as_json:
        row = {**category_row(found), "standard_code": found.standard_code}
        typer.echo(json.dumps(row, ensure_ascii=False))
        return
    typer.echo(f"{found.code}  {found.name_zh}  {found.name_en}")
    typer.echo(f"{found.standard}, {found.kind} {found.standard_code}, {found.certainty}")
    typer.echo(f"{found.class_zh}  {found.class_en}")
    for condition in found.conditions:
        typer.echo(_told(condition))


@category.command(name="list")
def list_(standard: Standard = None, as_json: AsJson = False) -> None:
    """List the standards that are known, or every code of one."""
    from dispatch.standards import shipped_codes

    codes = shipped_codes()
    if standard is None:
        counts = {name: len(codes.of_standard(name)) for name in codes.standards}
        if as_json:
            rows = [{"standard": name, "categories": n} for name, n in counts.items()]
            typer.echo(json.dumps(rows, ensure_ascii=False))
            return
        for name, n in counts.items():
            typer.echo(f"{name}  {n}")
        return
    found = codes.of_standard(codes.named(standard))
    if as_json:
        typer.echo(json.dumps(_rows(found), ensure_ascii=False))
        return
    for one in found:
        weak = "" if one.certainty == "sure" else f"  ({one.certainty})"
        typer.echo(f"{one.code}  {one.name_zh}  {one.name_en}{weak}")


def _rows(found: "Sequence[Category]") -> list[dict[str, Any]]:
    return [
        {
            "standard": one.standard,
            "kind": one.kind,
            "standard_code": one.standard_code,
            "code": one.code,
            "name": {"zh": one.name_zh, "en": one.name_en},
            "certainty": one.certainty,
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
