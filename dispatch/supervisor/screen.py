"""What `wangge up` shows: plain lines, or on a terminal a picture that renews itself."""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

from rich.console import Console
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as Elapsed
from rich.table import Table

from dispatch.supervisor.record import ProcessRow

Figures = Mapping[str, object]
PLAIN_EVERY_S = 15.0


class Screen(Protocol):
    """Where `wangge up` tells what it does."""

    def say(self, text: str) -> None:
        """One line that stays."""

    def progress(self, task: str, done: int, total: int) -> None:
        """How far a long task is."""

    def show(self, rows: Iterable[ProcessRow], figures: Figures) -> None:
        """What the system is doing now; called several times a second."""

    def close(self) -> None:
        """Leaves the terminal as it was."""


def open_screen() -> Screen:
    """The right one for where our output goes."""
    console = Console(highlight=False)
    return LiveScreen(console) if console.is_terminal else PlainScreen(console)


class PlainScreen:
    """Lines with the time, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._steps: dict[str, int] = {}
        self._shown_s = time.monotonic()

    def say(self, text: str) -> None:
        now = datetime.now().astimezone().strftime("%H:%M:%S")
        self._console.print(f"{now} {text}", soft_wrap=True, markup=False)

    def progress(self, task: str, done: int, total: int) -> None:
        tenth = done * 10 // total if total else 10
        if tenth > self._steps.get(task, -1):
            self._steps[task] = tenth
            self.say(f"{task}: {done:,} of {total:,}")

    def show(self, rows: Iterable[ProcessRow], figures: Figures) -> None:
        now = time.monotonic()
        if now - self._shown_s < PLAIN_EVERY_S:
            return
        self._shown_s = now
        waiting = [f"{row.name} waits for {row.waiting_for}" for row in rows if row.waiting_for]
        parts = [f"{name.replace('_', ' ')} {shown(value)}" for name, value in _counts(figures)]
        self.say(", ".join([*parts, *waiting]) or "running")
        for warning in warnings_of(figures):
            self.say(f"mind: {warning}")

    def close(self) -> None:
        return


class LiveScreen:
    """A table of processes and figures that stays at the bottom of the terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._live: Live | None = None

    def say(self, text: str) -> None:
        # Finished bars stay where they were; what comes after them stands below.
        if self._progress is not None and self._progress.finished:
            self._end_progress()
        now = datetime.now().astimezone().strftime("%H:%M:%S")
        self._console.print(f"{now} {text}", soft_wrap=True, markup=False)

    def progress(self, task: str, done: int, total: int) -> None:
        if self._progress is None:
            self._progress = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                Elapsed(),
                console=self._console,
            )
            self._progress.start()
        if task not in self._tasks:
            self._tasks[task] = self._progress.add_task(task, total=total)
        self._progress.update(self._tasks[task], completed=done, total=total)

    def show(self, rows: Iterable[ProcessRow], figures: Figures) -> None:
        self._end_progress()
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(_picture(list(rows), figures), refresh=True)

    def close(self) -> None:
        self._end_progress()
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _end_progress(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
            self._tasks.clear()


def _picture(rows: list[ProcessRow], figures: Figures) -> Table:
    outer = Table.grid(padding=(1, 4))
    outer.add_row(process_table(rows), figure_table(figures))
    for warning in warnings_of(figures):
        outer.add_row(f"[yellow]mind: {warning}[/yellow]", "")
    outer.add_row("Ctrl-C ends everything; the data stay.", "")
    return outer


def process_table(
    rows: Iterable[ProcessRow], more: Mapping[str, Callable[[ProcessRow], str]] | None = None
) -> Table:
    """Processes as a table; `more` columns tell something else of each."""
    table = Table(box=None, pad_edge=False)
    for heading in ("process", "pid", "since", "restarts", "waits for"):
        table.add_column(heading)
    further = more or {}
    for heading in further:
        table.add_column(heading, justify="right")
    for row in rows:
        since = datetime.fromisoformat(row.since).astimezone() if row.since else None
        table.add_row(
            row.name,
            str(row.pid) if row.pid else "[red]not running[/red]",
            f"{since:%m-%d %H:%M:%S}" if since else "–",
            str(row.restarts),
            f"[yellow]{row.waiting_for}[/yellow]" if row.waiting_for else "",
            *(tell(row) for tell in further.values()),
        )
    return table


def figure_table(figures: Figures) -> Table:
    """Figures as a table; what is not known is a question mark."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, value in _counts(figures):
        table.add_row(name.replace("_", " "), shown(value))
    return table


def warnings_of(figures: Figures) -> list[str]:
    """What to mind, in sentences."""
    found = figures.get("warnings")
    return [str(one) for one in found] if isinstance(found, list) else []


def _counts(figures: Figures) -> list[tuple[str, object]]:
    return [(name, value) for name, value in figures.items() if name != "warnings"]


def shown(value: object) -> str:
    """A figure as people read it."""
    if value is None:
        return "?"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
