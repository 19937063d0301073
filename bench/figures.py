"""A measured figure beside its raw limit and its budget, and the sheet of a run."""

import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table


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
    """The run as a table on the terminal."""
    table = Table("figure", "measured", "raw limit", "raw limit is", "budget", "note")
    for figure in figures:
        raw = "" if figure.raw is None else f"{figure.raw:,.2f}"
        value = f"{figure.value:,.2f} {figure.unit}"
        table.add_row(figure.name, value, raw, figure.raw_is, figure.budget, figure.note)
    Console().print(table)
    Console().print(", ".join(f"{name} {value}" for name, value in machine().items()))
