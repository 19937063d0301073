"""Roles at work are watched: what they count is what happened, and nobody is in their logs."""

import json
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed
from sqlalchemy import text

from dispatch.embedded.kafka import PrivateKafka
from dispatch.embedded.ports import free_port
from dispatch.embedded.postgres import PrivatePostgres
from dispatch.roles.topics import ensure_topics
from dispatch.storage.database import transaction
from dispatch.watching.definitions import TABLE, Kind
from tests.conftest import TestDatabase
from tests.integration.dispatch.conftest import AT, Located
from tests.integration.dispatch.live import Live
from tests.integration.dispatch.test_clock import SET_BACK
from tests.waiting import eventually

WORKERS = ("engine", "clock", "relay")
NDJSON = {"Content-Type": "application/x-ndjson"}


def targets(live: Live) -> dict[str, str]:
    """Where each role is watched, as Prometheus would find it."""
    found = {}
    for path in live.settings.targets_dir.glob("*.json"):
        (entry,) = json.loads(path.read_text())
        found[entry["labels"]["role"]] = f"http://{entry['targets'][0]}"
    return found


def scrape(url: str) -> dict[tuple[str, ...], float]:
    answer = httpx.get(f"{url}/metrics", trust_env=False, timeout=10)
    assert answer.status_code == 200
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in parsed(answer.text)
        for sample in family.samples
    }


def readiness(url: str) -> tuple[int, list[str]]:
    try:
        answer = httpx.get(f"{url}/readyz", trust_env=False, timeout=5)
        return answer.status_code, answer.json()["reasons"]
    except httpx.HTTPError as error:
        return 0, [repr(error)]


def report(number: int, **fields: Any) -> dict[str, Any]:
    place = {"lon": AT[0] + number * 0.002, "lat": AT[1], "accuracy_m": 8}
    return {"id": str(uuid.uuid4()), "category": "E0110", "location": place, **fields}


@pytest.fixture
def api(live: Live) -> Iterator[httpx.Client]:
    """An api process and, beside it, one of each worker."""
    live.settings = live.settings.model_copy(update={"port": free_port()})
    for role in ("api", *WORKERS):
        live.start_process(role)
    url = f"http://127.0.0.1:{live.settings.port}"
    eventually(lambda: set(targets(live)) == {"api", *WORKERS})
    for at in targets(live).values():
        eventually(lambda at=at: readiness(at) == (200, []))
    with httpx.Client(base_url=f"{url}/api/v1", timeout=15, trust_env=False) as client:
        yield client


def reports_come_in(live: Live, api: httpx.Client, located: Located) -> None:
    """Six that are accepted and one of them twice, three that are not, one poison, repeats."""
    member = live.token("member")
    first = report(0)
    for body in (first, first):
        assert api.post("/reports", json=body, headers=member).status_code == 202
    assert api.post("/reports", json={}, headers=member).status_code == 422
    assert api.post("/reports", json=first).status_code == 401
    lines = [json.dumps(report(n)) for n in range(1, 5)] + ["{}"]
    batch = api.post("/reports/batch", content="\n".join(lines), headers={**member, **NDJSON})
    assert batch.status_code == 200
    eventually(lambda: live.count("report") == 5)
    known = located()
    live.send(known, known, b"{}")
    eventually(lambda: live.count("dead_letter") == 1)
    live.send(known)


def desks_act(live: Live, api: httpx.Client) -> None:
    """One action that is done, one that is stale, two that there are not."""
    number, department = live.one(
        'select array[number, department] from "case" order by number limit 1'
    )
    handler = live.token("handler", department=department)
    for name, version, expected in (
        ("start", 1, {200}), ("start", 1, {409}), ("no-such-action", 2, {403, 409}),
        ("another", 2, {403, 409}),
    ):  # fmt: skip
        path = f"/cases/{number}/actions/{name}"
        answer = api.post(path, json={"version": version}, headers=handler)
        assert answer.status_code in expected, answer.text


def deadlines_pass(live: Live) -> None:
    with transaction(live.database) as connection:
        connection.execute(SET_BACK, {"days": 101})
        connection.execute(text("update timer set due_at = clock_timestamp(), rung = 0"))


def everything_is_done(live: Live, at: Mapping[str, str]) -> None:
    eventually(lambda: scrape(at["clock"])["timer_lateness_seconds_count",] >= 10)
    eventually(lambda: scrape(at["relay"])["outbox_rows",] == 0, within_s=90)
    eventually(lambda: scrape(at["clock"])["timers_pending",] == live.count("timer"), within_s=90)
    eventually(lambda: ("chain_verify_round_age_seconds",) in scrape(at["clock"]))


def test_what_happened_is_what_was_counted(live: Live, api: httpx.Client, located: Located) -> None:
    at = targets(live)
    reports_come_in(live, api, located)
    eventually(lambda: ("duplicates_total", "database") in scrape(at["engine"]))
    desks_act(live, api)
    deadlines_pass(live)
    everything_is_done(live, at)
    found = {role: scrape(url) for role, url in at.items()}

    door, definition = found["api"], "urban_management@2"
    expected = {
        ("ingest_requests_total", "202"): 6,
        ("ingest_requests_total", "422"): 2,
        ("ingest_requests_total", "401"): 1,
        ("ingest_seconds_count",): 4,
        ("duplicates_total", "intake"): 1,
        ("ingest_inflight",): 0,
        ("transition_total", definition, "done", "start"): 1,
        ("transition_total", definition, "stale", "start"): 1,
    }
    assert {key: door[key] for key in expected} == expected
    assert not any("no-such-action" in key or "another" in key for key in door)
    engine = found["engine"]
    assert engine["reports_total", "opened"] + engine.get(("reports_total", "attached"), 0) == 6
    assert engine["duplicates_total", "batch"] + engine["duplicates_total", "database"] == 2
    assert engine["dead_letters_total", "malformed"] == 1
    assert engine["batch_size_sum",] == 9
    assert sum(v for k, v in engine.items() if k[0] == "consumer_lag_records") == 0
    assert engine["consumer_lag_seconds",] == 0
    clock = found["clock"]
    # A day late after 100 days, and the rungs before it later still: all beyond ten minutes.
    assert clock["timer_lateness_seconds_bucket", "600.0"] == 0
    assert clock["timer_lateness_seconds_sum",] >= 10 * 3600
    assert clock["db_oldest_xact_seconds",] < 30
    assert found["relay"]["outbox_oldest_seconds",] == 0
    for role, samples in found.items():
        assert samples["ready",] == 1
        names = {key[0] for key in samples}
        for metric in TABLE:
            shown = any(name.startswith(metric.name) for name in names)
            counted = metric.labels and metric.kind is Kind.COUNTER
            assert shown == (role in metric.roles) or counted, (role, metric.name)


def test_who_waits_for_a_lane_or_a_partition_is_alive_and_says_that_it_is_not_ready(
    live: Live,
) -> None:
    first = live.start_process("clock")
    eventually(lambda: live.waits_for("clock") is None)
    (one,) = live.settings.targets_dir.glob("clock-*.json")
    live.start_process("clock")
    eventually(lambda: len(list(live.settings.targets_dir.glob("clock-*.json"))) == 2)
    (other,) = set(live.settings.targets_dir.glob("clock-*.json")) - {one}
    url = f"http://{json.loads(other.read_text())[0]['targets'][0]}"
    eventually(lambda: readiness(url) == (503, ["another process holds the lane"]))
    assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
    first.terminate()
    first.wait(20)
    eventually(lambda: readiness(url) == (200, []))
    assert not one.exists()


@pytest.fixture
def own_kafka(live: Live) -> Iterator[PrivateKafka]:
    """A Kafka of the test's own, which it may take away."""
    folder = Path(tempfile.mkdtemp(prefix="wangge-test-"))
    folder.chmod(0o755)
    server = PrivateKafka(folder, durable=False)
    server.prepare()
    server.start()
    try:
        server.wait_ready()
        live.settings = live.settings.model_copy(update={"kafka_servers": server.servers})
        ensure_topics(live.settings)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_readiness_follows_kafka_and_postgres_away_and_back(
    live: Live, own_kafka: PrivateKafka, api: httpx.Client, city: TestDatabase
) -> None:
    at = targets(live)
    own_kafka.stop()
    eventually(lambda: any("Kafka" in reason for reason in readiness(at["api"])[1]))
    assert readiness(at["api"])[0] == 503
    eventually(lambda: readiness(at["engine"]) == (503, ["waits for kafka"]))
    assert readiness(at["clock"]) == (200, [])
    eventually(lambda: live.waits_for("api") == "kafka")
    own_kafka.start()
    own_kafka.wait_ready()
    for role in ("api", *WORKERS):
        eventually(lambda role=role: readiness(at[role]) == (200, []), within_s=60)

    with psycopg.connect(city.admin_url, autocommit=True) as owner:
        owner.execute("alter role wangge_service connection limit 0")
        try:
            owner.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where usename = 'wangge_service' and datname = current_database()"
            )
            for role in ("clock", "relay"):
                eventually(lambda role=role: readiness(at[role]) == (503, ["waits for postgres"]))
            # Reports are still taken; what else is missing is said.
            stale = (200, ["desks cannot work: PostgreSQL does not answer"])
            eventually(lambda: readiness(at["api"]) == stale)
            sent = api.post("/reports", json=report(0), headers=live.token("member"))
            assert sent.status_code == 202
            assert "outbox_rows" not in {key[0] for key in scrape(at["relay"])}
        finally:
            owner.execute("alter role wangge_service connection limit -1")
    for role in ("api", *WORKERS):
        eventually(lambda role=role: readiness(at[role]) == (200, []), within_s=60)


NAME, PHONE = "欧阳静姝", "13987654321"
WRITTEN = "三楼阳台堆满纸箱"
ENGLISH = "Ouyang Jingshu left boxes on the balcony"


def people_say(live: Live, api: httpx.Client, tokens: dict[str, dict[str, str]]) -> list[str]:
    """Reports, reasons and feedback full of what a log must not hold; answers the receipts."""
    person = {"name": NAME, "phone": PHONE}
    receipts = []
    for number, told in enumerate((WRITTEN, ENGLISH, f"{NAME} {PHONE}")):
        body = report(number, text=told, contact=person)
        answer = api.post("/reports", json=body, headers=tokens["member"])
        receipts.append(answer.json()["receipt"])
        body = report(number + 10, text=told, on_behalf=person, source="hotline")
        assert api.post("/reports", json=body, headers=tokens["acceptor"]).status_code == 202
    eventually(lambda: live.count("report") == 6)
    number, department = live.one(
        'select array[number, department] from "case" where department is not null limit 1'
    )
    tokens["handler"] = live.token("handler", department=department)
    path = f"/cases/{number}/actions"
    started = {"version": 1, "reason": f"{NAME} {PHONE} {WRITTEN}"}
    assert api.post(f"{path}/start", json=started, headers=tokens["handler"]).status_code == 200
    looked = {"purpose": "other", "reason": f"{NAME} {PHONE}"}
    seen = api.post(f"/cases/{number}/contacts", json=looked, headers=tokens["handler"])
    assert PHONE in seen.text
    said = {"version": 2, "text": ENGLISH + WRITTEN}
    assert api.post(f"{path}/feedback", json=said, headers=tokens["handler"]).status_code == 200
    return receipts


def things_go_wrong(
    live: Live, api: httpx.Client, located: Located, city: TestDatabase, tokens: dict[str, Any]
) -> None:
    """A database that refuses a row and quotes it, a poisoned record, a request that fails."""
    refuse = f"alter table report add constraint no_boxes check (text not like '%{WRITTEN}!%')"
    with psycopg.connect(city.admin_url, autocommit=True) as owner:
        owner.execute(refuse.encode())
        live.send(located(text=f"{NAME} {PHONE}: {WRITTEN}!", subject=f"{NAME}"))
        slow = "select pg_sleep(2.1), cast(%s as text)"
        with psycopg.connect(city.url) as service:
            service.execute(slow, [f"{NAME} {ENGLISH}"])
        live.send(f'{{"text": "{ENGLISH} {PHONE}"}}'.encode())
        eventually(lambda: live.count("dead_letter") == 2)
        owner.execute("alter table case_text rename to case_text_away")
        try:
            number = live.one('select number from "case" order by number limit 1')
            broken = api.get(f"/cases/{number}/events", headers=tokens["supervisor"])
            assert broken.status_code == 500
            assert ENGLISH not in broken.text
        finally:
            owner.execute("alter table case_text_away rename to case_text")
    for bad in ({"text": 7, "contact": {"name": NAME, "phone": 8}}, {"text": "\0" + ENGLISH}):
        assert api.post("/reports", json=bad, headers=tokens["member"]).status_code == 422
    forged = tokens["member"]["Authorization"][:-4] + "AAAA"
    assert api.get("/cases", headers={"Authorization": forged}).status_code == 401


def test_no_log_of_a_running_role_holds_what_people_wrote_or_are_reached_by(
    live: Live,
    api: httpx.Client,
    located: Located,
    city: TestDatabase,
    postgres_server: PrivatePostgres,
) -> None:
    tokens = {role: live.token(role) for role in ("member", "acceptor", "supervisor")}
    receipts = people_say(live, api, tokens)
    things_go_wrong(live, api, located, city, tokens)
    for process in live.processes:
        process.terminate()
        process.wait(20)
    whole = "".join(path.read_text("utf-8") for path in live.settings.data_dir.glob("*.log"))
    lines = [json.loads(one) for one in whole.splitlines()]
    # What went wrong was told; only whom it was about was not.
    told = {one["event"] for one in lines}
    assert {"batch", "dead letter", "request failed"} <= told
    assert [one for one in lines if "withheld" in one] == []
    bearer = [header["Authorization"].split()[1] for header in tokens.values()]
    parts = [part for token in bearer for part in token.split(".")[1:]]
    secrets = [NAME, PHONE, WRITTEN, ENGLISH, "Ouyang", "阳台", *receipts, *parts]
    assert [one for one in secrets if one in whole] == []
    # Nor does the log of PostgreSQL, which told of the row that it refused.
    server = postgres_server.log.read_text("utf-8")
    assert "no_boxes" in server
    assert "pg_sleep(2.1)" in server
    assert [one for one in secrets if one in server] == []
    # What is mirrored to Kafka of a dead letter is as bare.
    reasons = live.one("select string_agg(reason, ' ') from dead_letter")
    assert [one for one in secrets if one in reasons] == []
    print(whole, reasons)
