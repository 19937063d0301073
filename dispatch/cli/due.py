"""`wangge due`: when a limit runs out, and why then; needs no server."""

import os
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dispatch.catalogue.due import Asked
    from workflows.reckoning import Reckoning


def due(
    start: Annotated[
        str | None,
        typer.Option(help="When it begins; without an offset by the calendar's wall clock."),
    ] = None,
    limit: Annotated[
        str | None, typer.Option(help="4 工作时, 2 紧急工作时, 1 工作日, 5 天.")  # noqa: RUF100
    ] = None,
    calendar: Annotated[
        str, typer.Option(help="A name, or the path of a calendar document.")
    ] = "cn",
    pause: Annotated[
        list[str] | None, typer.Option(help="FROM/TO, when the clock stands; may be repeated.")
    ] = None,
    batch: Annotated[
        bool,
        typer.Option("--batch", help="Lines of JSON in (start, limit, calendar, pauses) and out."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts.")] = False,
) -> None:
    """Say when a limit runs out, and each span that counts or does not."""
    from dispatch.catalogue.due import Asked, CalendarShelf, read_moment, reckoning_line
    from dispatch.catalogue.due_shared import reckon_shared
    from workflows.limits import parse_limit

    shelf = CalendarShelf()
    if batch:
        if start or limit or pause:
            raise typer.BadParameter("with --batch the lines say it", param_hint="--start")
        sys.stdout.buffer.writelines(reckon_shared(sys.stdin.buffer, os.cpu_count() or 1))
        return
    if start is None or limit is None:
        raise typer.BadParameter(
            "give --start and --limit, or --batch", param_hint="--start, --limit"
        )
    chosen = shelf.get(calendar)
    pauses = []
    for each in pause or ():
        begin, slash, end = each.partition("/")
        if not slash:
            raise typer.BadParameter(f"{each!r} is not FROM/TO", param_hint="--pause")
        pauses.append((read_moment(begin, chosen), read_moment(end, chosen)))
    asked = Asked(
        calendar=chosen,
        start=read_moment(start, chosen),
        limit=parse_limit(limit),
        pauses=tuple(pauses),
    )
    reckoning = asked.reckon()
    if as_json:
        sys.stdout.buffer.write(reckoning_line(reckoning))
    else:
        _show(asked, reckoning)


def _show(asked: "Asked", reckoning: "Reckoning") -> None:
    from rich.console import Console
    from rich.table import Table

    zone = asked.calendar.zone
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for heading in ("from", "to", "counted", "why"):
        table.add_column(heading, justify="right" if heading == "counted" else "left")
    for span in reckoning.spans:
        begin, end = (moment.astimezone(zone) for moment in (span.from_, span.to))
        counted = _length(span.to - span.from_) if span.counted else "-"
        style = None if span.counted else "dim"
        why = f"{span.why.zh}  {span.why.en}"
        table.add_row(
            f"{begin:%a %m-%d %H:%M:%S}", f"{end:%a %m-%d %H:%M:%S}", counted, why, style=style
        )
    due_at = reckoning.due.due_at.astimezone(zone)
    console.print(
        f"[bold]{due_at:%Y-%m-%d %H:%M:%S}[/bold] {due_at:%a}  {asked.limit.text}  ({zone})"
    )
    if reckoning.due.provisional:
        console.print(
            "[yellow]provisional 暂定: no notice is loaded for some of these days[/yellow]"
        )
    console.print(table)


def _length(length: timedelta) -> str:
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
