"""The operator's remedies, each seen working on real Kafka and PostGIS."""

import json
import threading
from collections.abc import Sequence

import orjson
import pytest
from kafka import KafkaAdminClient, TopicPartition

from dispatch.roles.topics import ensure_topics
from streams.kafka import KafkaAdmin, KafkaTailReader
from streams.records import Record
from tests.integration.dispatch.conftest import Located
from tests.integration.dispatch.live import Live
from tests.waiting import eventually

OTHER = (111.6200, 26.2250)  # in the district 431102


def events_of(records: list[Record]) -> list[tuple[str, int]]:
    values = [orjson.loads(record.value or b"") for record in records]
    return [(value["case"], value["seq"]) for value in values]


def test_a_malformed_record_is_set_aside_mirrored_without_its_body_and_put_in_again(
    live: Live, located: Located
) -> None:
    live.start("engine")
    live.start("relay")
    report = located(category="X9999", text="张三 13800138000")
    live.send(report, located(lat=26.4300))
    eventually(lambda: live.count("report") == 1 and live.count("dead_letter") == 1)

    (listed,) = json.loads(live.wangge("deadletters", "list", "--json").stdout)
    assert (listed["report"], listed["class"]) == (report.id, "malformed")
    assert "X9999" in listed["reason"]
    assert report.id in live.wangge("deadletters", "list").stdout.replace("\n", "")
    topic = live.settings.deadletters_topic
    eventually(lambda: live.one("select count(mirrored_at) from dead_letter") == 1)
    (mirror,) = live.read(topic)
    value = orjson.loads(mirror.value or b"")
    assert (value["id"], value["report"]) == (listed["id"], report.id)
    assert not any(word in (mirror.value or b"") for word in ("张三".encode(), b"13800138000"))

    # While the cause is there, a retry makes another dead letter, and no effect.
    assert live.wangge("deadletters", "retry").returncode == 0
    eventually(lambda: live.count("dead_letter") == 2)
    # The cause is gone: the category is in the catalogue now.
    live.one("""insert into category (code, standard, kind, standard_code, name_zh, name_en,
        class_zh, class_en, line, certainty) values ('X9999', 'test', 'event', '9999', '新',
        'new', '新', 'new', 'urban_management', 'sure') returning code""")
    live.one("update installation set catalogue_version = catalogue_version + 1 returning epoch")

    def put_in_again_has_an_effect() -> bool:
        assert live.wangge("deadletters", "retry").returncode == 0
        return bool(live.one("select count(*) from report where id = :id", id=report.id))

    eventually(put_in_again_has_an_effect)
    eventually(lambda: live.one("select count(*) from dead_letter where retried_at is null") == 0)
    assert live.one("select report_count from \"case\" where category = 'X9999'") == 1
    live.send(report)
    live.send(located(lat=26.4500))
    eventually(lambda: live.count("report") == 3)
    assert live.one("select count(*) from report where id = :id", id=report.id) == 1
    assert json.loads(live.wangge("deadletters", "list", "--json").stdout) == []


@pytest.mark.parametrize("running", [True, False], ids=["seen live", "seen at the start"])
def test_a_topic_made_again_stops_the_engine_until_an_operator_accepts_it(
    live: Live, located: Located, running: bool
) -> None:
    engine = live.start("engine")
    live.send(*(located() for _ in range(4)))
    eventually(lambda: live.count("report") == 4)
    if not running:
        engine.end()
    admin = KafkaAdmin(live.settings.kafka_servers)
    topic = live.settings.reports_topic
    admin.delete_topics([topic])
    eventually(lambda: topic not in admin.topic_ids([topic]))
    admin.close()
    ensure_topics(live.settings)
    # In the same partition, and more than were read of the old topic: there is something to skip.
    later = [located() for _ in range(12)]
    live.send(*later)
    if not running:
        live.start("engine")

    said = eventually(
        lambda: (words := live.waits_for("engine")) and words.startswith("operator") and words
    )
    assert f"topic {topic}" in said
    assert "wangge offsets accept-new-topic" in said
    assert live.count("report") == 4

    accepted = live.wangge("offsets", "accept-new-topic")
    assert accepted.returncode == 0, accepted.stderr
    eventually(lambda: live.count("report") == 16)
    assert live.one("select max(next_offset) from consumed_offset") == 12
    eventually(lambda: live.waits_for("engine") is None)


def test_reports_deleted_before_they_were_read_stop_the_engine_until_the_loss_is_accepted(
    live: Live, located: Located
) -> None:
    engine = live.start("engine")
    live.send(*(located() for _ in range(3)))
    eventually(lambda: live.count("report") == 3)
    engine.end()
    live.send(*(located() for _ in range(5)))
    number = live.one("select partition from consumed_offset where next_offset = 3")
    delete_records(live, live.settings.reports_topic, 6, number)
    live.start("engine")
    said = eventually(
        lambda: (words := live.waits_for("engine")) and words.startswith("operator") and words
    )
    assert "wangge offsets accept-loss" in said
    accepted = live.wangge("offsets", "accept-loss").stdout
    assert f"/{number}: offsets 3 to 5 are lost\n3 records are given up" in accepted
    eventually(lambda: live.count("report") == 5)


def test_republish_sends_each_event_again_to_the_topic_of_its_district_at_that_moment(
    live: Live, located: Located
) -> None:
    relay = live.start("relay")
    live.start("engine")
    live.send(located())
    eventually(lambda: live.count("report") == 1 and live.count("outbox") == 0)
    move_case(live)
    eventually(lambda: live.count("outbox") == 0)
    case = str(live.one('select id from "case"'))
    left, entered = live.settings.cases_topic("431103"), live.settings.cases_topic("431102")
    assert events_of(live.read(left)) == [(case, 1), (case, 2)]
    assert events_of(live.read(entered)) == [(case, 2), (case, 3)]

    relay.end()
    moment = live.one("select to_char(at, 'YYYY-MM-DD HH24:MI:SS') from case_event where seq = 1")
    said = live.wangge("relay", "republish", "--since", moment)
    assert said.stdout == "4 events are on their way again\n", said.stderr
    live.start("relay")
    eventually(lambda: live.count("outbox") == 0)
    assert events_of(live.read(left)) == [(case, 1), (case, 2)] * 2
    assert events_of(live.read(entered)) == [(case, 2), (case, 3)] * 2


def move_case(live: Live) -> None:
    """Relocates the only case to the other demo district, and urges it there."""
    with live.start_api() as api:
        key = live.one('select number from "case"')
        for name, fields in (
            ("relocate", {"location": {"lon": OTHER[0], "lat": OTHER[1]}, "reason": "地址有误"}),
            ("urge", {}),
        ):
            version = live.one('select version from "case"')
            answer = api.post(
                f"/cases/{key}/actions/{name}",
                json={"version": version, **fields},
                headers=live.token("dispatcher"),
            )
            assert answer.status_code == 200, answer.text


def test_restore_mark_raises_the_epoch_and_readers_of_the_feed_are_told_to_load_anew(
    live: Live, located: Located
) -> None:
    live.start("engine")
    live.start("relay")
    with live.start_api() as api, live.follow(api) as stream:
        hello = stream.next()
        assert json.loads(hello["data"])["epoch"] == 1
        assert live.wangge("restore-mark").stdout.startswith("the epoch is now 2;")
        assert stream.next()["event"] == "reset"
        with live.follow(api, hello["id"]) as resumed:
            assert resumed.next()["event"] == "reset"
        live.send(located())
        told = stream.next()
        assert told["event"] == "wangge.case.opened.v1"
        assert told["id"].startswith("2~")
        assert json.loads(told["data"])["epoch"] == 2


def test_a_feed_position_past_retention_of_an_unknown_topic_or_ahead_is_reset(
    live: Live, located: Located
) -> None:
    live.start("engine")
    live.start("relay")
    small = live.settings.model_copy(update={"feed_ring": 10})
    live.settings = small
    with live.start_api() as api:
        with live.follow(api) as stream:
            start = stream.next()["id"]
        live.send(*(located(lat=26.42 + n / 500) for n in range(30)))
        eventually(lambda: live.count("report") == 30 and live.count("outbox") == 0)
        with live.follow(api, start) as stream:
            # More than the ring holds: read back from Kafka, nothing lost.
            told = [stream.next() for _ in range(31)]
            assert sorted(one["event"] for one in told)[:1] == ["hello"]
            assert len({one["data"] for one in told}) == 31
            last = next(one["id"] for one in reversed(told) if "id" in one)
        delete_records(live, live.settings.cases_topic("431103"), 7)
        unknown = start.replace("431103-", "431199-")
        ahead = last.rpartition(":")[0] + ":999999"
        for position in (start, unknown, ahead, "nonsense", "1~", "7~" + start.partition("~")[2]):
            with live.follow(api, position) as stream:
                assert stream.next()["event"] == "reset", position
        with live.follow(api, last) as stream:
            assert stream.next()["event"] == "hello"


def delete_records(live: Live, topic: str, before: int, number: int = 0) -> None:
    """What retention does in a month, at once."""
    admin = KafkaAdminClient(bootstrap_servers=live.settings.kafka_servers)
    admin.delete_records({TopicPartition(topic, number): before})
    admin.close()


def test_a_case_topic_made_again_resets_the_readers_and_is_followed_again(
    live: Live, located: Located, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The feed looks away meanwhile: where it had come to, the new topic has come to as well.
    reads = threading.Event()
    reads.set()
    poll = KafkaTailReader.poll

    def gated(reader: KafkaTailReader, timeout_s: float, limit: int) -> Sequence[Record]:
        reads.wait(30)
        return poll(reader, timeout_s, limit)

    monkeypatch.setattr("dispatch.api.following.KafkaTailReader.poll", gated)
    live.start("engine")
    live.start("relay")
    with live.start_api() as api, live.follow(api) as stream:
        hello = stream.next()
        live.send(located())
        assert stream.next()["event"] == "wangge.case.opened.v1"
        reads.clear()
        admin = KafkaAdmin(live.settings.kafka_servers)
        topic = live.settings.cases_topic("431103")
        admin.delete_topics([topic])
        eventually(lambda: topic not in admin.topic_ids([topic]))
        admin.close()
        ensure_topics(live.settings)
        live.send(located(lat=26.4300))
        eventually(lambda: live.count("report") == 2 and live.count("outbox") == 0)
        reads.set()
        assert stream.next()["event"] == "reset"
        with live.follow(api, hello["id"]) as resumed:
            assert resumed.next()["event"] == "reset"
        live.send(located(lat=26.4400))
        stream.until(lambda event: event["event"] == "wangge.case.opened.v1")
