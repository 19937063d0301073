"""`wangge bench`: the benchmarks, on a private installation of their own."""

from typing import Annotated

import typer


def bench(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    count: Annotated[int, typer.Option(min=1000, help="Reports in the pipeline run.")] = 30_000,
    pending: Annotated[int, typer.Option(min=0, help="Timers pending.")] = 1_000_000,
) -> None:
    """Measure intake, engine, relay, clock and all-in cost beside their raw limits."""
    from bench.clock import clock
    from bench.figures import as_json as to_json
    from bench.figures import show
    from bench.installation import measured_installation
    from bench.pipeline import intake_single, pipeline

    with measured_installation() as measured:
        figures = [*pipeline(measured, count)]
        figures += intake_single(measured, count // 3)
        measured.wait_until("select count(*) from outbox", 0)
        figures += clock(measured, pending, min(20_000, count // 2))
    if as_json:
        typer.echo(to_json(figures))
    else:
        show(figures)
