"""Who inspects, on a real PostGIS: chosen from the register, told in the event, kept as a mark."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from dispatch.cases.access import Clause, all_of
from dispatch.desk.fields import FieldsWrong
from dispatch.reading.reading import Filters, inspected_by, list_cases
from dispatch.storage.database import transaction
from tests.integration.dispatch.conftest import Feeder, Located
from tests.integration.dispatch.office import Office, broken, who
from workflows.errors import NotAllowed


@pytest.fixture
def office(feeder: Feeder, located: Located, engine: Engine, tmp_path: Path) -> Office:
    """A case of the first of four members, being handled; the second belongs to the department."""
    feeder.store(located(subject="m-reports", reporter="m-reports"))
    found = Office(engine, tmp_path)
    found.rules = replace(found.rules, inspection="nearest")
    community = str(found.one('select community from "case"'))
    rows = [
        ("m-reports", community, ""),
        ("m-repairs", community, found.department),
        ("m-near", community, ""),
        ("m-far", community[:6], ""),
    ]
    with transaction(engine) as connection:
        connection.execute(text("delete from member"))
        connection.execute(
            text("""insert into member (subject, name, area, department)
                values (:subject, 'x', :area, :department)"""),
            [{"subject": a, "area": b, "department": c} for a, b, c in rows],
        )
    return found


def handled(office: Office) -> dict[str, object]:
    handler = who("handler", department=office.department)
    office.act(handler, "start")
    office.act(handler, "feedback", text="清理完毕")
    told = office.last()["appointed"]
    assert isinstance(told, dict)
    return told


def mine(office: Office, account: str | None) -> int:
    scope = all_of(Clause(sql="true"), inspected_by(account))
    with transaction(office.engine) as connection:
        return len(list_cases(connection, scope, Filters())[0])


def test_the_nearest_who_neither_reported_nor_handled_inspects_and_nobody_else(
    office: Office,
) -> None:
    assert handled(office) == {
        "account": "m-near", "way": "nearest", "why": "patrols-the-smallest-area",
        "area": office.one('select community from "case"'),
    }  # fmt: skip
    assert [mine(office, one) for one in ("m-near", "m-far", None)] == [1, 0, 0]
    for other in ("m-far", "stranger"):
        with pytest.raises(NotAllowed, match="somebody else"):
            office.act(who("member", other), "inspect-pass")
    office.act(who("member", "m-near"), "inspect-fail")
    assert office.last()["marks"]["inspector"] is None
    assert handled(office)["account"] == "m-near"
    assert broken(office.engine) == []


def test_a_supervisor_appoints_another_but_no_reporter_and_nobody_who_handled_it(
    office: Office,
) -> None:
    handled(office)
    for wrong, why in (("m-reports", "reported"), ("m-repairs", "handled")):
        with pytest.raises(FieldsWrong) as refused:
            office.act(who("supervisor"), "appoint", account=wrong)
        assert why in refused.value.errors[0].reason
    office.act(who("supervisor"), "appoint", account="m-far")
    assert [mine(office, one) for one in ("m-near", "m-far")] == [0, 1]
    with pytest.raises(NotAllowed):
        office.act(who("member", "m-near"), "inspect-pass")
    office.act(who("member", "m-far"), "inspect-pass")
    assert broken(office.engine) == []


def test_they_take_turns_where_the_city_says_so(office: Office) -> None:
    office.rules = replace(office.rules, inspection="rotate")
    turns = []
    for _ in range(3):
        told = handled(office)
        turns.append(told["account"])
        office.act(who("member", str(told["account"])), "inspect-fail")
    assert turns == ["m-far", "m-near", "m-far"]


def test_where_nobody_can_be_chosen_any_member_inspects_and_the_event_says_why(
    office: Office,
) -> None:
    with transaction(office.engine) as connection:
        connection.execute(text("delete from member where subject in ('m-near', 'm-far')"))
    assert handled(office) == {
        "account": None, "way": "nearest", "why": "all-reported-or-handled",
    }  # fmt: skip
    assert mine(office, None) == 1
    office.act(who("member", "stranger"), "inspect-pass")


def test_a_verification_is_asked_of_a_member_too(
    office: Office, feeder: Feeder, located: Located
) -> None:
    feeder.store(located(lon=111.6076, lat=26.4210, source="public", reporter="somebody"))
    office.key = str(office.one("select id from \"case\" where state = 'reported'"))
    office.act(who("acceptor"), "verify")
    account = office.last()["appointed"]["account"]
    assert account is not None
    office.act(who("member", account), "verify-yes")
    assert broken(office.engine) == []
