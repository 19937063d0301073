"""The whole way of a report, through the doors that users have."""

import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
import rfc8785

from tests.e2e.reporting import AT, a_report, act, attached_case, read_event
from tests.installation import Installation, bearer

# Other tests send reports about AT.
ALONE = {**AT, "lon": 111.5951, "lat": 26.4367}


def test_a_members_report_is_filed_dispatched_handled_inspected_and_closed(
    installation: Installation, http: httpx.Client
) -> None:
    member = installation.headers("member")
    sent = http.post("/reports", json=a_report(location=ALONE), headers=member)
    assert sent.status_code == 202
    answer = sent.json()
    areas = answer["areas"]
    assert (areas["city"], areas["district"]) == ("431100", "431103")
    assert areas["community"].startswith("431103")
    case = attached_case(http, answer)
    sheet = http.get(f"/cases/{case}", headers=installation.headers("supervisor")).json()
    assert sheet["state"] == "dispatched"
    assert sheet["condition"] == "E0110-1"
    assert sheet["reports"] == {"count": 1, "first": [answer["id"]]}
    (clock,) = [d for d in sheet["deadlines"] if d["stage"] == "handle"]
    assert (clock["limit"], clock["clock"]) == ("4 工作时", "working_hours")
    assert clock["breakdown"]

    department = sheet["department"]
    handler = bearer(installation.token("--role", "handler", "--department", department))
    assert act(http, handler, case, "start").json()["state"] == "handling"
    assert act(http, handler, case, "feedback", text="清理完毕").json()["state"] == "handled"
    # Invariant 7: the member who reported it does not inspect it.
    own = act(http, installation.headers("member"), case, "inspect-pass")
    assert own.status_code == 403
    other = bearer(installation.token("--role", "member", "--subject", "other"))
    assert act(http, other, case, "inspect-pass").json()["state"] == "inspecting"
    acceptor = installation.headers("acceptor")
    assert act(http, acceptor, case, "close").status_code == 422
    closed = act(http, acceptor, case, "close", closing_met=True)
    assert closed.json()["state"] == "closed"
    assert closed.json()["closed_at"] is not None
    check_history(installation, http, case, answer["id"])


def check_history(installation: Installation, http: httpx.Client, case: str, report: str) -> None:
    """Checks the chain with another implementation of RFC 8785 than the one that made it."""
    headers = installation.headers("auditor")
    events = http.get(f"/cases/{case}/events", headers=headers).json()["items"]
    previous = "0" * 64
    for number, event in enumerate(events, start=1):
        assert event["seq"] == number
        assert event["previous_hash"] == previous
        hashed = {k: event[k] for k in ("seq", "type", "at", "actor", "body", "previous_hash")}
        hashed["case"] = case
        previous = hashlib.sha256(b"\0" + rfc8785.dumps(hashed)).hexdigest()
        assert event["hash"] == previous
    named = [e["body"]["report"] for e in events if "report" in e["body"]]
    assert named == [report]
    assert events[0]["type"] == "wangge.case.opened.v1"
    assert events[0]["body"]["filing"]["rule"] == "trusted-source-one-condition-one-duty"
    assert events[-1]["body"]["state"] == "closed"


def test_the_same_report_again_has_no_second_effect_and_another_body_is_refused(
    installation: Installation, http: httpx.Client
) -> None:
    report = a_report(location={**AT, "lon": 111.62})
    headers = installation.headers("member")
    first = http.post("/reports", json=report, headers=headers)
    again = http.post("/reports", json=report, headers=headers)
    other = http.post("/reports", json={**report, "text": "different"}, headers=headers)
    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert first.json() == again.json()
    case = attached_case(http, first.json())
    sheet = http.get(f"/cases/{case}", headers=installation.headers("supervisor")).json()
    assert sheet["reports"]["first"].count(report["id"]) == 1


def test_a_report_nearby_joins_the_open_case(
    installation: Installation, http: httpx.Client
) -> None:
    place = {**AT, "lon": 111.6123, "lat": 26.4311}
    headers = installation.headers("member")
    first = http.post("/reports", json=a_report(location=place), headers=headers).json()
    case = attached_case(http, first)
    near = {**place, "lat": place["lat"] + 0.0001}
    second = http.post("/reports", json=a_report(location=near), headers=headers).json()
    assert attached_case(http, second) == case


def test_a_citizens_report_waits_in_the_acceptors_pool(
    installation: Installation, http: httpx.Client
) -> None:
    place = {**AT, "lon": 111.598, "lat": 26.445}
    sent = http.post(
        "/reports", json=a_report(location=place), headers=installation.headers("reporter")
    ).json()
    case = attached_case(http, sent)
    acceptor = installation.headers("acceptor")
    sheet = http.get(f"/cases/{case}", headers=acceptor).json()
    assert sheet["state"] == "reported"
    assert {"accept", "reject", "file"} <= {a["name"] for a in sheet["actions"]}
    stale = http.post(
        f"/cases/{case}/actions/accept",
        json={"version": sheet["version"] + 1},
        headers=acceptor,
    )
    assert stale.status_code == 409
    dispatcher = installation.headers("dispatcher")
    impossible = act(http, dispatcher, case, "dispatch", department="431103-urban")
    assert impossible.status_code == 409
    assert "accept" in impossible.json()["possible"]
    blank = act(http, acceptor, case, "reject", reason="  ")
    assert blank.status_code == 422
    assert blank.json()["errors"][0]["field"] == "reason"


BAD_BODIES: list[tuple[bytes, str]] = [
    (b"", "body"),
    (b"\xff\xfe{}", "body"),
    (b'{"category":"E0110"}', "location"),
    (b'{"category":"E0110","location":{"lon":26.4,"lat":111.6}}', "location.lat"),
    (b'{"category":"E0110","location":{"lon":121.9,"lat":30.2}}', "location"),
    (b'{"category":"X9","location":{"lon":111.6075,"lat":26.4203}}', "category"),
    (b'{"category":"E0110","location":{"lon":NaN,"lat":26.4}}', "location.lon"),
    (b'{"category":"E0110","location":{"lon":1e400,"lat":26.4}}', "location.lon"),
    (b'{"category":"E0110","location":{"lon":111.6,"lat":26.4},"text":"a\\u0000b"}', "text"),
    (b'{"category":"E0110","location":{"lon":111.6,"lat":26.4},"text":"\\ud800"}', "body"),
]


@pytest.mark.parametrize(("body", "field"), BAD_BODIES)
def test_a_malformed_report_gets_a_problem_that_names_the_field(
    installation: Installation, http: httpx.Client, body: bytes, field: str
) -> None:
    headers = {
        **installation.headers("gateway"),
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid.uuid4()),
    }
    found = http.post("/reports", content=body, headers=headers)
    assert found.status_code == 422, found.text
    assert found.headers["content-type"] == "application/problem+json"
    assert field in {error["field"] for error in found.json()["errors"]}
    line = body.replace(b"{", b'{"id":"%s",' % str(uuid.uuid4()).encode(), 1)
    if line.strip():
        batch = http.post(
            "/reports/batch",
            content=line + b"\n",
            headers={**headers, "Content-Type": "application/x-ndjson"},
        )
        assert json.loads(batch.text)["status"] == 422


def test_times_sizes_types_and_tokens_are_checked(
    installation: Installation, http: httpx.Client
) -> None:
    headers = installation.headers("member")
    ahead = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    late = http.post("/reports", json=a_report(observed_at=ahead), headers=headers)
    assert late.json()["errors"][0]["field"] == "observed_at"
    large = http.post("/reports", json=a_report(text="x" * 10_000_000), headers=headers)
    assert large.status_code == 413
    text = {**headers, "Content-Type": "text/plain"}
    assert http.post("/reports", content=b"hello", headers=text).status_code == 415
    assert http.post("/reports", json=a_report()).status_code == 401
    forged = {"Authorization": headers["Authorization"][:-6] + "AAAAAA"}
    assert http.post("/reports", json=a_report(), headers=forged).status_code == 401
    auditor = installation.headers("auditor")
    assert http.post("/reports", json=a_report(), headers=auditor).status_code == 403
    assert http.get("/cases", headers=installation.headers("reporter")).status_code == 403
    assert http.get("/cases?limit=0", headers=auditor).status_code == 422


def test_the_feed_says_hello_tells_a_new_case_and_resumes_without_loss(
    installation: Installation, http: httpx.Client
) -> None:
    headers = installation.headers("supervisor")
    with http.stream("GET", "/feed", headers=headers) as stream:
        lines = stream.iter_lines()
        hello = read_event(lines)
        assert hello["event"] == "hello"
        place = {**AT, "lon": 111.633, "lat": 26.4522}
        sent = http.post(
            "/reports", json=a_report(location=place), headers=installation.headers("member")
        ).json()
        told = read_event(lines)
        while json.loads(told["data"])["body"].get("report") != sent["id"]:
            told = read_event(lines)
        assert told["event"] == "wangge.case.opened.v1"
    with http.stream("GET", "/feed", headers={**headers, "Last-Event-ID": hello["id"]}) as stream:
        lines = stream.iter_lines()
        resumed = read_event(lines)
        while "report" not in json.loads(resumed["data"]).get("body", {}):
            resumed = read_event(lines)
        assert json.loads(resumed["data"])["body"]["report"] == sent["id"]
        assert resumed["id"] == told["id"]
    with http.stream("GET", "/feed", headers={**headers, "Last-Event-ID": "9~x:1"}) as stream:
        assert read_event(stream.iter_lines())["event"] == "reset"


def test_status_speaks_json_and_audit_finds_an_edited_row(
    installation: Installation, http: httpx.Client
) -> None:
    told = installation.wangge("status", "--json")
    assert told.returncode == 0, told.stderr
    status = json.loads(told.stdout)
    names = {process["name"] for process in status["processes"]}
    assert {"postgres", "kafka", "api", "engine", "clock", "relay"} <= names
    assert isinstance(status["open_cases"], int)
    clean = installation.wangge("audit", "verify", "--json")
    assert clean.returncode == 0, clean.stdout
    place = {**AT, "lon": 111.641, "lat": 26.4411}
    sent = http.post(
        "/reports", json=a_report(location=place), headers=installation.headers("member")
    ).json()
    case = attached_case(http, sent)
    with psycopg.connect(installation.admin_url) as owner:
        owner.execute("update case_event set actor = 'somebody' where case_id = %s", [case])
    broken = installation.wangge("audit", "verify", "--json")
    with psycopg.connect(installation.admin_url) as owner:
        owner.execute("update case_event set actor = 'system:engine' where case_id = %s", [case])
    assert broken.returncode == 1
    (found,) = json.loads(broken.stdout)["broken"]
    assert (found["id"], found["seq"]) == (case, 1)


def test_the_service_role_can_neither_change_nor_remove_history(
    installation: Installation,
) -> None:
    with psycopg.connect(installation.database_url) as service:
        tables = service.execute(
            "select inhrelid::regclass::text from pg_inherits "
            "where inhparent = 'case_event'::regclass"
        ).fetchall()
        assert len(tables) >= 24
        for (table,) in [("case_event",), *tables]:
            for right in ("update", "delete", "truncate"):
                held = service.execute(
                    "select has_table_privilege(current_user, %s, %s)", [table, right]
                ).fetchone()
                assert held == (False,), (table, right)
