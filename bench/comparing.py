"""Two runs beside each other: what moved, and whether by more than runs differ anyway."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.table import Table

from bench.figures import Figure, readable

HIGHER_IS_BETTER = ("reports/s", "events/s", "firings/s", "moments/s", "lines/s")


class NotARun(ValueError):
    """A file that `wangge bench --json` did not write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One figure of both runs; `noise` is how far repetitions of either run lie apart."""

    name: str
    unit: str
    old: float
    new: float
    noise: float | None

    @property
    def moved(self) -> float:
        return self.new - self.old

    @property
    def verdict(self) -> str:
        if self.noise is None:
            return "unknown"
        if abs(self.moved) <= self.noise:
            return "within the noise"
        better = (self.moved > 0) == (self.unit in HIGHER_IS_BETTER)
        return "better" if better else "worse"


def read_run(path: Path) -> tuple[Mapping[str, object], dict[str, Mapping[str, object]]]:
    """The machine and the figures by name; raises NotARun."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        figures = {figure["name"]: figure for figure in raw["figures"]}
        for figure in figures.values():
            float(figure["value"])
        return raw["machine"], figures
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotARun(f"{path} is not a run of `wangge bench --json`: {error}") from error


def compare(old: Mapping[str, Mapping[str, object]], new: Sequence[Figure]) -> list[Move]:
    """The figures that both runs have."""
    moves = []
    for figure in new:
        before = old.get(figure.name)
        if before is None:
            continue
        value = before["value"]
        assert isinstance(value, int | float)
        runs = before.get("runs") or [value]
        assert isinstance(runs, list)
        moves.append(
            Move(
                name=figure.name,
                unit=figure.unit,
                old=float(value),
                new=figure.value,
                noise=_noise(runs, figure.runs or [figure.value]),
            )
        )
    return moves


def _noise(old: Sequence[float], new: Sequence[float]) -> float | None:
    if len(old) < 2 or len(new) < 2:
        return None
    return max(max(old) - min(old), max(new) - min(new))


def together(repeats: Sequence[Sequence[Figure]]) -> list[Figure]:
    """One figure a name: the median of its repetitions, with all of them in `runs`."""
    merged = []
    for figure in repeats[-1]:
        same = [one for run in repeats for one in run if one.name == figure.name]
        values = [one.value for one in same]
        raws = [one.raw for one in same if one.raw is not None]
        merged.append(
            Figure(
                name=figure.name,
                value=median(values),
                unit=figure.unit,
                raw=median(raws) if raws else None,
                raw_is=figure.raw_is,
                budget=figure.budget,
                note=figure.note,
                runs=tuple(values) if len(values) > 1 else (),
            )
        )
    return merged


def table_of(moves: Sequence[Move], old: Mapping[str, object], new: Mapping[str, object]) -> Table:
    """The comparison for people; the machines' speeds stand in its title."""
    name = "million_additions_a_second"
    table = Table(
        box=None, pad_edge=False, title_justify="left", caption_justify="left",
        title=f"machine: {old.get(name, '?')} before, {new.get(name, '?')} million additions a "
        "second now",
    )  # fmt: skip
    table.add_column("figure")
    for column in ("before", "now", "moved", "noise"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict", min_width=7)
    for move in moves:
        part = f"{move.moved / move.old:+.0%}" if move.old else "?"
        noise = "?" if move.noise is None else f"±{readable(move.noise)}"
        before, now = f"{readable(move.old)} {move.unit}", readable(move.new)
        table.add_row(move.name, before, now, part, noise, move.verdict)
    if any(move.noise is None for move in moves):
        table.caption = "unknown: a run tells its noise with --repeat 2 or more"
    return table
