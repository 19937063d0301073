"""The clock: what is due fires once, late rungs in order, and nothing before its moment."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from dispatch.audit import Tally, verify
from dispatch.clock import Clock
from dispatch.database import transaction
from dispatch.heartbeat import Heartbeat
from dispatch.settings import Settings
from dispatch.wiring import firing_rules
from tests.integration.dispatch.conftest import Feeder, Located

# As if a limit of 100 natural hours had run for so many hours.
SET_BACK = text("""
    update "case" set deadlines = jsonb_build_array(deadlines -> 0 || jsonb_build_object(
        'limit', '100 紧急工作时', 'clock', 'urgent_hours',
        'started_at', to_char(now() at time zone 'UTC' - make_interval(hours => :hours),
            'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'due_at', to_char(now() at time zone 'UTC' + make_interval(hours => 100 - :hours),
            'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')))
""")


@pytest.fixture
def clock(engine: Engine, tmp_path: Path) -> Clock:
    with transaction(engine) as connection:
        rules = firing_rules(Settings(), connection)
    return Clock(engine, rules=lambda: rules, batch=500, heartbeat=Heartbeat(tmp_path, "clock"))


def fire(engine: Engine, clock: Clock) -> int:
    with engine.connect() as connection:
        return clock.fire_once(connection)


def set_back(engine: Engine, hours: int) -> None:
    with transaction(engine) as connection:
        connection.execute(SET_BACK, {"hours": hours})
        connection.execute(text("update timer set due_at = clock_timestamp(), rung = 0"))


def history(engine: Engine) -> list[tuple[str, bool | None]]:
    with transaction(engine) as connection:
        rows = connection.execute(
            text("""select split_part(type, '.', 3) as what, (body ->> 'notify')::boolean as notify
                from case_event where seq > 1 order by seq""")
        )
        return [(row.what, row.notify) for row in rows]


def test_nothing_fires_before_its_moment(
    feeder: Feeder, located: Located, engine: Engine, clock: Clock
) -> None:
    feeder.store(located())
    assert fire(engine, clock) == 0
    assert history(engine) == []


def test_a_timer_row_that_is_early_fires_no_rung(
    feeder: Feeder, located: Located, engine: Engine, clock: Clock
) -> None:
    feeder.store(located())
    set_back(engine, 10)
    fire(engine, clock)
    assert history(engine) == []


def test_a_due_rung_fires_once_and_sets_the_next(
    feeder: Feeder, located: Located, engine: Engine, clock: Clock
) -> None:
    feeder.store(located())
    set_back(engine, 85)
    assert fire(engine, clock) == 1
    assert fire(engine, clock) == 0
    assert history(engine) == [("reminded", True)]
    with transaction(engine) as connection:
        timer = connection.execute(text("select rung, due_at > now() as later from timer")).one()
        version = connection.execute(text('select version from "case"')).scalar_one()
        breaks = list(verify(connection, Tally()))
    assert tuple(timer) == (1, True)
    assert version == 1
    assert breaks == []


def test_rungs_missed_in_an_outage_fire_in_order_and_only_the_highest_notifies(
    feeder: Feeder, located: Located, engine: Engine, clock: Clock
) -> None:
    feeder.store(located())
    set_back(engine, 250)
    fire(engine, clock)
    assert history(engine) == [
        ("reminded", False),
        ("overdue", False),
        ("escalated", False),
        ("escalated", True),
    ]
    with transaction(engine) as connection:
        assert connection.execute(text("select count(*) from timer")).scalar_one() == 0
