"""Fills an empty installation with the demo city: registers, catalogue, calendar."""

import json
from collections.abc import Callable

from sqlalchemy import text

from dispatch.catalogue.standards import STANDARDS, shipped_categories
from dispatch.catalogue.stored import store_calendar, store_categories
from dispatch.settings import Settings
from dispatch.storage.database import connect_engine, transaction
from grid.demo.load import DemoCounts, DemoSize, load_demo

SEED = 431100
HANDLING_DISTRICT = "431103"

Progress = Callable[[str, int, int], None]


def load(
    settings: Settings, progress: Progress, *, seed: int = SEED, size: DemoSize | None = None
) -> DemoCounts:
    """Loads everything in one transaction: a half-loaded city is never seen."""
    database = connect_engine(
        settings.database_url, role="demo", statement_timeout_ms=600_000, idle_timeout_ms=0
    )
    try:
        with transaction(database) as connection:
            document = json.loads((STANDARDS / "calendar-cn-2025-2026.json").read_text())
            store_calendar(connection, {**document, "name": settings.calendar})
            store_categories(connection, shipped_categories())
            return load_demo(connection, seed, progress, size)
    finally:
        database.dispose()


def handler_department(settings: Settings) -> str:
    """A department of a demo district that has duties, for a ready-made handler's token."""
    database = connect_engine(settings.database_url, role="demo")
    try:
        with transaction(database) as connection:
            found = connection.execute(
                text("""
                    select department from duty where area = :district
                    group by department order by count(*) desc, department limit 1
                """),
                {"district": HANDLING_DISTRICT},
            ).scalar_one()
            return str(found)
    finally:
        database.dispose()
