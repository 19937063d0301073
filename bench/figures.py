"""A measured figure beside its raw limit and its budget, and the sheet of a run."""

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure. `raw` is the limit measured in the same run; `budget` is design §7's."""

    name: str
    value: float
    unit: str
    raw: float | None = None
    raw_is: str = ""
    budget: str = ""
    note: str = ""
    runs: Sequence[float] = ()
    """Every repetition, where there were several; `value` is their median."""


def yardstick() -> float:
    """Million additions a second in plain Python: how fast this machine is at this moment.

    Shared machines change their speed by half within minutes; figures of two runs can be compared
    only beside this one.
    """
    started = time.perf_counter()
    total = 0
    for number in range(2_000_000):
        total += number
    return 2 / (time.perf_counter() - started)


def machine() -> dict[str, object]:
    """What the run was made on."""
    return {
        "million_additions_a_second": round(yardstick(), 1),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def as_json(figures: Sequence[Figure]) -> str:
    """The run for programs."""
    return json.dumps({"machine": machine(), "figures": [asdict(f) for f in figures]}, indent=1)


def show(figures: Sequence[Figure]) -> None:
    """The run on the terminal: a line each, what is behind it below; it fits 80 columns, too."""
    console = Console()
    console.print(_line("figure", "measured", "raw limit", "budget"), style="dim")
    for figure in figures:
        raw = "" if figure.raw is None else readable(figure.raw)
        value = f"{readable(figure.value)} {figure.unit}"
        console.print(_line(figure.name, value, raw, figure.budget))
        for behind in (f"raw: {figure.raw_is}" if raw else "", figure.note):
            if behind:
                console.print(Padding(Text(behind), (0, 0, 0, 2)), style="dim")
    console.print(", ".join(f"{name} {value}" for name, value in machine().items()))


def _line(name: str, measured: str, raw: str, budget: str) -> Table:
    line = Table.grid(padding=(0, 2, 0, 0), expand=True)
    line.add_column(ratio=1)
    line.add_column(justify="right", width=19)
    line.add_column(justify="right", width=10)
    line.add_column(width=14)
    line.add_row(name, measured, raw, budget)
    return line


def readable(value: float) -> str:
    """Three digits that count, more where the number is whole: 0.554, 38.3, 105, 20,102."""
    digits = next((n for n, below in ((3, 1), (2, 10), (1, 100)) if abs(value) < below), 0)
    return f"{value:,.{digits}f}"
