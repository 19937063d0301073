"""The desk through its door: problems that explain themselves, whatever comes in."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.dispatch.conftest import Located
from tests.integration.dispatch.live import Live
from tests.waiting import eventually

JSON = {"Content-Type": "application/json"}
# What comes in for `feedback` on a case that is being handled; what is wrong with it.
BODIES: list[tuple[bytes, str]] = [
    (b"", "body"),
    (b"\xff\xfe", "body"),
    (b"[]", "body"),
    (b"{}", "version"),
    (b'{"version":2,"text":"a\\u0000b"}', "text"),
    (b'{"version":2,"text":"\\ud800"}', "body"),
    (b'{"version":2,"text":"ok","reason":"\\ud800"}', "body"),
    (b'{"version":2,"text":"ok","reason":"a\\u0000b"}', "reason"),
    (b'{"version":2,"text":"ok","extra":"\\udfff"}', "body"),
    (b'{"version":2,"\\ud800":1}', "body"),
    (b'{"version":2,"text":"   "}', "text"),
    (b'{"version":2,"text":"\\u200b"}', "text"),
    (b'{"version":2,"text":7}', "text"),
    (b'{"version":2,"text":"' + b"x" * 5000 + b'"}', "text"),
    (b'{"version":NaN,"text":"ok"}', "version"),
    (b'{"version":1e400,"text":"ok"}', "version"),
    (b'{"version":123456789012345678901234567890,"text":"ok"}', "version"),
    (b'{"version":2,"text":"ok","photos":[1e400]}', "photos"),
    (b'{"version":2,"text":"ok","photos":"abc"}', "photos"),
    (b'{"version":2,"text":"ok","another":NaN}', "another"),
    (b'{"version":2,"text":"ok","another":123456789012345678901234567890}', "another"),
    (b'{"version":2,"text":"ok","id":"no"}', "id"),
    (b'{"version":2,"text":"ok","another":' + b"[" * 20_000 + b"]" * 20_000 + b"}", "body"),
]


def errors_of(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {error["field"] for error in answer.json()["errors"]}


Door = tuple[httpx.Client, str, dict[str, str]]


@pytest.fixture
def desk(live: Live, located: Located) -> Iterator[Door]:
    """A client, the number of a dispatched case, and its handler's token."""
    live.start("engine")
    live.send(located())
    eventually(lambda: live.count("report") == 1)
    department = live.one('select department from "case"')
    with live.start_api() as api:
        number = live.one('select number from "case"')
        yield api, number, live.token("handler", department=department)


def test_malformed_actions_get_a_problem_that_names_the_field_and_change_nothing(
    live: Live, desk: Door
) -> None:
    api, key, handler = desk
    started = api.post(f"/cases/{key}/actions/start", json={"version": 1}, headers=handler)
    assert started.status_code == 200, started.text
    found = {}
    for body, field in BODIES:
        answer = api.post(
            f"/cases/{key}/actions/feedback", content=body, headers={**handler, **JSON}
        )
        named = set()
        if answer.status_code == 422:
            named = errors_of(answer)
        if field not in named:
            found[body[:60]] = (answer.status_code, named)
    assert found == {}
    large = b'{"version":2,"text":"' + b"x" * 100_000 + b'"}'
    answer = api.post(f"/cases/{key}/actions/feedback", content=large, headers={**handler, **JSON})
    assert answer.status_code == 413
    assert api.post(f"/cases/{key}/actions/feedback", content=b"\xff").status_code == 401
    assert live.count("case_event") == 2


QUERIES = [
    "/cases?q=%00", "/cases?state=%00", "/cases?department=%00", "/cases?after=%00",
    "/cases?after=WzEsMl0", "/cases?after=" + "A" * 400, "/cases?since=yesterday",
    "/cases?since=0001-01-01T00:00:00%2B14:00", "/cases?until=9999-12-31T23:59:59-14:00",
    "/cases?bbox=1,2,3", "/cases?bbox=nan,nan,nan,nan", "/cases?bbox=1e400,0,1,1",
    "/cases?limit=0", "/cases?limit=501", "/cases?limit=1e9", "/cases?overdue=perhaps",
    "/cases?district=431100", "/cases?bbox=-180,-90,180,90",
    "/cases/similar?lon=nan&lat=26&category=E0110", "/cases/similar?lon=111&lat=26&category=%00",
    "/cases/similar?lon=-180&lat=-90&category=E0110", "/cases/similar?lon=111&lat=26&category=X",
    "/areas?after=%00", "/areas?limit=x", "/feed?q=%00", "/photos/not-a-uuid",
    f"/photos/{uuid.uuid4()}?size=huge", f"/photos/{uuid.uuid4()}", f"/reports/{uuid.uuid4()}",
    "/cases/%00", "/cases/%00/events", "/cases/x/events?after=-1", "/nothing", "/cases/",
    "/cases?queue=%00", "/cases?queue=" + "x" * 300, "/workflows/%00", "/workflows?limit=0",
    "/cases?queue=urban_management.stage.handle&after=AA", "/calendars/%00", "/calendars?limit=x",
    "/calendars/yongzhou?year=0", "/calendars/yongzhou?year=1e9", "/calendars/yongzhou?year=10000",
]  # fmt: skip


def test_no_query_gets_a_500(live: Live, desk: Door) -> None:
    api, _key, _handler = desk
    headers = {**live.token("supervisor"), "Wangge-Receipt": "////"}
    answers = {query: api.get(query, headers=headers) for query in QUERIES}
    assert {q: a.status_code for q, a in answers.items() if a.status_code >= 500} == {}
    for query, answer in answers.items():
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", query


def test_likely_duplicates_are_told_nearest_first_with_their_distance(
    live: Live, desk: Door, located: Located
) -> None:
    api, number, _handler = desk
    live.send(located(lat=26.4212))  # 100 m north: too far to be the same trouble
    eventually(lambda: live.count("case") == 2)

    def similar(lat: float, category: str = "E0110") -> list[tuple[str, float]]:
        asked = {"lon": 111.6075, "lat": lat, "category": category}
        found = api.get("/cases/similar", params=asked, headers=live.token("acceptor")).json()
        return [(case["number"], case["distance_m"]) for case in found["items"]]

    ((nearest, away),) = similar(26.4204)
    assert (nearest, round(away)) == (number, 11)
    assert [name for name, _ in similar(26.42075)] == sorted(
        (name for name, _ in similar(26.42075)), key=dict(similar(26.42075)).__getitem__
    )
    assert similar(26.4204, "E0112") == []
    assert similar(26.5) == []


def test_what_is_not_there_not_allowed_or_not_possible_is_said(live: Live, desk: Door) -> None:
    api, key, handler = desk

    def act(name: str, who: dict[str, str], case: str = key, **fields: Any) -> httpx.Response:
        return api.post(f"/cases/{case}/actions/{name}", json=fields, headers=who)

    action = str(uuid.uuid4())
    first = act("start", handler, version=1, id=action)
    assert (first.status_code, first.json()["state"]) == (200, "handling")
    stale = act("start", handler, version=1)
    assert stale.status_code == 409
    assert stale.json()["version"] == 2
    (change,) = stale.json()["changed"]
    assert (change["actor"], change["type"]) == ("a-handler", "wangge.case.started.v1")
    impossible = act("start", handler, version=2)
    assert impossible.status_code == 409
    assert "feedback" in impossible.json()["possible"]
    assert "start" not in impossible.json()["possible"]
    assert act("feedback", handler, version=2, text="清理完毕").status_code == 200
    again = act("start", handler, version=1, id=action)
    assert again.content == first.content

    other = live.token("handler", department="431103-water")
    assert act("start", other, version=3).status_code == 404
    assert act("close", live.token("auditor"), version=3, closing_met=True).status_code == 403
    assert act("close", live.token("reporter"), version=3, closing_met=True).status_code == 403
    assert act("fly", live.token("acceptor"), version=3).status_code in {403, 409}
    for nowhere in ("YZ1999", str(uuid.uuid4()), "%00", "a%0ab", "x" * 3000):
        assert act("urge", live.token("supervisor"), case=nowhere, version=3).status_code == 404


def test_a_case_is_shown_as_it_stood_at_any_moment_since_its_opening(
    live: Live, desk: Door
) -> None:
    api, key, handler = desk
    supervisor = live.token("supervisor")

    def sheet(who: dict[str, str] = supervisor, **query: str) -> httpx.Response:
        return api.get(f"/cases/{key}", params=query, headers=who)

    first = sheet().json()
    photo = str(uuid.uuid4())
    api.post(f"/cases/{key}/actions/start", json={"version": 1}, headers=handler)
    fields = {"version": 2, "text": "清理完毕", "photos": [photo]}
    assert api.post(f"/cases/{key}/actions/feedback", json=fields, headers=handler).is_success
    events = api.get(f"/cases/{key}/events", headers=supervisor).json()["items"]
    opened, started, handled = (event["at"] for event in events)

    def without_now(sheet: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in sheet.items() if name not in {"actions", "as_of"}}

    then = sheet(as_of=opened).json()
    assert without_now(then) == without_now(first)
    assert (then["actions"], then["as_of"]) == ([], opened)
    assert without_now(sheet(as_of=handled).json()) == without_now(sheet().json())
    assert sheet(as_of=handled).json()["photos"] == [{"id": photo, "from": "feedback"}]
    between = sheet(as_of=started.replace("Z", "+00:00")).json()
    assert (between["state"], between["version"], between["photos"]) == ("handling", 2, [])
    assert between["due_at"] == first["due_at"]

    before = sheet(as_of="2020-01-01T00:00:00+08:00")
    assert before.status_code == 404
    assert f"was opened at {opened}" in before.json()["detail"]
    for wrong in (
        "", "now", "2026-11-25", "2026-11-25T08:00:00", "1764057600", "2026-13-25T08:00:00Z",
        "2026-11-25T08:00:00 08:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
        "2999-01-01T00:00:00Z", "\x00", "2026-11-25T08:00:60Z",
    ):  # fmt: skip
        assert errors_of(sheet(as_of=wrong)) == {"as_of"}, wrong
    # The same doors as the case itself.
    assert sheet(live.token("handler", department="431103-water"), as_of=opened).status_code == 404
    assert sheet(live.token("supervisor", scope="431102"), as_of=opened).status_code == 404
    assert sheet(live.token("reporter"), as_of=opened).status_code == 403
    assert api.get(f"/cases/{key}", params={"as_of": opened}).status_code == 401


def test_one_action_on_a_selection_answers_for_each_case(
    live: Live, desk: Door, located: Located
) -> None:
    api, key, _ = desk
    live.send(located(lat=26.4280))
    eventually(lambda: live.count("case") == 2)
    other = str(live.one('select id from "case" where number <> :key', key=key))
    who = live.token("supervisor")

    def ask(*cases: Any, action: str = "instruct", **fields: Any) -> httpx.Response:
        return api.post(f"/actions/{action}", json={"cases": cases, **fields}, headers=who)

    chosen = [
        {"case": key, "version": 1, "id": str(uuid.uuid4())},
        {"case": "YZ1999", "version": 1},
        {"case": other, "version": 7},
    ]
    answer = ask(*chosen, text="三日内办结")
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [one["status"] for one in items] == [200, 404, 409]
    assert [one["case"] for one in items] == [key, "YZ1999", other]
    assert (items[0]["number"], items[0]["state"], items[0]["version"]) == (key, "dispatched", 1)
    assert items[2]["problem"]["type"] == "urn:wangge:problem:stale"
    assert ask(*chosen, text="三日内办结").json()["items"][0] == items[0]
    told = "select count(*) from case_event where type like '%instructed%'"
    assert live.one(told) == 1
    assert ask({"case": other, "version": 1}).json()["items"][0]["problem"]["errors"] == [
        {"field": "text", "reason": "is required"}
    ]
    assert errors_of(ask()) == {"cases"}
    assert errors_of(ask(*[{"case": str(n), "version": 1} for n in range(201)])) == {"cases"}
    assert errors_of(ask({"case": key, "version": 1}, {"case": key, "version": 1})) == {"body"}
    assert errors_of(ask({"case": key})) == {"cases.0.version"}
    assert errors_of(ask({"case": "\0", "version": 1})) == {"cases.0.case"}
    assert api.post("/actions/urge", json={"cases": []}).status_code == 401


def test_a_desk_is_handed_over_at_the_change_of_shifts(live: Live, located: Located) -> None:
    live.start("engine")
    live.send(*(located(lat=26.4203 + n / 100, source="public") for n in range(3)))
    eventually(lambda: live.count("case") == 3)
    early, late = live.token("acceptor", subject="early"), live.token("acceptor", subject="late")
    with live.start_api() as api:
        listed = api.get("/cases", headers=early).json()["items"]
        keys = [one["number"] for one in listed]

        def act(action: str, key: str, who: dict[str, str], **fields: Any) -> httpx.Response:
            fields = {"version": fields.pop("version", 1), **fields}
            return api.post(f"/cases/{key}/actions/{action}", json=fields, headers=who)

        assert act("accept", keys[0], early).status_code == 200
        assert act("accept", keys[1], early).status_code == 200
        refused = act("file", keys[0], late, version=2, condition="E0110-1")
        assert (refused.status_code, set(refused.json()["refusal"])) == (403, {"zh", "en"})
        handed = api.post("/desk/hand-over", json={"account": "late"}, headers=early).json()
        assert sorted(one["number"] for one in handed["items"]) == sorted(keys[:2])
        assert ({one["status"] for one in handed["items"]}, handed["more"]) == ({200}, False)
        assert api.post("/desk/hand-over", json={"account": "late"}, headers=early).json() == {
            "items": [], "more": False,
        }  # fmt: skip
        assert act("file", keys[0], late, version=2, condition="E0110-1").status_code == 200
        for body in ({}, {"account": ""}, {"account": 7}, {"account": "x", "to": "y"}, []):
            assert api.post("/desk/hand-over", json=body, headers=early).status_code == 422
        supervisor = live.token("supervisor")
        answer = api.post("/desk/hand-over", json={"account": "late"}, headers=supervisor)
        assert answer.status_code == 403

        check_comparing(live, api, keys, early)


def check_comparing(live: Live, api: httpx.Client, keys: list[str], early: dict[str, str]) -> None:
    def act(action: str, **fields: Any) -> httpx.Response:
        body = {"version": 1, **fields}
        return api.post(f"/cases/{keys[2]}/actions/{action}", json=body, headers=early)

    compared = act("compare", other=keys[0], answer="same")
    assert (compared.status_code, compared.json()["version"]) == (200, 1)
    told = live.one("select body from case_event where type like '%.compared.%'")
    assert (told["compared_with"]["number"], told["chosen"]) == (keys[0], {"answer": "same"})
    (answer,) = compared.json()["compared"]
    assert (answer["number"], answer["answer"], answer["by"]) == (keys[0], "same", "early")
    similar = api.get(f"/cases/{keys[2]}/similar", headers=early).json()
    assert similar == {"items": [], "next": None}, "the others lie too far off"
    beyond = live.token("acceptor", scope="431102")
    assert api.get(f"/cases/{keys[2]}/similar", headers=beyond).status_code == 404
    for other in (keys[2], "YZ1999", None, 7):
        assert act("compare", other=other, answer="same").status_code == 422
