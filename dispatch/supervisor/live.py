"""`wangge status --watch`: the tables of `wangge status`, renewed until Ctrl-C."""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dispatch.settings import Settings
from dispatch.supervisor.access import Access, read_access
from dispatch.supervisor.figures import NAMES, UNKNOWN, LatestFigures
from dispatch.supervisor.record import ProcessRow, read_record
from dispatch.supervisor.screen import Figures, process_table, shown, warnings_of

EVERY_S = 1.0
FIGURES_EVERY_S = 2.0
BACK = 10
"""Against how many pictures ago a change is told."""


class Watcher:
    """Draws one picture after another of the installation in a data directory.

    It follows an installation that ends and starts again, on other ports too.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._access: Access | None = None
        self._figures: LatestFigures | None = None
        self._before: deque[Figures] = deque(maxlen=BACK)
        self._processes: dict[int, psutil.Process] = {}

    def picture(self) -> RenderableType:
        """What is so now."""
        rows = read_record(self._data_dir)
        figures = self._latest()
        self._before.append(figures)
        if not rows:
            return Text(f"No installation was ever started in {self._data_dir}: waiting for one.")
        warnings = [Text(f"mind: {one}", style="yellow") for one in warnings_of(figures)]
        changes = change_table(figures, self._before[0])
        end = Text("Ctrl-C ends the watching; the installation goes on.", style="dim")
        more = {"memory": self._memory, "processor": self._processor}
        table = process_table(rows, more)
        return Group(table, Text(), changes, *warnings, Text(), end)

    def close(self) -> None:
        if self._figures is not None:
            self._figures.close()

    def _latest(self) -> Figures:
        access = read_access(self._data_dir)
        if access != self._access:
            self.close()
            self._access = access
            self._figures = None if access is None else _figures(access, self._data_dir)
        return UNKNOWN if self._figures is None else self._figures.latest

    def _memory(self, row: ProcessRow) -> str:
        process = self._process(row.pid)
        with suppress(psutil.Error):
            return f"{process.memory_info().rss / 1e6:,.0f} MB" if process else ""
        return ""

    def _processor(self, row: ProcessRow) -> str:
        """Its share since the picture before."""
        process = self._process(row.pid)
        with suppress(psutil.Error):
            return f"{process.cpu_percent():.0f} %" if process else ""
        return ""

    def _process(self, pid: int | None) -> psutil.Process | None:
        if pid is not None and pid not in self._processes:
            with suppress(psutil.Error):
                self._processes[pid] = psutil.Process(pid)
        return None if pid is None else self._processes.get(pid)


def change_table(figures: Figures, before: Figures) -> Table:
    """The figures with how they changed of late; what is not known is a question mark."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(style="dim")
    for name in NAMES:
        now, then = figures.get(name), before.get(name)
        change = now - then if isinstance(now, int) and isinstance(then, int) else 0
        table.add_row(name.replace("_", " "), shown(now), f"{change:+,}" if change else "")
    return table


def _figures(access: Access, data_dir: Path) -> LatestFigures:
    settings = Settings(
        database_url=access.database_url, kafka_servers=access.kafka_servers, data_dir=data_dir
    )
    return LatestFigures(settings, every_s=FIGURES_EVERY_S)


def watch(data_dir: Path, console: Console, pause: Callable[[float], object] | None = None) -> None:
    """Renews the picture every second until interrupted."""
    wait = pause or threading.Event().wait
    watcher = Watcher(data_dir)
    try:
        with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
            while True:
                live.update(watcher.picture(), refresh=True)
                wait(EVERY_S)
    except KeyboardInterrupt:
        return
    finally:
        watcher.close()
