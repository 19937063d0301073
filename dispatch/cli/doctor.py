"""`wangge doctor`: one page on what is missing or wrong here."""

from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dispatch.cli.up import DataDir
from dispatch.embedded.place import DEFAULT_NAME

MARKS = {
    "well": "[green]well[/green]",
    "mind": "[yellow]mind[/yellow]",
    "wrong": "[red]wrong[/red]",
}


def doctor(data_dir: DataDir = Path(DEFAULT_NAME)) -> None:
    """Show what is missing or wrong on this machine or in this installation.

    Ends with 1 when something is wrong; what to mind does not count.
    """
    from dispatch.supervisor.findings import Verdict, examine

    findings = examine(data_dir)
    table = Table(box=None, pad_edge=False)
    for heading in ("what", "is", "found, and what to do"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        table.add_row(finding.what, MARKS[finding.verdict], escape(finding.detail))
    Console(highlight=False).print(table)
    if any(finding.verdict is Verdict.WRONG for finding in findings):
        raise typer.Exit(1)
