"""What an import tells on the screen and in files."""

import getpass
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dispatch.changing.borders import CaseMove
from geo.geojson import Fault
from grid.importing.areas import ImportReport
from grid.importing.telling import write_differences, write_refusals
from grid.importing.upserting import Difference, RegisterReport
from grid.moving import Moved

SHOWN = 20
HELD = ("parts", "buildings", "dwellings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One register's figures."""

    name: str
    added: int
    changed: int
    unchanged: int
    removed: int = 0
    fields: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an import did, whatever it imported."""

    counted: Sequence[Counted]
    refused: Sequence[Fault]
    differences: Sequence[tuple[str, Difference]]
    after: str = ""

    def with_moves(self, cases: Sequence[CaseMove], rows: Sequence[Moved]) -> "Outcome":
        """With what a new map would move."""
        counts = Counter(one.register for one in rows)
        lines = [f"open cases that would move: {len(cases):,}"]
        lines += [f"{name} that would move: {counts[name]:,}" for name in HELD]
        homeless = sum(c.new is None for c in cases) + sum(r.new is None for r in rows)
        if homeless:
            lines.append(f"{homeless:,} of them would lie in no community, and stay where they are")
        (counted,) = self.counted
        differences = [*self.differences, *moved_differences(cases, rows)]
        return replace(
            self,
            counted=[replace(counted, notes=[*counted.notes, *lines])],
            differences=differences,
        )

    @property
    def is_done(self) -> bool:
        return not self.refused

    @classmethod
    def of_areas(cls, report: ImportReport) -> "Outcome":
        notes = []
        if report.noded:
            notes.append(f"{len(report.noded)} neighbours gained a corner on their border")
        if report.gaps:
            ground = sum(report.gaps.values()) / 1e6
            notes.append(f"{ground:,.2f} km² of {len(report.gaps)} areas hold no area below them")
        if report.version is not None and report.version > 1:
            notes.append("then `wangge borders apply` moves open cases, parts and housing")
        counted = Counted(
            name="areas",
            added=len(report.added),
            changed=len(report.changed),
            unchanged=len(report.unchanged),
            fields=report.fields,
            notes=notes,
        )
        moment = report.effective_at
        after = f"; in force from {moment.isoformat()}" if moment is not None else ""
        if not report.refused and report.version is None:
            after = "; the map stays as it is"
        return cls(
            counted=[counted],
            refused=report.refused,
            differences=[("areas", one) for one in report.differences],
            after=after,
        )

    @classmethod
    def of_rows(cls, reports: Sequence[RegisterReport]) -> "Outcome":
        counted = [
            Counted(
                name=report.register.name,
                added=len(report.judged.added),
                changed=len(report.judged.changed),
                unchanged=report.judged.unchanged,
                removed=len(report.removed),
                fields=report.fields,
                notes=_unused(report.judged.unused),
            )
            for report in reports
        ]
        return cls(
            counted=counted,
            refused=[fault for report in reports for fault in report.refused],
            differences=[(r.register.name, one) for r in reports for one in r.differences()],
        )


def moved_differences(
    cases: Sequence[CaseMove], rows: Sequence[Moved]
) -> Iterator[tuple[str, Difference]]:
    """Each move as a difference of its community."""
    for case in cases:
        new = "" if case.new is None else case.new[2]
        yield "cases", _move(case.number, case.old[2], new)
    for row in rows:
        yield row.register, _move(row.code, row.old, row.new or "")


def _move(key: str, old: str, new: str) -> Difference:
    return Difference(kind="moves", key=key, field="community", old=old, new=new)


def _unused(names: Sequence[str]) -> list[str]:
    return [f"columns that the register does not have: {', '.join(names)}"] if names else []


def tell(outcome: Outcome, *, dry_run: bool, refused: Path, differences: Path | None) -> None:
    """Tells the outcome; exits with 1 when rows were refused."""
    if outcome.refused:
        _tell_refused(outcome.refused, refused)
        raise typer.Exit(1)
    for one in outcome.counted:
        several = f"{one.name}: " if len(outcome.counted) > 1 else ""
        gone = f", {one.removed:,} removed" if one.removed else ""
        typer.echo(
            f"{several}{one.added:,} added, {one.changed:,} changed, {one.unchanged:,} unchanged"
            f"{gone}{outcome.after}"
        )
        if one.fields:
            listed = ", ".join(f"{name} {n:,}" for name, n in sorted(one.fields.items()))
            typer.echo(f"  fields that change: {listed}")
        for note in one.notes:
            typer.echo(f"  {_clean(note)}")
    if differences is not None and _written(
        differences, lambda: write_differences(differences, outcome.differences)
    ):
        typer.echo(f"every difference is in {differences}")
    if dry_run:
        typer.echo("this was a dry run: nothing was changed")


def _tell_refused(refused: Sequence[Fault], path: Path) -> None:
    console = Console(stderr=True)
    table = Table("row", "field", "value", "reason", title="Nothing was imported")
    for fault in refused[:SHOWN]:
        cells = (str(fault.row), fault.field, fault.value, fault.reason)
        table.add_row(*(escape(_clean(cell)) for cell in cells))
    console.print(table)
    if len(refused) > SHOWN:
        typer.echo(f"and {len(refused) - SHOWN:,} more refusals", err=True)
    if _written(path, lambda: write_refusals(path, refused)):
        typer.echo(f"every refused row is in {path}", err=True)


def _written(path: Path, write: Callable[[], None]) -> bool:
    try:
        write()
    except OSError as error:
        typer.echo(f"{path} cannot be written: {error.strerror}; name another place", err=True)
        return False
    return True


def _clean(text: str) -> str:
    """Without what no terminal can show."""
    return text.encode("utf-8", "replace").decode().replace("\0", "␀")


def login() -> str:
    """The account that runs the command, for a history that tells who."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as in some containers
        return "operator"
