"""The operations of the desks over HTTP, each as a city would use it, on real PostGIS and Kafka."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, create_engine, text

from dispatch.cases.audit import Tally, verify
from dispatch.storage.database import driver_url, transaction
from tests.conftest import TestDatabase
from tests.integration.dispatch.conftest import Located
from tests.integration.dispatch.live import Live
from tests.waiting import eventually

FIELDS: dict[str, dict[str, Any]] = {
    "file": {"condition": "E0110-1"},
    "dispatch": {"department": "431103-urban"},
    "instruct": {"text": "三日内办结"},
    "feedback": {"text": "清理完毕"},
    "close": {"closing_met": True},
    "call-back": {"satisfaction": "satisfied"},
}


@dataclass(frozen=True, slots=True)
class Door:
    """One case, and everybody's way to it."""

    live: Live
    api: httpx.Client
    key: str
    admin_url: str

    def limit_of(self, condition: str) -> str:
        """The limit of a condition as the api has it now."""
        found = self.api.get("/categories", headers=self.who("acceptor")).json()["items"]
        limits: dict[str, str] = {
            row["code"]: row["limit"] for one in found for row in one["conditions"]
        }
        return limits[condition]

    def who(self, role: str, **claims: Any) -> dict[str, str]:
        claims = {"department": "431103-urban", **claims} if role == "handler" else claims
        return self.live.token(role, **claims)

    def sheet(self, role: str = "supervisor", **claims: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(
            f"/cases/{self.key}", headers=self.who(role, **claims)
        ).json()
        return found

    def ask(self, action: str, who: dict[str, str], **fields: Any) -> httpx.Response:
        version = self.live.one('select version from "case" where number = :key', key=self.key)
        body = {"version": version, "reason": "现场核对", **FIELDS.get(action, {}), **fields}
        return self.api.post(f"/cases/{self.key}/actions/{action}", json=body, headers=who)

    def act(self, action: str, role: str, **fields: Any) -> dict[str, Any]:
        """Does the action as somebody of the role; it must be done."""
        answer = self.ask(action, self.who(role), **fields)
        assert answer.status_code == 200, (action, answer.text)
        found: dict[str, Any] = answer.json()
        return found

    def offered(self, role: str, **claims: Any) -> set[str]:
        return {action["name"] for action in self.sheet(role, **claims)["actions"]}

    def told(self) -> dict[str, Any]:
        """The body of the last event."""
        found: dict[str, Any] = self.live.one(
            "select body from case_event order by seq desc limit 1"
        )
        return found


def marks_of(sheet: dict[str, Any]) -> dict[str, Any]:
    """The case's marks but for who took it."""
    return {name: value for name, value in sheet["marks"].items() if name != "owner"}


@pytest.fixture
def door(live: Live, engine: Engine, city: TestDatabase, located: Located) -> Iterator[Door]:
    """A case that somebody of the public reported, and that waits for an acceptor.

    At the end its row is what its history tells.
    """
    live.start("engine")
    live.send(located(source="public", subject="somebody", reporter="somebody"))
    eventually(lambda: live.count("case") == 1)
    with live.start_api() as api:
        yield Door(live, api, live.one('select number from "case"'), city.admin_url)
    with transaction(engine) as connection:
        assert [found.wrong for found in verify(connection, Tally())] == []


def test_a_report_is_verified_by_another_member_before_it_is_filed(door: Door) -> None:
    sheet = door.act("verify", "acceptor")
    clocks = {one["stage"]: one for one in sheet["deadlines"]}
    assert sheet["state"] == "verifying"
    assert (clocks["accept"]["due_at"], clocks["verify"]["limit"]) == (None, "0.5 工作时")
    assert {"verify-yes", "verify-no"} <= door.offered("member")
    assert "verify-yes" not in door.offered("member", subject="somebody")
    refused = door.ask("verify-no", door.who("member", subject="somebody"))
    assert refused.status_code == 403
    assert set(refused.json()["refusal"]) == {"zh", "en"}
    assert door.ask("verify-no", door.who("member"), reason="  ").status_code == 422
    assert door.act("verify-no", "member", text="没有垃圾")["state"] == "accepted"
    assert door.told()["text_digest"]
    assert door.act("reject", "acceptor")["state"] == "rejected"


def test_after_three_returns_a_supervisor_names_the_department_and_it_keeps_the_case(
    door: Door,
) -> None:
    door.act("file", "acceptor")
    departments = ("431103-urban", "431103-water", "431103-urban")
    for department in departments:
        door.act("dispatch", "dispatcher", department=department)
        answer = door.ask("return", door.who("handler", department=department))
        assert answer.status_code == 200, answer.text
    refused = door.ask("dispatch", door.who("dispatcher"))
    assert refused.status_code == 409
    assert "three times" in refused.json()["detail"]
    assert refused.json()["refusal"]["zh"] == "部门已退回三次，须由督查员裁定"
    assert "dispatch" not in door.offered("dispatcher")
    assert "return-to-acceptor" in door.offered("dispatcher")
    assert door.ask("adjudicate", door.who("dispatcher"), department="431103-urban").is_client_error
    sheet = door.act("adjudicate", "supervisor", department="431103-urban")
    assert (sheet["state"], sheet["department"]) == ("dispatched", "431103-urban")
    assert marks_of(sheet) == {"returns": 3, "adjudicated": 1, "resent": 1}
    assert door.offered("handler") == {"sign", "assign", "start", "request-extension"}
    assert door.ask("return", door.who("handler")).status_code == 409


def test_a_suspended_case_is_resumed_by_the_system_when_its_moment_comes(door: Door) -> None:
    for action, role in (("file", "acceptor"), ("dispatch", "dispatcher"), ("start", "handler")):
        door.act(action, role)
    for until in ("tomorrow", "2036-01-01", "2036-01-01T08:00:00", 7, None, "2020-01-01T00:00:00Z"):
        refused = door.ask("suspend", door.who("dispatcher"), until=until)
        assert refused.status_code == 422, until
        assert [one["field"] for one in refused.json()["errors"]] == ["until"]
    moment = datetime.now(UTC) + timedelta(seconds=2)
    sheet = door.act("suspend", "dispatcher", until=moment.isoformat())
    assert sheet["state"] == "suspended"
    clocks = {one["stage"]: one for one in sheet["deadlines"]}
    assert clocks["handle"]["due_at"] is None
    assert (clocks["suspend"]["clock"], clocks["suspend"]["due_at"][:19]) == (
        "until", moment.isoformat()[:19],
    )  # fmt: skip
    door.live.start("clock")
    eventually(lambda: door.sheet()["state"] == "handling")
    assert (door.told()["role"], door.told()["came_due"]["stage"]) == ("system", "suspend")
    assert [one["department"] for one in door.told()["reached"]] == ["431103-urban"]
    assert (
        door.ask("suspend", door.who("dispatcher"), until="2036-01-01T08:00:00Z").json()["refusal"][
            "zh"
        ]
        == "已挂账一次"
    )


def test_a_case_is_signed_for_supervised_instructed_and_escalated_without_a_new_version(
    door: Door,
) -> None:
    door.act("file", "acceptor")
    version = door.act("dispatch", "dispatcher")["version"]
    assert door.act("sign", "handler")["version"] == version
    assert "sign" not in door.offered("handler")
    assert door.ask("sign", door.who("handler")).status_code == 409
    door.act("supervise", "supervisor")
    assert door.ask("instruct", door.who("supervisor"), text="").status_code == 422
    door.act("instruct", "supervisor")
    assert door.told()["text_digest"]
    assert door.ask("escalate", door.who("dispatcher"), reason="").status_code == 422
    assert door.ask("escalate", door.who("supervisor")).status_code == 403
    sheet = door.act("escalate", "dispatcher")
    assert door.told()["tell"] == "city_centre"
    assert (sheet["version"], marks_of(sheet)) == (version, {"signed": 1, "supervised": 1})


def test_a_case_is_withdrawn_closed_by_force_called_back_and_reopened(door: Door) -> None:
    door.act("file", "acceptor")
    door.act("dispatch", "dispatcher")
    assert door.ask("withdraw", door.who("dispatcher"), reason=" ").status_code == 422
    sheet = door.act("withdraw", "dispatcher")
    assert (sheet["state"], sheet["department"]) == ("filed", None)
    door.act("dispatch", "dispatcher")
    door.act("start", "handler")
    assert door.ask("withdraw", door.who("dispatcher")).status_code == 409
    insider = door.who("supervisor", department="431103-urban")
    assert door.ask("force-close", insider).status_code == 403
    sheet = door.act("force-close", "supervisor")
    closed_at = sheet["closed_at"]
    assert (sheet["state"], marks_of(sheet)) == ("closed", {"forced": 1})
    assert closed_at is not None
    assert door.offered("acceptor") == {"call-back", "reopen"}
    (form,) = [one for one in door.sheet("acceptor")["actions"] if one["name"] == "call-back"]
    field = form["fields"][1]
    assert field["choices"] == ["very_satisfied", "satisfied", "dissatisfied"]
    assert field["choice_labels"]["satisfied"] == {"zh": "满意", "en": "satisfied"}
    for wrong in ("glad", "", 7, ["satisfied"], None):
        assert door.ask("call-back", door.who("acceptor"), satisfaction=wrong).status_code == 422
    sheet = door.act("call-back", "acceptor", satisfaction="dissatisfied")
    assert (door.told()["chosen"], sheet["closed_at"]) == (
        {"satisfaction": "dissatisfied"}, closed_at,
    )  # fmt: skip
    sheet = door.act("reopen", "acceptor")
    assert (sheet["state"], sheet["closed_at"], marks_of(sheet)) == ("filed", None, {"reopened": 1})
    assert [clock["stage"] for clock in sheet["deadlines"]] == ["dispatch"]
    assert door.live.one("select stage from timer") == "dispatch"
    assert door.act("dispatch", "dispatcher")["state"] == "dispatched"


def test_a_department_appeals_for_a_late_case_and_two_supervisors_exempt_it(door: Door) -> None:
    admin = create_engine(driver_url(door.admin_url))
    with admin.begin() as connection:
        connection.execute(text("update condition set limit_text = '0.0001 紧急工作时'"))
        connection.execute(
            text("update installation set catalogue_version = catalogue_version + 1")
        )
    admin.dispose()
    eventually(lambda: door.limit_of("E0110-1") == "0.0001 紧急工作时")
    door.act("file", "acceptor")
    door.act("dispatch", "dispatcher")
    time.sleep(0.5)
    for action, role in [
        ("start", "handler"), ("feedback", "handler"), ("inspect-pass", "member"),
        ("close", "acceptor"),
    ]:  # fmt: skip
        closed = door.act(action, role)
    assert door.offered("handler") == {"appeal"}
    assert door.ask("appeal", door.who("handler"), reason="").status_code == 422
    sheet = door.act("appeal", "handler")
    assert (sheet["version"], sheet["closed_at"]) == (closed["version"], closed["closed_at"])
    assert door.ask("appeal", door.who("handler")).status_code == 409
    assert door.act("approve-appeal", "supervisor")["marks"]["appeal_reviewer"] == "a-supervisor"
    assert door.ask("approve-appeal", door.who("supervisor")).status_code == 403
    second = door.who("supervisor", subject="another")
    answer = door.ask("approve-appeal", second)
    assert answer.status_code == 200, answer.text
    assert door.told()["marks"] == {
        "appeal_approvals": 2, "appeal_reviewer": "another", "appealed": None, "exempt": 1,
    }  # fmt: skip
    assert answer.json()["closed_at"] == closed["closed_at"]


def test_a_limit_is_extended_twice_and_no_more(door: Door) -> None:
    door.act("file", "acceptor")
    door.act("dispatch", "dispatcher")
    door.act("start", "handler")
    due = [door.sheet()["due_at"]]
    assert door.ask("request-extension", door.who("handler"), reason="").status_code == 422
    assert door.ask("approve-extension", door.who("dispatcher")).status_code == 409
    door.act("request-extension", "handler")
    door.act("refuse-extension", "dispatcher")
    for number in (1, 2):
        version = door.act("request-extension", "handler")["version"]
        sheet = door.act("approve-extension", "dispatcher")
        handle = {one["stage"]: one for one in sheet["deadlines"]}["handle"]
        assert (sheet["version"], handle["extensions"]) == (version + 1, number)
        due.append(sheet["due_at"])
    assert due[0] < due[1] < due[2]
    assert door.ask("request-extension", door.who("handler")).status_code == 409
    assert "request-extension" not in door.offered("handler")
