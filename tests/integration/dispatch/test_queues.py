"""Queues of the desks, workflow definitions and calendars, through the real door."""

from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from dispatch.cases.access import Clause
from dispatch.catalogue.definitions import load_definitions
from dispatch.reading.cursors import BadCursor
from dispatch.reading.queueing import Waiting, count_queues, list_queue
from dispatch.reading.reading import Filters
from dispatch.storage.database import transaction
from tests.integration.dispatch.conftest import Feeder, Located
from tests.integration.dispatch.live import Live
from workflows.queues import Queue, queues_of

EVERYWHERE = Clause(sql="true")
QUEUES = {queue.name: queue for queue in queues_of(load_definitions().values())}
HANDLE = QUEUES["urban_management.stage.handle"]
ASKED = QUEUES["urban_management.mark.extension_asked"]
RETURNS = QUEUES["urban_management.mark.returns"]


def numbers(engine: Engine, queue: Queue, limit: int = 2) -> list[str]:
    """The case numbers of a queue, page by page."""
    found: list[str] = []
    after = None
    with transaction(engine) as connection:
        while True:
            cases, after = list_queue(
                connection, EVERYWHERE, queue, Filters(), limit=limit, after=after
            )
            found += [case.number for case in cases]
            if after is None:
                return found


def change(engine: Engine, number: str, change: str) -> None:
    with transaction(engine) as connection:
        connection.execute(
            text(f'update "case" set {change} where number = :number'),  # noqa: S608
            {"number": number},
        )


def test_a_queue_is_read_by_urgency_and_counted_with_its_late_ones(
    feeder: Feeder, located: Located, engine: Engine
) -> None:
    feeder.store(*(located(lon=111.60 + n * 0.004) for n in range(5)))
    first = numbers(engine, HANDLE)
    assert len(first) == 5
    change(engine, first[4], "due_at = now() - interval '1 hour'")
    change(engine, first[0], "due_at = null")
    change(engine, first[1], "due_at = null, state = 'closed', closed_at = now()")
    expected = [first[4], first[2], first[3], first[0]]
    for limit in (1, 2, 500):
        assert numbers(engine, HANDLE, limit) == expected
    change(engine, first[2], """marks = '{"extension_asked": 1, "appeal_reviewer": "x"}'""")
    change(engine, first[3], """marks = '{"returns": 2}'""")
    assert numbers(engine, ASKED) == [first[2]]
    with transaction(engine) as connection:
        counted = count_queues(connection, EVERYWHERE, QUEUES.values())
    assert counted[HANDLE.name] == Waiting(cases=4, late=1)
    assert counted[ASKED.name] == Waiting(cases=1, late=0)
    # Twice returned is not yet three times, and it lies with a department now.
    assert counted[RETURNS.name] == Waiting(cases=0, late=0)


@pytest.mark.parametrize("after", ["", "AA", "WzEsMl0", "eyJkdWUiOiA3LCAiaWQiOiAiMSJ9"])
def test_a_cursor_of_something_else_is_refused(engine: Engine, after: str) -> None:
    with transaction(engine) as connection, pytest.raises(BadCursor):
        list_queue(connection, EVERYWHERE, HANDLE, Filters(), limit=1, after=after)


def get(api: httpx.Client, path: str, who: dict[str, str], status: int = 200) -> httpx.Response:
    answer = api.get(path, headers=who)
    assert answer.status_code == status, answer.text
    return answer


def test_desks_see_their_queues_and_whoever_signs_in_definitions_and_calendars(
    live: Live, feeder: Feeder, located: Located
) -> None:
    feeder.store(located(), located(lon=111.62))
    feeder.store(located(lon=111.63, source="public", subject="r", reporter="r"))
    with live.start_api() as api:
        check_queues(api, live)
        check_own_tasks(api, live)
        check_choices(api, live)
        check_definitions(api, live.token("reporter"))
        check_calendars(api, live.token("reporter"))
        for path in ("/queues", "/workflows", "/calendars", "/calendars/yongzhou"):
            get(api, path, {}, 401)


def check_queues(api: httpx.Client, live: Live) -> None:
    dispatcher, handler = live.token("dispatcher"), live.token("handler", department="none")
    queues = {one["code"]: one for one in get(api, "/queues", dispatcher).json()["items"]}
    assert {"urban_management.stage.dispatch", ASKED.name} <= set(queues)
    assert queues[ASKED.name]["mark"] == "extension_asked"
    mine = get(api, "/queues", handler).json()["items"]
    assert ("handle", 0) in [(one["stage"], one["cases"]) for one in mine]
    get(api, "/queues", live.token("reporter"), 403)
    page = get(api, f"/cases?queue={HANDLE.name}&limit=1", dispatcher).json()
    clock = page["items"][0]["waiting"]
    assert clock["stage"] == "handle"
    assert clock["started_at"] < clock["soon_at"] < clock["due_at"]
    assert page["items"][0]["due_at"] == clock["due_at"]
    assert page["next"] is not None
    acceptor, pool = live.token("acceptor"), "/cases?queue=urban_management.stage.accept&owner="
    (free,) = get(api, f"{pool}nobody", acceptor).json()["items"]
    assert get(api, f"{pool}me", acceptor).json()["items"] == []
    took = {"version": free["version"]}
    assert api.post(f"/cases/{free['id']}/actions/accept", json=took, headers=acceptor).is_success
    assert [one["id"] for one in get(api, f"{pool}me", acceptor).json()["items"]] == [free["id"]]
    assert get(api, f"{pool}nobody", acceptor).json()["items"] == []
    other = live.token("acceptor", subject="another")
    assert get(api, f"{pool}me", other).json()["items"] == []
    get(api, f"{pool}you", acceptor, 422)
    wrong = get(api, "/cases?queue=nothing", dispatcher, 422).json()
    assert wrong["errors"][0]["field"] == "queue"


def check_own_tasks(api: httpx.Client, live: Live) -> None:
    member = live.token("member")
    everything = get(api, "/cases", member).json()["items"]
    assert get(api, "/cases?inspector=nobody", member).json()["items"] == everything
    assert get(api, "/cases?inspector=me", member).json()["items"] == []
    assert get(api, f"/cases?queue={HANDLE.name}&inspector=me", member).json()["items"] == []
    get(api, "/cases?inspector=you", member, 422)


def check_choices(api: httpx.Client, live: Live) -> None:
    """Forms are told the departments and districts that a case may be given to."""
    acceptor, dispatcher = live.token("acceptor"), live.token("dispatcher")
    (case,) = get(api, "/cases?state=accepted", acceptor).json()["items"]
    fields = fields_of(get(api, f"/cases/{case['id']}", dispatcher).json(), "transfer")
    districts = fields["district"]["choices"]
    assert len(districts) == 10
    assert case["areas"]["district"] not in districts
    filing = fields_of(get(api, f"/cases/{case['id']}", acceptor).json(), "file")["condition"]
    body = {"version": case["version"], "condition": filing["choices"][0]}
    filed = api.post(f"/cases/{case['id']}/actions/file", json=body, headers=acceptor)
    assert filed.status_code == 200, filed.text
    fields = fields_of(get(api, f"/cases/{case['id']}", dispatcher).json(), "joint-dispatch")
    assert fields["assistants"]["choices"] == fields["department"]["choices"] != []


def fields_of(sheet: dict[str, Any], action: str) -> dict[str, dict[str, Any]]:
    (found,) = [one for one in sheet["actions"] if one["name"] == action]
    return {field["name"]: field for field in found["fields"]}


def check_definitions(api: httpx.Client, who: dict[str, str]) -> None:
    key = "urban_management@2"
    assert key in [one["code"] for one in get(api, "/workflows", who).json()["items"]]
    answer = get(api, f"/workflows/{key}", who)
    sheet = answer.json()
    closed = {"code": "closed", "name": {"zh": "已结案", "en": "closed"}, "final": True}
    assert {**closed, "stage": None} in sheet["states"]
    (file,) = [one for one in sheet["actions"] if one["code"] == "file"]
    step = {"from": "reported", "to": "filed", "back": False, "roles": ["acceptor", "system"]}
    assert file["steps"][0] == step
    counts = {one["code"] for one in sheet["marks"] if one["counts"]}
    assert {"returns", "reopened"} <= counts
    assert "supervised" not in counts
    known = {**who, "If-None-Match": answer.headers["etag"]}
    assert api.get(f"/workflows/{key}", headers=known).status_code == 304
    assert key in get(api, "/workflows/none@1", who, 404).text


def check_calendars(api: httpx.Client, who: dict[str, str]) -> None:
    (row,) = get(api, "/calendars", who).json()["items"]
    assert (row["code"], row["current"]) == ("yongzhou", True)
    year = get(api, "/calendars/yongzhou?year=2026", who).json()
    assert len(year["days"]) == 365
    made_up = [one["day"] for one in year["days"] if one["kind"] == "make-up"]
    assert made_up[:2] == ["2026-01-04", "2026-02-14"]
    assert year["hours"][0]["from"] == "2026-01-01"
    first, last = year["hours"][-1]["spans"][0]
    assert first < last
    later = get(api, "/calendars/yongzhou?year=2030", who).json()["days"]
    assert all(one["provisional"] for one in later)
    far = get(api, "/calendars/yongzhou?year=2999", who, 422).json()
    assert far["errors"][0]["field"] == "year"
    assert "yongzhou" in get(api, "/calendars/none", who, 404).text
