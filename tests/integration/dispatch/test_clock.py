"""The clock: what is due fires once, late rungs in order, and nothing before its moment."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from dispatch.cases.audit import Tally, verify
from dispatch.clock.clock import LOCK_DUE, Clock
from dispatch.clock.rules import firing_rules
from dispatch.process.heartbeat import Heartbeat
from dispatch.settings import Settings
from dispatch.storage.bulk import copy_rows
from dispatch.storage.database import is_unavailable, transaction
from dispatch.watching.figures import COUNTS
from tests.conftest import TestDatabase
from tests.integration.dispatch.conftest import Feeder, Located
from tests.integration.dispatch.office import all_on_duty

# As if a limit of 100 natural days had run for so many days.
SET_BACK = text("""
    update "case" set deadlines = jsonb_build_array(deadlines -> 0 || jsonb_build_object(
        'limit', '100 天', 'clock', 'natural_days',
        'started_at', to_char(now() at time zone 'UTC' - make_interval(days => :days),
            'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'due_at', to_char(now() at time zone 'UTC' + make_interval(days => 100 - :days),
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


def set_back(engine: Engine, days: int) -> None:
    with transaction(engine) as connection:
        connection.execute(SET_BACK, {"days": days})
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
        # The clocks were set back behind the history's back, and that is all that is wrong.
        breaks = [one for one in verify(connection, Tally()) if "due_at" not in one.wrong]
    assert tuple(timer) == (1, True)
    assert version == 1
    assert breaks == []


def test_a_rung_says_who_was_on_duty(
    feeder: Feeder, located: Located, engine: Engine, tmp_path: Path
) -> None:
    feeder.store(located())
    set_back(engine, 250)
    all_on_duty(engine)
    with transaction(engine) as connection:
        centre = connection.execute(
            text("""select d.code from department d join "case" c on d.area = c.city
                where d.kind = 'centre'""")
        ).scalar_one()
        rules = firing_rules(Settings(), connection)
    fire(engine, Clock(engine, rules=lambda: rules, batch=9, heartbeat=Heartbeat(tmp_path, "c")))
    with transaction(engine) as connection:
        bodies = connection.execute(
            text("select body from case_event where seq > 1 order by seq")
        ).scalars()
        *before, last = bodies
    (told,) = last["reached"]
    assert (told["department"], told["accounts"]) == (centre, [f"u-{centre}"])
    assert not any("reached" in body for body in before)


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


def test_a_case_that_somebody_works_on_fires_in_the_next_pass(
    feeder: Feeder, located: Located, engine: Engine, clock: Clock
) -> None:
    feeder.store(located(), located(lat=26.4300))
    set_back(engine, 85)
    with transaction(engine) as desk:
        desk.execute(text('select 1 from "case" order by id limit 1 for update'))
        assert fire(engine, clock) == 1
    assert fire(engine, clock) == 1
    assert history(engine) == [("reminded", True)] * 2


def test_what_is_not_due_is_not_read(
    feeder: Feeder, located: Located, engine: Engine, clock: Clock
) -> None:
    feeder.store(located())
    pending = text("""
        insert into timer (case_id, stage, opened_month, rung, generation, due_at)
        select gen_random_uuid(), 'other', now(), 0, 1, now() + n * interval '1 hour'
        from generate_series(1, 50000) as n""")
    with transaction(engine) as connection:
        connection.execute(pending)
    set_back_one = text("update timer set due_at = now() where stage <> 'other'")
    with transaction(engine) as connection:
        connection.execute(set_back_one)
    for query, values in ((LOCK_DUE, {"lane": 0, "limit": 500}), (COUNTS, {})):
        asked = text(f"explain (analyze, buffers, format json) {query}")
        with transaction(engine) as connection:
            told = connection.execute(asked, values).scalar_one()
        assert pages_read(told[0]["Plan"], "timer_due") < 20


def pages_read(plan: dict[str, Any], index: str) -> int:
    """The pages that the scans of an index touched; a scan of its table counts as all of them."""
    if plan.get("Relation Name") == "timer":
        assert plan["Index Name"] == index
        return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
    return sum(pages_read(part, index) for part in plan.get("Plans", ()))


def test_a_timer_whose_clock_stands_fires_nothing_and_goes(
    feeder: Feeder, located: Located, engine: Engine, clock: Clock
) -> None:
    feeder.store(located())
    set_back(engine, 85)
    with transaction(engine) as connection:
        connection.execute(
            text("""update "case" set deadlines = jsonb_build_array(deadlines -> 0
                || jsonb_build_object('stopped_at', deadlines -> 0 -> 'started_at',
                    'due_at', null))""")
        )
    fire(engine, clock)
    assert history(engine) == []
    with transaction(engine) as connection:
        assert connection.execute(text("select count(*) from timer")).scalar_one() == 0


def test_a_timer_of_a_stage_that_the_case_left_gives_way_to_the_one_it_has(
    feeder: Feeder, located: Located, engine: Engine, clock: Clock
) -> None:
    feeder.store(located())
    set_back(engine, 85)
    with transaction(engine) as connection:
        connection.execute(text("update timer set stage = 'left long ago'"))
    fire(engine, clock)
    assert history(engine) == [("reminded", True)]
    with transaction(engine) as connection:
        stages = connection.execute(text("select stage, rung from timer")).all()
    assert [tuple(row) for row in stages] == [("handle", 1)]


def test_a_clock_whose_connection_is_cut_in_a_pass_fires_after_it_has_another(
    feeder: Feeder, located: Located, engine: Engine, clock: Clock
) -> None:
    """Also where the wire breaks in a COPY, which the driver does past SQLAlchemy."""
    feeder.store(located())
    set_back(engine, 85)
    with engine.connect() as connection:
        pid = connection.execute(text("select pg_backend_pid()")).scalar_one()
        with transaction(engine) as other:
            other.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(DBAPIError) as cut:
            copy_rows(connection, "case_text", ["case_id"], [])
    assert is_unavailable(cut.value)
    assert fire(engine, clock) == 1
    assert history(engine) == [("reminded", True)]


def test_open_cases_are_counted_while_they_are_few_and_estimated_when_many(
    feeder: Feeder, located: Located, engine: Engine, city: TestDatabase
) -> None:
    feeder.store(located(), located(lat=26.4300))
    with transaction(engine) as connection:
        assert connection.execute(COUNTS).one().open_cases == 2
    with psycopg.connect(city.admin_url) as connection:
        connection.execute(
            "update pg_class set reltuples = 250000 where oid = 'case_open_near'::regclass"
        )
    with transaction(engine) as connection:
        assert connection.execute(COUNTS).one().open_cases == 250_000
