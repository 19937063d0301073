"""`wangge bench`: the benchmarks, on a private installation of their own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dispatch.errors import ConfigurationError

if TYPE_CHECKING:
    from bench.figures import Figure
    from bench.installation import Measured


class What(StrEnum):
    """The parts of a run, in the order in which they are measured."""

    DECIDE = "decide"
    DUE = "due"
    PIPELINE = "pipeline"
    ENGINES = "engines"
    SINGLE = "single"
    CLOCK = "clock"
    LATENCY = "latency"
    FEED = "feed"
    MEMORY = "memory"
    GROWTH = "growth"
    HISTORY = "history"


# A million cases and ten minutes without a server are not for every day.
USUAL = (
    *(What.DECIDE, What.DUE),
    *(What.PIPELINE, What.ENGINES, What.SINGLE, What.CLOCK, What.LATENCY, What.FEED),
)
PURE = frozenset({What.DECIDE, What.DUE})
"""What needs no installation."""
DUE_MOMENTS = 200_000


def bench(  # noqa: PLR0913, PLR0917  the options of one command
    what: Annotated[
        list[What] | None,
        typer.Argument(help="Which parts; default all but memory, growth and history."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    count: Annotated[int, typer.Option(min=1000, help="Reports in the pipeline run.")] = 30_000,
    pending: Annotated[int, typer.Option(min=0, help="Timers pending.")] = 1_000_000,
    cases: Annotated[int, typer.Option(min=1000, help="Cases stored, for growth.")] = 5_000_000,
    events: Annotated[int, typer.Option(min=1000, help="Events stored, for history.")] = 10_000_000,
    minutes: Annotated[
        float, typer.Option(min=0.1, help="How long each server is away, for memory.")
    ] = 10.0,
    repeat: Annotated[
        int, typer.Option(min=1, max=20, help="Measure so many times; the median counts.")
    ] = 1,
    compare: Annotated[
        Path | None, typer.Option(help="Say what moved since a run kept with --json.")
    ] = None,
) -> None:
    """Measure every path beside its raw limit, and say what moved since another run."""
    from bench import comparing
    from bench.figures import as_json as to_json
    from bench.figures import machine, show
    from bench.installation import measured_installation

    try:
        before = None if compare is None else comparing.read_run(compare)
    except comparing.NotARun as error:
        raise ConfigurationError(str(error)) from error
    chosen = [one for one in What if one in (what or USUAL)]
    parts = _parts(count, pending, cases, events, minutes)
    with nullcontext() if PURE.issuperset(chosen) else measured_installation() as measured:
        runs = [_run(chosen, parts, measured, f"{n} of {repeat}") for n in range(1, repeat + 1)]
    figures = comparing.together(runs)
    if as_json:
        typer.echo(to_json(figures))
    else:
        show(figures)
    if before is not None:
        from rich.console import Console

        old_machine, old = before
        table = comparing.table_of(comparing.compare(old, figures), old_machine, machine())
        Console(stderr=as_json).print(table)


def _run(
    chosen: Sequence[What],
    parts: "Mapping[What, Callable[[Measured], Iterator[Figure]]]",
    measured: "Measured | None",
    which: str,
) -> "list[Figure]":
    """One repetition of the chosen parts, told while it goes on."""
    from bench.decide import decisions
    from bench.due import due_moments
    from bench.figures import readable

    found: list[Figure] = []
    for one in chosen:
        typer.echo(f"measuring {one}, {which}", err=True)
        if one is What.DECIDE:
            figures = decisions()
        elif one is What.DUE:
            figures = due_moments(DUE_MOMENTS)
        else:
            assert measured is not None  # noqa: S101  there is one for all but the pure parts
            measured.wait_until("select count(*) from outbox", 0)
            figures = parts[one](measured)
        for figure in figures:
            typer.echo(f"  {figure.name}: {readable(figure.value)} {figure.unit}", err=True)
            found.append(figure)
    return found


def _parts(
    count: int, pending: int, cases: int, events: int, minutes: float
) -> "dict[What, Callable[[Measured], Iterator[Figure]]]":
    from bench.clock import clock
    from bench.feed import feed, report_to_feed
    from bench.memory import memory
    from bench.pipeline import engines, intake_single, pipeline
    from bench.store import growth, history

    def feeds(measured: "Measured") -> "Iterator[Figure]":
        yield from feed(measured, subscribers=500, rate=30, seconds=20, budget_ms=300)
        yield from feed(measured, subscribers=2000, rate=3, seconds=20, budget_ms=500)

    return {
        What.PIPELINE: lambda measured: pipeline(measured, count),
        What.ENGINES: lambda measured: engines(measured, count),
        What.SINGLE: lambda measured: intake_single(measured, count // 3),
        What.CLOCK: lambda measured: clock(measured, pending, min(20_000, count // 2)),
        What.LATENCY: lambda measured: report_to_feed(measured, rate=200, seconds=20),
        What.FEED: feeds,
        What.MEMORY: lambda measured: memory(measured, minutes),
        What.GROWTH: lambda measured: growth(measured, cases, min(count, 10_000)),
        What.HISTORY: lambda measured: history(measured, events),
    }
