"""The desk on a real PostGIS: who may do what, once, and what a moved case tells."""

import threading
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from dispatch.cases.access import Forbidden
from dispatch.cases.history import moment
from dispatch.desk.desk import CaseNotFound, Stale
from dispatch.desk.fields import FieldsWrong
from dispatch.storage.database import transaction
from dispatch.tokens import Role
from tests.integration.dispatch.conftest import Feeder, Located
from tests.integration.dispatch.office import (
    DEFINITION,
    ELSEWHERE,
    HERE,
    THERE,
    Office,
    all_on_duty,
    broken,
    who,
)
from workflows.errors import ActionRefused, NotAllowed

LATER = moment(datetime.now(UTC) + timedelta(days=100))
FIELDS: dict[str, dict[str, Any]] = {
    "file": {"condition": "E0110-1"},
    "dispatch": {"department": "431103-urban"},
    "adjudicate": {"department": "431103-urban"},
    "joint-dispatch": {"department": "431103-urban", "assistants": ["431103-water"]},
    "assist": {"text": "已疏导交通"},
    "suspend": {"until": LATER},
    "defer": {"until": LATER},
    "merge": {"into": "YZ1"},
    "hand-over": {"account": "a-acceptor"},
    "appoint": {"account": "m-2"},
    "compare": {"other": "YZ1", "answer": "same"},
    "split": {"category": "E0112"},
    "transfer": {"district": THERE},
    "instruct": {"text": "三日内办结"},
    "feedback": {"text": "清理完毕"},
    "close": {"closing_met": True},
    "call-back": {"satisfaction": "satisfied"},
    "relocate": {"location": ELSEWHERE},
    "reclassify": {"category": "E0112", "condition": "E0112-1"},
}
# The marks of a case that these actions ask for.
MARKS = {
    "adjudicate": '{"returns": 3}',
    "approve-extension": '{"extension_asked": 1}',
    "refuse-extension": '{"extension_asked": 1}',
    "approve-appeal": '{"appealed": 1}',
    "refuse-appeal": '{"appealed": 1}',
}
# Here every case is in time, there is one, and no department assists; they have their own tests.
ASIDE = {"appeal", "merge", "unmerge", "assist", "compare", "next-condition"}
STEPS = [
    (action.name, state, frozenset(DEFINITION.roles[role].plays for role in step.roles))
    for action in DEFINITION.actions.values()
    for state, step in action.steps.items()
]


def test_every_action_is_refused_to_every_role_that_the_table_does_not_name(
    office: Office,
) -> None:
    for action, state, roles in STEPS:
        office.put(state)
        for role in Role:
            if role.value in roles:
                continue
            own = office.department if role is Role.HANDLER else ""
            with pytest.raises((Forbidden, ActionRefused)):
                office.act(who(role, department=own), action, **FIELDS.get(action, {}))
    assert office.one("select count(*) from case_event") == 1
    assert office.one("select count(*) from outbox") == 1


def test_every_action_is_refused_outside_the_callers_area_or_department(office: Office) -> None:
    for action, state, roles in STEPS:
        office.put(state)
        for role in roles - {"system"}:
            fields = FIELDS.get(action, {})
            own = office.department if role == "handler" else ""
            with pytest.raises(CaseNotFound):
                office.act(who(role, scope=THERE, department=own), action, **fields)
            if role == "handler":
                with pytest.raises(CaseNotFound):
                    office.act(who(role, department="431103-water"), action, **fields)
    assert office.one("select count(*) from case_event") == 1


def test_every_action_is_possible_to_the_roles_that_the_table_names(office: Office) -> None:
    for action, state, roles in STEPS:
        for role in roles - {"system"}:
            office.put(state)
            own = office.department if role == "handler" else ""
            with transaction(office.engine) as connection:
                connection.execute(
                    text("""update "case" set category = 'E0110', condition = 'E0110-1',
                        closed_at = null, district = '431103', deadlines = '[]',
                        marks = cast(:marks as jsonb)"""),
                    {"marks": MARKS.get(action, "{}")},
                )
            if action in ASIDE:
                continue
            office.act(who(role, department=own), action, **FIELDS.get(action, {}))
            told = office.last()
            assert told["state"] == (DEFINITION.actions[action].steps[state].to or state)
            office.key = str(office.one('select id from "case" where split_from is null'))


def test_the_department_that_handled_a_case_neither_closes_nor_inspects_it(
    office: Office,
) -> None:
    office.put("inspecting", "431103-water")
    with pytest.raises(NotAllowed, match="handled"):
        office.act(who("acceptor", department=office.department), "close", closing_met=True)
    office.put("handled", "431103-water")
    with pytest.raises(NotAllowed, match="handled"):
        office.act(who("member", department=office.department), "inspect-pass")
    with pytest.raises(Forbidden):
        office.act(who("admin"), "close", closing_met=True)


def test_no_reporter_of_a_case_inspects_it_but_the_operator_who_wrote_for_a_caller_may(
    office: Office, feeder: Feeder, located: Located
) -> None:
    attached = located(subject="member-2", reporter="member-2")
    for_caller = located(subject="operator-1", reporter="caller-pseudonym", source="hotline")
    assert feeder.store(attached, for_caller).attached == 2
    office.put("handled")
    for reporter in ("member-1", "member-2", "caller-pseudonym"):
        for action in ("inspect-pass", "inspect-fail"):
            with pytest.raises(NotAllowed, match="reported"):
                office.act(who("member", reporter), action)
    office.act(who("member", "operator-1"), "inspect-pass")
    assert office.last()["state"] == "inspecting"


def test_a_case_relocated_to_another_district_tells_old_and_new_in_both_topics(
    office: Office,
) -> None:
    before = office.last()
    office.act(who("dispatcher"), "relocate", location=ELSEWHERE)
    told = office.last()
    assert told["areas"]["district"] == THERE
    assert told["was_place"]["areas"] == before["areas"]
    assert (told["was_place"]["lon"], told["was_place"]["lat"]) == (before["lon"], before["lat"])
    assert told["was_place"]["links"] == before["links"]
    assert told["links"] != before["links"]
    assert told["version"] == before["version"] + 1
    with transaction(office.engine) as connection:
        topics = connection.execute(
            text("select topic_district, first_seq, last_seq from outbox order by id")
        ).all()
        row = connection.execute(text('select district, community, links from "case"')).one()
    assert [tuple(one) for one in topics] == [(HERE, 1, 1), (HERE, 2, 2), (THERE, 2, 2)]
    assert row.district == THERE
    assert row.community == told["areas"]["community"]
    assert row.links == told["links"]
    assert broken(office.engine) == []


def test_a_case_relocated_after_its_map_is_of_the_map_by_which_its_new_place_was_found(
    office: Office,
) -> None:
    in_force = office.last()["map_version"]
    with transaction(office.engine) as connection:
        connection.execute(text('update "case" set map_version = :old'), {"old": in_force - 1})
    office.act(who("dispatcher"), "relocate", location=ELSEWHERE)
    told = office.last()
    assert (told["was_place"]["map_version"], told["map_version"]) == (in_force - 1, in_force)
    with transaction(office.engine) as connection:
        row = connection.execute(text('select map_version from "case"')).one()
    assert row.map_version == in_force


def test_a_place_outside_the_city_or_the_callers_scope_is_refused(office: Office) -> None:
    with pytest.raises(FieldsWrong, match="fields"):
        office.act(who("dispatcher"), "relocate", location={"lon": 121.9, "lat": 30.2})
    with pytest.raises(Forbidden, match="outside your scope"):
        office.act(who("dispatcher", scope=HERE), "relocate", location=ELSEWHERE)
    assert office.one("select count(*) from case_event") == 1


def test_a_reclassified_case_tells_the_old_and_the_new_condition_deadline_and_links(
    office: Office,
) -> None:
    before = office.last()
    office.act(who("dispatcher"), "reclassify", category="P0101", condition="P0101-1")
    told = office.last()
    assert (told["category"], told["condition"]) == ("P0101", "P0101-1")
    assert told["was"] == {"category": "E0110", "condition": "E0110-1"}
    (new,), (old,) = told["deadlines"], told["was_deadlines"]
    assert [old] == before["deadlines"]
    assert (new["stage"], old["stage"]) == ("handle", "handle")
    assert new["due_at"] != old["due_at"]
    assert new["started_at"] == old["started_at"]
    assert told["was_place"] == {"links": before["links"]}
    assert {part["class"] for part in told["links"]["parts"]} <= {"0101"}
    assert office.one('select due_at = :due from "case"', due=new["due_at"])
    rung = office.one("select due_at from timer")
    assert rung is not None
    assert broken(office.engine) == []


def test_a_repeated_action_has_one_effect_and_gives_the_first_answer(office: Office) -> None:
    key, handler = uuid.uuid4(), who("handler", department=office.department)
    first = office.act(handler, "start", id=key, version=1)
    office.act(handler, "feedback", text="清理完毕", version=2)
    assert office.act(handler, "start", id=key, version=1) == first
    assert office.one("select count(*) from case_event") == 3
    with pytest.raises(FieldsWrong):
        office.act(handler, "start", id=key, version=2)
    with pytest.raises(FieldsWrong):
        office.act(who("handler", "another", department=office.department), "start", id=key)


def test_the_retry_of_an_action_that_took_the_case_out_of_reach_gives_the_first_answer(
    office: Office,
) -> None:
    key, handler = uuid.uuid4(), who("handler", department=office.department)
    first = office.act(handler, "return", id=key, version=1)
    assert office.act(handler, "return", id=key, version=1) == first
    with pytest.raises(CaseNotFound):
        office.act(handler, "return", version=2)


def test_one_action_from_two_threads_at_once_has_one_effect_and_one_answer(
    office: Office,
) -> None:
    key, handler = uuid.uuid4(), who("handler", department=office.department)
    answers: list[Any] = []
    gate = threading.Barrier(4)

    def work() -> None:
        gate.wait()
        answers.append(office.act(handler, "start", id=key, version=1))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    assert len(set(answers)) == 1
    assert office.one("select count(*) from case_event") == 2


def test_a_stale_version_tells_what_changed_and_by_whom(office: Office) -> None:
    handler = who("handler", "h-7", department=office.department)
    office.act(handler, "start", version=1)
    office.act(who("dispatcher"), "urge", version=2)
    with pytest.raises(Stale) as found:
        office.act(handler, "start", version=1)
    assert found.value.version == 2
    change, urging = found.value.changed
    assert (change["type"], change["actor"], change["state"]) == (
        "wangge.case.started.v1",
        "h-7",
        "handling",
    )
    assert urging["actor"] == "a-dispatcher"
    assert office.one("select count(*) from case_event") == 3


def test_what_tells_somebody_says_who_is_on_duty_there(office: Office, tmp_path: Path) -> None:
    all_on_duty(office.engine)
    staffed = Office(office.engine, tmp_path)
    department, centre = staffed.department, "431100-centre"
    for name, role, party in (
        ("urge", "dispatcher", department),
        ("supervise", "supervisor", department),
        ("instruct", "supervisor", department),
        ("escalate", "dispatcher", centre),
        ("sign", "handler", None),
    ):
        staffed.act(who(role, department=department), name, **FIELDS.get(name, {}))
        reached = staffed.last().get("reached", ())
        told = [(one["department"], one["accounts"]) for one in reached]
        assert told == ([] if party is None else [(party, [f"u-{party}"])]), name
    assert broken(office.engine) == []


def test_a_case_without_a_department_reaches_its_districts_centre(
    office: Office, feeder: Feeder, located: Located, tmp_path: Path
) -> None:
    feeder.store(located(lat=26.43, source="public", text="waits"))
    key = str(office.one("select case_id from report where text = 'waits'"))
    waiting = Office(office.engine, tmp_path, key)
    waiting.act(who("supervisor"), "supervise")
    assert [one["department"] for one in waiting.last()["reached"]] == ["431103-centre"]
