"""Metrics are those that are defined and described; /readyz and /healthz tell the truth."""

import json
import math
import os
import re
import socket
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parsed

from dispatch.api.recorder import IntakeRecorder
from dispatch.engine.ingest import Outcome
from dispatch.engine.recorder import EngineRecorder
from dispatch.process.heartbeat import Heartbeat
from dispatch.watching.definitions import ALL, METRICS, TABLE, Kind
from dispatch.watching.door import Post, open_door
from dispatch.watching.metrics import MOST_LABELS, Metrics
from streams.consumer import Batch
from streams.records import Partition, Record

ROOT = Path(__file__).parents[3]
DASHBOARD = ROOT / "docker" / "grafana" / "wangge.json"
OF_THE_CLIENT = {"process_cpu_seconds_total", "process_resident_memory_bytes"}


def values(metrics: Metrics) -> dict[str, float]:
    """Every sample by its name with labels, without those of the process."""
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in parsed(metrics.text().decode())
        for sample in family.samples
        if not family.name.startswith("process_")
    }


def described() -> dict[str, tuple[str, str]]:
    """What docs/metrics.md has in its table: roles and meaning of each metric with its labels."""
    rows = re.findall(
        r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$",
        (ROOT / "docs" / "metrics.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert all(todo.strip() for *_, todo in rows)
    return {name: (roles, meaning.strip()) for name, roles, meaning, _ in rows}


def test_the_docs_describe_exactly_the_metrics_that_are_defined() -> None:
    defined = {}
    for metric in TABLE:
        labels = "{" + ",".join(metric.labels) + "}" if metric.labels else ""
        roles = "all" if metric.roles == ALL else ", ".join(sorted(metric.roles))
        defined[metric.name + labels] = (roles, metric.meaning)
    assert described() == defined


def test_the_figures_that_the_reliability_notes_ask_for_are_there() -> None:
    asked = (
        "ingest_requests_total ingest_inflight consumer_lag_records consumer_lag_seconds "
        "batch_seconds batch_size duplicates_total dead_letters_total fenced_batches_total "
        "outbox_oldest_seconds outbox_rows timer_lateness_seconds timers_pending "
        "transition_total feed_clients feed_dropped_total db_oldest_xact_seconds "
        "chain_verify_failures_total"
    ).split()
    assert set(asked) <= METRICS.keys()


def test_no_label_names_a_case_a_report_or_a_person() -> None:
    allowed = set(
        "code reason definition trigger result partition effect where class district".split()
    )
    assert {label for metric in TABLE for label in metric.labels} <= allowed


KEYWORDS = {"by", "without", "on", "ignoring", "and", "or", "unless", "offset", "le"}


def names_in(expression: str) -> set[str]:
    """The metrics that a query names; a small grammar is enough for ours."""
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(?:by|without)\s*\([^)]*\)", " ", expression)
    found = re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*(?!\w|\s*\()", bare)
    return set(found) - KEYWORDS


def series() -> set[str]:
    found = set(OF_THE_CLIENT)
    for metric in TABLE:
        spread = metric.kind is Kind.HISTOGRAM
        found |= {metric.name + end for end in ("_bucket", "_sum", "_count")} if spread else set()
        found |= set() if spread else {metric.name}
    return found


def test_every_panel_of_the_dashboard_asks_for_defined_metrics_and_all_are_asked_for() -> None:
    dashboard = json.loads(DASHBOARD.read_text("utf-8"))
    asked: set[str] = set()
    for panel in dashboard["panels"]:
        assert panel["title"]
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            names = names_in(target["expr"])
            assert names, target["expr"]
            assert names <= series(), target["expr"]
            asked |= names
    shown = {name for name in METRICS if any(one.startswith(name) for one in asked)}
    assert shown == METRICS.keys()
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in dashboard["panels"]]
    assert len(set(places)) == len(places)
    assert len({p["id"] for p in dashboard["panels"]}) == len(places)


def test_the_grammar_finds_an_undefined_metric() -> None:
    query = 'sum by (le, code) (rate(made_up_total{code="202"}[5m])) / ready'
    assert names_in(query) == {"made_up_total", "ready"}


@given(
    st.lists(st.floats(min_value=0, max_value=2000, allow_nan=False), max_size=60),
    st.lists(st.integers(0, 30), max_size=5),
)
def test_a_histogram_counts_every_value_once_however_it_comes(
    late: list[float], cuts: list[int]
) -> None:
    metrics = Metrics("clock")
    bounds = [0, *sorted(min(cut, len(late)) for cut in cuts), len(late)]
    for start, end in pairwise(bounds):
        metrics.observe("timer_lateness_seconds", late[start:end])
    found = values(metrics)
    for bound in (*METRICS["timer_lateness_seconds"].buckets, math.inf):
        name = "+Inf" if bound == math.inf else str(bound)
        below = sum(value <= bound for value in late)
        assert found[f"timer_lateness_seconds_bucket {name}"] == below
    assert found["timer_lateness_seconds_count"] == len(late)
    assert found["timer_lateness_seconds_sum"] == pytest.approx(sum(late))


def test_a_metric_of_another_role_or_of_none_cannot_be_counted() -> None:
    with pytest.raises(KeyError):
        Metrics("engine").add("feed_dropped_total", 1, "slow")
    with pytest.raises(KeyError):
        Metrics("engine").add("made_up_total")
    with pytest.raises(KeyError):
        Metrics("engine").observe("fenced_batches_total", [1.0])


def test_what_a_batch_has_of_each_label_is_added() -> None:
    metrics = Metrics("relay")
    for batch in ({"431102": 2, "431103": 1}, {}, {"431103": 4}):
        metrics.add_each("events_published_total", batch)
    assert values(metrics) == {
        "events_published_total 431102": 2,
        "events_published_total 431103": 5,
    }


def test_labels_that_never_end_are_counted_together() -> None:
    metrics = Metrics("api")
    for number in range(MOST_LABELS + 50):
        metrics.add("ingest_requests_total", 1, str(number))
    found = {name: value for name, value in values(metrics).items() if "ingest_requests" in name}
    assert len(found) == MOST_LABELS + 1
    assert found["ingest_requests_total other"] == 50


def test_a_gauge_that_cannot_be_known_is_left_out_and_the_rest_is_shown() -> None:
    metrics = Metrics("relay")

    def fails() -> float:
        raise OSError("away")

    metrics.show("outbox_rows", fails)
    metrics.show("outbox_oldest_seconds", lambda: 3.0)
    assert values(metrics) == {"outbox_oldest_seconds": 3.0}


def record(number: int, offset: int, at_s: float) -> Record:
    return Record(partition=Partition("t", number), offset=offset, key=b"", value=b"", headers=(),
                  timestamp_ms=int(at_s * 1000))  # fmt: skip


def outcome(opened: Mapping[str, int], **counts: int) -> Outcome:
    zeros = dict.fromkeys(("attached", "duplicates", "known", "refused", "dead"), 0)
    return Outcome(**{**zeros, **counts}, dead_classes={}, opened_under=opened)


def test_lag_is_the_age_of_the_oldest_report_that_is_not_used() -> None:
    now = [1000.0]
    metrics = Metrics("engine")
    recorder = EngineRecorder(metrics, now=lambda: now[0])
    nothing = Batch(records=[], advances=[])
    first, second = Partition("t", 0), Partition("t", 1)
    assert values(metrics)["consumer_lag_seconds"] == 0
    recorder.polled(nothing, {first: 0, second: 0})
    assert values(metrics)["consumer_lag_records 1"] == 0

    batch = Batch(records=[record(0, 5, 990), record(0, 6, 995), record(1, 1, 998)], advances=[])
    recorder.polled(batch, {first: 3, second: 1})
    found = values(metrics)
    assert (found["consumer_lag_records 0"], found["consumer_lag_seconds"]) == (3, 10)
    now[0] = 1030
    assert values(metrics)["consumer_lag_seconds"] == 40  # it grows while nothing is used

    recorder.stored(batch, outcome({"d@1": 3}), 0.1)
    recorder.polled(nothing, {first: 1, second: 0})
    assert values(metrics)["consumer_lag_seconds"] == 35  # behind the last that was used
    recorder.polled(nothing, {first: 0, second: 0})
    assert values(metrics)["consumer_lag_seconds"] == 0
    recorder.polled(nothing, {second: 2})  # what came meanwhile is as old as its first sight
    now[0] = 1033
    found = values(metrics)
    assert found["consumer_lag_seconds"] == 3
    assert "consumer_lag_records 0" not in found  # another engine has that partition now


def test_a_batch_is_counted_by_effect() -> None:
    metrics = Metrics("engine")
    recorder = EngineRecorder(metrics)
    batch = Batch(records=[record(0, n, 1) for n in range(9)], advances=[])
    told = outcome({"urban@1": 3, "social@1": 1}, attached=2, duplicates=3, known=1, refused=1)
    recorder.stored(batch, told, 0.2)
    recorder.fenced()
    found = values(metrics)
    assert found["reports_total opened"] == 4
    assert found["reports_total attached"] == 2
    assert found["duplicates_total batch"] == 2
    assert found["duplicates_total database"] == 1
    assert found["transition_total urban@1 done open"] == 3
    assert found["transition_total social@1 done open"] == 1
    assert found["fenced_batches_total"] == 1
    assert found["batch_size_sum"] == 9
    assert found["batch_seconds_bucket 0.25"] == 1


def test_lines_of_a_batch_count_as_reports_and_the_batch_itself_does_not() -> None:
    metrics = Metrics("api")
    recorder = IntakeRecorder(metrics)
    recorder.answered("/api/v1/reports", 202, 0.004)
    recorder.answered("/api/v1/reports/batch", 200, 0.2)
    recorder.lines([202, 202, 422])
    recorder.answered("/api/v1/reports/batch", 401, 0.001)
    found = values(metrics)
    assert found["ingest_requests_total 202"] == 3
    assert found["ingest_requests_total 422"] == 1
    assert found["ingest_requests_total 401"] == 1
    assert "ingest_requests_total 200" not in found
    assert found["ingest_seconds_count"] == 1


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return Post.of("clock", tmp_path)


def test_the_door_says_what_is_in_the_way(post: Post, tmp_path: Path) -> None:
    with open_door(post, "127.0.0.1", 0, tmp_path) as address:
        client = httpx.Client(base_url=f"http://{address}", trust_env=False)

        def ready() -> tuple[int, list[str], float]:
            answer = client.get("/readyz")
            found = values(post.metrics)["ready"]
            return answer.status_code, answer.json()["reasons"], found

        assert ready() == (503, ["waits for start"], 0)
        post.heartbeat.beat()
        assert ready() == (200, [], 1)
        post.heartbeat.beat("postgres")
        assert ready() == (503, ["waits for postgres"], 0)
        assert client.get("/healthz").status_code == 200
        post.heartbeat.stand_by("another process holds the lane")
        assert ready() == (503, ["another process holds the lane"], 0)
        assert client.get("/healthz").status_code == 200
        post.heartbeat.beat()
        post.heartbeat.turned = time.monotonic() - 31
        status, (reason,), _ = ready()
        assert (status, client.get("/healthz").status_code) == (503, 503)
        assert reason.startswith("its loop has not turned for 31 s")

        assert client.get("/metrics?x=1").text.startswith("# HELP")
        assert client.get("/metrics").headers["content-type"].startswith("text/plain; version=")
        assert client.get("/other").status_code == 404
        assert client.post("/metrics").status_code == 501
        client.close()


def test_a_target_file_lives_as_long_as_its_process(post: Post, tmp_path: Path) -> None:
    stale, other = tmp_path / "clock-999999999.json", tmp_path / "relay-999999999.json"
    stale.write_text("[]")
    other.write_text("[]")
    with open_door(post, "127.0.0.1", 0, tmp_path) as address:
        mine = tmp_path / f"clock-{os.getpid()}.json"
        assert set(tmp_path.glob("*.json")) == {mine, other}
        assert json.loads(mine.read_text()) == [{"targets": [address], "labels": {"role": "clock"}}]
    assert not mine.exists()


def test_a_role_that_cannot_be_watched_goes_on(
    post: Post, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with open_door(post, "127.0.0.1", port, tmp_path) as address:
            assert address is None
    assert list(tmp_path.glob("*.json")) == []
    assert "cannot be watched" in "".join(capsys.readouterr())


def test_a_caller_that_says_nothing_holds_nobody_up(post: Post, tmp_path: Path) -> None:
    with open_door(post, "127.0.0.1", 0, tmp_path) as address:
        assert address is not None
        host, _, port = address.partition(":")
        silent = [socket.create_connection((host, int(port))) for _ in range(5)]
        post.heartbeat.beat()
        assert httpx.get(f"http://{address}/readyz", trust_env=False, timeout=3).status_code == 200
        for one in silent:
            one.close()


def test_standing_by_is_forgotten_with_the_next_beat(tmp_path: Path) -> None:
    heartbeat = Heartbeat(tmp_path, "relay")
    heartbeat.stand_by("another process holds the lane")
    assert json.loads((tmp_path / "relay.json").read_text())["waiting_for"] is None
    heartbeat.beat()
    assert heartbeat.idle_because is None
