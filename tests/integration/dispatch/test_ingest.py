"""The engine's transaction on a real PostGIS: one effect per report, whatever comes in."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, quoted_name, select, text
from sqlalchemy import table as table_named

from dispatch.cases.audit import Tally, verify
from dispatch.engine.rules import Rules
from dispatch.storage.database import transaction
from dispatch.storage.offsets import Fenced
from geo.crs import GRID_M
from tests.integration.dispatch.conftest import TOPIC, Feeder, Located


def count(engine: Engine, table: str) -> int:
    with transaction(engine) as connection:
        counted = select(func.count()).select_from(table_named(quoted_name(table, quote=True)))
        return int(connection.execute(counted).scalar_one())


def broken(engine: Engine) -> list[str]:
    with transaction(engine) as connection:
        return [found.wrong for found in verify(connection, Tally())]


def test_a_report_twice_in_one_batch_has_one_effect(
    feeder: Feeder, located: Located, engine: Engine
) -> None:
    report = located()
    outcome = feeder.store(report, report, located(lat=26.4300))
    assert (outcome.opened, outcome.duplicates) == (2, 1)
    assert (count(engine, "report"), count(engine, "case")) == (2, 2)
    assert broken(engine) == []


def test_a_report_that_comes_again_days_later_has_no_effect(
    feeder: Feeder, located: Located, engine: Engine
) -> None:
    report = located()
    feeder.store(report)
    assert feeder.store(report).duplicates == 1
    assert count(engine, "case_event") == 1


def test_another_body_under_a_known_id_is_refused_and_kept_as_refusal(
    feeder: Feeder, located: Located, engine: Engine
) -> None:
    report = located()
    feeder.store(report)
    again = replace(report, fingerprint="bb" * 32, subject="somebody-else")
    assert feeder.store(again).refused == 1
    in_one_batch = located()
    other = replace(in_one_batch, fingerprint="cc" * 32)
    assert feeder.store(in_one_batch, other).refused == 1
    assert (count(engine, "report"), count(engine, "report_refusal")) == (2, 2)


@pytest.mark.parametrize("value", [b"", b"not json", b"{}", b'{"id": 5}', b"\xff\xfe"])
def test_a_poison_record_becomes_a_dead_letter_and_its_neighbours_are_used(
    feeder: Feeder, located: Located, engine: Engine, value: bytes
) -> None:
    outcome = feeder.store(located(), value, located(lat=26.4300))
    assert (outcome.opened, outcome.dead) == (2, 1)
    with transaction(engine) as connection:
        row = connection.execute(text("select reason_class, value, record_offset from dead_letter"))
        found = row.one()
    assert (found.reason_class, bytes(found.value), found.record_offset) == ("malformed", value, 1)


def test_a_batch_of_a_worker_that_was_overtaken_commits_nothing(
    feeder: Feeder, located: Located, engine: Engine
) -> None:
    stale = feeder.batch(located())
    feeder.claim()  # another worker takes the partition: the epoch rises
    with pytest.raises(Fenced):
        feeder.store_batch(stale)
    assert (count(engine, "report"), count(engine, "case")) == (0, 0)


def test_a_batch_is_not_used_twice(feeder: Feeder, located: Located, engine: Engine) -> None:
    batch = feeder.batch(located())
    feeder.store_batch(batch)
    with pytest.raises(Fenced):
        feeder.store_batch(batch)
    assert count(engine, "report") == 1


def test_reports_nearby_join_within_a_batch_and_across_batches(
    feeder: Feeder, located: Located, engine: Engine
) -> None:
    first = feeder.store(located(), located(lat=26.4204))
    assert (first.opened, first.attached) == (1, 1)
    assert feeder.store(located(lat=26.4202)).attached == 1
    far = feeder.store(located(lat=26.4230))
    assert far.opened == 1
    assert feeder.store(located(category="E0112")).opened == 1
    with transaction(engine) as connection:
        case = connection.execute(text('select report_count, seq, version from "case" limit 1'))
        assert tuple(case.one()) == (3, 3, 1)
    assert broken(engine) == []


@pytest.mark.parametrize("east", [-1, 1])
@pytest.mark.parametrize(("beyond", "joined"), [(0.0, 1), (GRID_M, 0)])
def test_a_case_is_joined_up_to_the_last_millimetre_of_the_radius(
    feeder: Feeder, located: Located, rules: Rules, east: int, beyond: float, joined: int
) -> None:
    report = located()
    feeder.store(report)
    away = rules.categories[report.category].join_radius_m + beyond
    beside = replace(located(), x=report.x + east * away, y=report.y, community=report.community)
    assert feeder.store(beside).attached == joined


def test_a_less_urgent_case_is_not_joined_but_named_as_possible_duplicate(
    feeder: Feeder, located: Located, engine: Engine
) -> None:
    feeder.store(located(category="P0101", condition="P0101-3"))
    outcome = feeder.store(located(category="P0101", condition="P0101-1"))
    assert outcome.opened == 1
    with transaction(engine) as connection:
        named = connection.execute(
            text('select count(*) from "case" where possible_duplicate_of is not null')
        ).scalar_one()
    assert named == 1


def test_only_a_trusted_and_unambiguous_report_is_filed_at_once(
    feeder: Feeder, located: Located, engine: Engine
) -> None:
    feeder.store(
        located(),
        located(lat=26.4300, source="public"),
        located(lat=26.4400, category="P0101"),
    )
    with transaction(engine) as connection:
        rows = connection.execute(
            text("""select body ->> 'state' as state, body -> 'filing' -> 'why' as why
                from case_event order by (body ->> 'lat')""")
        ).all()
    assert [row.state for row in rows] == ["dispatched", "reported", "reported"]
    assert rows[1].why == ["source-not-trusted"]
    assert "condition-ambiguous" in rows[2].why


def test_the_offset_moves_with_the_work(feeder: Feeder, located: Located, engine: Engine) -> None:
    feeder.store(located(), located(lat=26.4300))
    with transaction(engine) as connection:
        stored = connection.execute(
            text("select next_offset from consumed_offset where topic = :topic"), {"topic": TOPIC}
        ).scalar_one()
    assert stored == 2


def test_a_contact_is_stored_sealed_where_the_service_cannot_read_it(
    feeder: Feeder, located: Located, engine: Engine
) -> None:
    feeder.store(located(contact="c2VhbGVk"))
    with transaction(engine) as connection:
        seen = connection.execute(text("select count(*) from personal.contact")).scalar_one()
        bodies = connection.execute(text("select body::text from case_event")).scalars().all()
    assert seen == 0
    assert all("c2VhbGVk" not in body and "垃圾" not in body for body in bodies)


def test_a_report_about_a_lamp_is_linked_to_the_lamps_beside_it(
    feeder: Feeder, located: Located, engine: Engine
) -> None:
    with transaction(engine) as connection:
        lamp = connection.execute(
            text("""select code, ST_X(at) as lon, ST_Y(at) as lat
                from part, ST_Transform(geom, 4326) as at
                where part_class = 'P0137' order by code limit 1""")
        ).one()
    feeder.store(located(lon=lamp.lon, lat=lamp.lat, category="P0137"))
    with transaction(engine) as connection:
        links = connection.execute(text('select links from "case"')).scalar_one()
    assert links["parts"][0] == {"code": lamp.code, "class": "P0137", "distance_m": "0.00"}
    assert {part["class"] for part in links["parts"]} == {"P0137"}
