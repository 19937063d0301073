"""Cases of every line, from the report to the level that solves it."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from dispatch.cases.audit import Tally, verify
from dispatch.clock.clock import Clock
from dispatch.clock.rules import firing_rules
from dispatch.desk.fields import FieldsWrong
from dispatch.process.heartbeat import Heartbeat
from dispatch.reading import sheets
from dispatch.reading.reading import find_case
from dispatch.settings import Settings
from dispatch.storage.database import transaction
from dispatch.tokens import Principal
from tests.integration.dispatch.conftest import Feeder, Located
from tests.integration.dispatch.test_clock import set_back
from tests.integration.dispatch.test_desk import Office, who
from workflows.definition import Office as Level

HERE = "431103"


@pytest.fixture
def dispute(engine: Engine, feeder: Feeder, located: Located, tmp_path: Path) -> Office:
    """A quarrel of neighbours that a member reported."""
    feeder.store(located(category="M0701"))
    return Office(engine, tmp_path)


def handler(department: str) -> Principal:
    return who("handler", subject=f"h-{department}", department=department)


def row(engine: Engine) -> Any:
    with transaction(engine) as connection:
        return connection.execute(text('select * from "case"')).one()


def sound(engine: Engine) -> bool:
    with transaction(engine) as connection:
        return list(verify(connection, Tally())) == []


def test_each_line_opens_under_its_own_definition(
    engine: Engine, feeder: Feeder, located: Located
) -> None:
    done = feeder.store(
        located(), located(category="M0701"), located(category="M5202"), located(category="M5202")
    )
    # Two requests at one counter are two cases.
    assert done.opened_under == {
        "urban_management@2": 1, "social_governance@1": 1, "public_service@1": 2,
    }  # fmt: skip
    with transaction(engine) as connection:
        found = connection.execute(
            text('select line, definition, state, department from "case" order by line, id')
        ).all()
    station = found[1].department
    assert station.endswith("-station")
    assert [tuple(one) for one in found] == [
        ("public_service", "public_service@1", "handling", station),
        ("public_service", "public_service@1", "handling", station),
        ("social_governance", "social_governance@1", "first_level", station),
        ("urban_management", "urban_management@2", "dispatched", "431103-sanitation"),
    ]
    assert sound(engine)


def test_a_matter_goes_to_the_department_whose_duty_it_is_and_to_no_other_sort(
    dispute: Office, engine: Engine
) -> None:
    station = handler(dispute.department)
    for wrong, says in (
        ("431100-justice", "must be a district department"),
        ("431102-justice", "must be a district department of the case's place"),
        (dispute.department, "must be a district department"),
        ("nobody", "is unknown"),
    ):
        with pytest.raises(FieldsWrong) as caught:
            dispute.act(station, "pass-up", department=wrong)
        assert says in caught.value.errors[0].reason
    dispute.act(station, "pass-up")
    assert (row(engine).state, row(engine).department) == ("at_district", f"{HERE}-justice")
    dispute.act(handler(f"{HERE}-justice"), "pass-up", department="431100-police")
    assert (row(engine).state, row(engine).department) == ("at_city", "431100-police")
    dispute.act(handler("431100-police"), "pass-up")
    assert (row(engine).state, row(engine).department) == ("at_centre", "431100-centre")
    assert sound(engine)


def test_the_form_offers_the_departments_of_the_next_level(dispute: Office) -> None:
    with transaction(dispute.engine) as connection:
        case = find_case(connection, dispute.key)
    assert case is not None
    offered = sheets.offices(Level.DISTRICT_DEPARTMENT, case, dispute.rules.known)
    assert f"{HERE}-justice" in offered
    assert {code[:6] for code in offered} == {HERE}
    # The only station there holds the case already.
    assert sheets.offices(Level.STATION, case, dispute.rules.known) == []


def test_a_level_whose_limit_runs_out_is_passed_by_the_clock(
    dispute: Office, engine: Engine, tmp_path: Path
) -> None:
    with transaction(engine) as connection:
        rules = firing_rules(Settings(), connection)
    clock = Clock(engine, rules=lambda: rules, batch=10, heartbeat=Heartbeat(tmp_path, "clock"))
    set_back(engine, 101)
    with engine.connect() as connection:
        clock.fire_once(connection)
    found = row(engine)
    assert (found.state, found.department, found.version) == ("at_district", f"{HERE}-justice", 2)
    with transaction(engine) as connection:
        events = connection.execute(text("select type, body from case_event order by seq")).all()
    assert [event.type.split(".")[2] for event in events] == [
        "opened", "reminded", "overdue", "passed-up",
    ]  # fmt: skip
    assert events[-1].body["role"] == "system"
    assert found.deadlines[1]["stage"] == "district"


def test_a_case_keeps_its_line(dispute: Office) -> None:
    with pytest.raises(FieldsWrong) as caught:
        dispute.act(who("acceptor"), "reclassify", category="E0110", condition="E0110-1")
    assert "is of the line urban_management, and the case of social_governance" in str(
        caught.value.errors[0].reason
    )
    dispute.act(who("acceptor"), "reclassify", category="M0702", condition="M0702-1")
