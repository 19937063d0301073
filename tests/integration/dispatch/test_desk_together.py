"""Several departments on one case, and several cases that are one, on a real PostGIS."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from dispatch.cases.access import Clause, case_scope
from dispatch.desk.desk import CaseNotFound, Stale
from dispatch.desk.fields import FieldsWrong
from dispatch.reading.reading import Filters, find_case, is_reporter, list_cases, merged_cases
from dispatch.storage.database import transaction
from dispatch.tokens import Principal
from tests.integration.dispatch.conftest import Feeder, Located
from tests.integration.dispatch.office import HERE, THERE, Office, broken, who
from workflows import FieldsMissing, NotAllowed, NotPossible
from workflows.limits import parse_limit

URBAN, WATER = "431103-urban", "431103-water"
NOBODY = "00000000-0000-0000-0000-000000000000"
WRONG = (FieldsWrong, FieldsMissing)


def desk_of(department: str) -> Principal:
    return who("handler", department=department)


def row(office: Office, column: str, key: str | None = None) -> Any:
    return office.one(f'select {column} from "case" where id = :id', id=key or office.key)  # noqa: S608


def change(office: Office, sql: str, **values: Any) -> None:
    """Changes a case behind the history's back."""
    with transaction(office.engine) as connection:
        connection.execute(text(f'update "case" set {sql}'), values)  # noqa: S608


def filed(office: Office) -> Office:
    office.act(who("dispatcher"), "withdraw")
    return office


@pytest.fixture
def two(office: Office, feeder: Feeder, located: Located) -> tuple[Office, str]:
    """Two cases by the hour, day and night: the office's own, reported by member-1, and another
    that member-2 reported later."""
    office.act(who("supervisor"), "void")
    found = []
    for number, lat in ((1, 26.4280), (2, 26.4320)):
        who_ = f"member-{number}"
        feeder.store(located(category="E0301", lat=lat, subject=who_, reporter=who_))
        found.append(str(office.one('select id from "case" order by opened_at desc limit 1')))
    office.key = found[0]
    return office, found[1]


def sees(office: Office, principal: Principal) -> bool:
    scope: Clause = case_scope(principal, office.rules.known.in_force.areas)
    with transaction(office.engine) as connection:
        listed, _ = list_cases(connection, scope, Filters(department=principal.department))
        found = find_case(connection, office.key, scope)
    assert bool(listed) == (found is not None)
    return found is not None


def test_an_assisting_department_reads_the_case_while_it_assists_and_reports_its_part(
    office: Office,
) -> None:
    filed(office)
    assert not sees(office, desk_of(WATER))
    office.act(who("dispatcher"), "joint-dispatch", department=URBAN, assistants=[WATER])
    assert sees(office, desk_of(WATER))
    with pytest.raises(NotAllowed):
        office.act(desk_of(WATER), "start")
    office.act(desk_of(URBAN), "start")
    with pytest.raises(NotPossible):
        office.act(desk_of(URBAN), "feedback", text="完成")
    office.act(desk_of(WATER), "assist", text="已疏通")
    assert office.last()["assistants"] == {WATER: True}
    office.act(desk_of(URBAN), "feedback", text="完成")
    assert row(office, "state") == "handled"
    assert set(row(office, "handled_by")) == {office.department, URBAN, WATER}
    with pytest.raises(NotAllowed):
        office.act(who("supervisor", department=WATER), "force-close")


def test_the_order_in_which_assistants_are_named_is_not_part_of_the_case(office: Office) -> None:
    filed(office)
    named = [WATER, "431103-traffic"]
    office.act(who("dispatcher"), "joint-dispatch", department=URBAN, assistants=named)
    assert list(row(office, "handled_by"))[-2:] == sorted(named)
    assert broken(office.engine) == []


@pytest.mark.parametrize("assistants", [[], ["nobody"], URBAN, [URBAN], [7], [WATER] * 21, None])
def test_assistants_that_are_none_change_nothing(office: Office, assistants: object) -> None:
    filed(office)
    with pytest.raises(WRONG):
        office.act(who("dispatcher"), "joint-dispatch", department=URBAN, assistants=assistants)
    assert row(office, "state") == "filed"


def test_the_earliest_clock_and_all_reporters_are_kept_and_given_back(
    two: tuple[Office, str],
) -> None:
    office, other = two
    early, late = row(office, "due_at"), row(office, "due_at", other)
    assert early < late
    office.act(who("acceptor"), "merge", into=str(row(office, "number", other)))
    assert (row(office, "state"), str(row(office, "merged_into"))) == ("merged", other)
    assert row(office, "closed_at") is not None
    assert (row(office, "due_at", other), row(office, "version", other)) == (early, 2)
    with transaction(office.engine) as connection:
        assert is_reporter(connection, UUID(other), "member-1")
        assert not is_reporter(connection, UUID(office.key), "member-2")
        assert [one["id"] for one in merged_cases(connection, UUID(other))] == [office.key]
    assert str(office.one("select case_id from timer")) == other
    office.act(who("acceptor"), "unmerge")
    assert (row(office, "state"), row(office, "merged_into")) == ("dispatched", None)
    assert row(office, "closed_at") is None
    assert row(office, "due_at", other) == late
    with transaction(office.engine) as connection:
        assert not is_reporter(connection, UUID(other), "member-1")
    assert office.one("select count(*) from timer") == 2
    assert broken(office.engine) == []


def test_a_later_clock_changes_nothing_of_the_case_that_goes_on(two: tuple[Office, str]) -> None:
    office, other = two
    first, office.key = office.key, other
    due = row(office, "due_at", first)
    for action, fields in (("merge", {"into": first}), ("unmerge", {})):
        office.act(who("dispatcher"), action, **fields)
        assert (row(office, "due_at", first), row(office, "version", first)) == (due, 1)
    assert broken(office.engine) == []


def test_a_case_is_merged_only_into_another_one_that_is_open_and_in_sight(
    two: tuple[Office, str],
) -> None:
    office, other = two
    for into in (office.key, "YZ1", "", None, 7, NOBODY, "\0"):
        with pytest.raises(WRONG):
            office.act(who("acceptor"), "merge", into=into)
    change(office, "district = :there where id = :id", there=THERE, id=other)
    with pytest.raises(FieldsWrong):
        office.act(who("acceptor", scope=HERE), "merge", into=other)
    change(office, "district = :here, closed_at = now() where id = :id", here=HERE, id=other)
    with pytest.raises(FieldsWrong) as over:
        office.act(who("acceptor"), "merge", into=other)
    assert "is over" in over.value.errors[0].reason
    assert office.one("select count(*) from case_event where type like '%merged%'") == 0


def test_two_cases_merged_into_each_other_at_once_do_not_lock_each_other_out(
    two: tuple[Office, str], tmp_path: Any
) -> None:
    office, other = two
    ends: list[str] = []

    def merge(mine: str, into: str) -> None:
        desk = Office(office.engine, tmp_path, mine)
        try:
            desk.act(who("acceptor"), "merge", into=into)
            ends.append("done")
        except (FieldsWrong, Stale, NotPossible) as error:
            ends.append(type(error).__name__)

    ways = ((office.key, other), (other, office.key))
    threads = [threading.Thread(target=merge, args=way) for way in ways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(ends) == 2
    assert ends.count("done") == 1
    assert office.one("""select count(*) from "case" where state = 'merged'""") == 1
    assert broken(office.engine) == []


def test_a_case_that_is_split_off_has_its_own_life_and_the_same_reporters(office: Office) -> None:
    before = row(office, "version")
    office.act(who("acceptor"), "split", category="E0112")
    new = str(office.one('select id from "case" where split_from = :id', id=office.key))
    assert (
        office.one(
            "select body -> 'split_off' ->> 'case' from case_event where type like '%.split.v1'"
        )
        == new
    )
    assert row(office, "version") == before
    assert (row(office, "state", new), row(office, "category", new)) == ("reported", "E0112")
    assert row(office, "number", new) != row(office, "number")
    assert row(office, "due_at", new) is not None
    with transaction(office.engine) as connection:
        assert is_reporter(connection, UUID(new), "member-1")
    office.key = new
    office.act(who("acceptor"), "accept")
    office.act(who("acceptor"), "verify")
    with pytest.raises(NotAllowed):
        office.act(who("member", "member-1"), "verify-yes")
    office.act(who("member", "member-3"), "verify-yes")
    assert broken(office.engine) == []


def test_a_case_is_split_off_only_with_a_category(office: Office) -> None:
    for category in (None, "E9999", 7):
        with pytest.raises(WRONG):
            office.act(who("acceptor"), "split", category=category)
    assert office.one('select count(*) from "case"') == 1


def test_another_district_takes_the_case_over_where_it_lies(office: Office) -> None:
    filed(office)
    place = row(office, "geom")
    for district in (HERE, "431100", "4311", "nowhere", None, 7):
        with pytest.raises(WRONG):
            office.act(who("dispatcher"), "transfer", district=district)
    office.act(who("dispatcher", scope=HERE), "transfer", district=THERE)
    assert (row(office, "district"), row(office, "geom")) == (THERE, place)
    assert str(row(office, "community")).startswith(THERE)
    topics = office.one("select array_agg(topic_district) from outbox where last_seq = 3")
    assert sorted(topics) == [THERE, HERE]
    with pytest.raises(CaseNotFound):
        office.act(who("dispatcher", scope=HERE), "urge")
    office.act(who("dispatcher", scope=THERE), "urge")
    assert broken(office.engine) == []


def test_a_case_is_merged_only_into_one_of_its_line(two: tuple[Office, str]) -> None:
    office, other = two
    change(office, "line = 'social_governance' where id = :id", id=other)
    with pytest.raises(FieldsWrong) as caught:
        office.act(who("acceptor"), "merge", into=other)
    assert "of the line social_governance" in caught.value.errors[0].reason
    assert row(office, "merged_into") is None


def test_a_case_passes_on_to_the_next_row_of_its_table(office: Office) -> None:
    catalogue = office.rules.known.catalogue
    rubbish = catalogue.categories["E0110"]
    fence = replace(rubbish.conditions[0], successor="E0110-2")
    repair = replace(
        fence, code="E0110-2", successor=None, profiles=(("A", parse_limit("6 紧急工作时")),)
    )
    categories = {**catalogue.categories, "E0110": replace(rubbish, conditions=(fence, repair))}
    known = replace(
        office.rules.known,
        catalogue=replace(catalogue, categories=categories, grades={"431100": "A"}),
    )
    office.rules = replace(office.rules, known=known)
    office.act(desk_of(office.department), "start")
    office.act(desk_of(office.department), "feedback", text="已围挡")
    with pytest.raises(FieldsWrong):
        office.act(who("dispatcher"), "next-condition", department="nobody")
    office.act(who("dispatcher"), "next-condition", department=URBAN)
    body = office.last()
    assert (body["condition"], body["limit"]) == ("E0110-2", "6 紧急工作时")
    assert body["passed_on"]["condition"] == "E0110-1"
    assert (row(office, "condition"), row(office, "department")) == ("E0110-2", URBAN)
    assert row(office, "due_at - last_at") == timedelta(hours=6)
    assert office.one("select due_at - now() < interval '1 minute' from timer") is True
    assert broken(office.engine) == []
