"""Borders that change: previewed, in force everywhere at once, and followed only by command."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import Connection, Engine, text

from dispatch.api import following
from dispatch.cases.audit import Tally, verify
from dispatch.changing.borders import MapChanged, case_moves, move_cases
from dispatch.relay.outbox import republish
from dispatch.roles.topics import ensure_topics
from dispatch.storage.database import transaction
from grid.areas import load_map
from grid.importing.areas import export_areas, import_areas
from grid.moving import move_rows, register_moves
from streams.kafka import KafkaAdmin
from tests.districts import NEW, split_district
from tests.integration.dispatch.conftest import AT, Feeder, Located
from tests.integration.dispatch.live import Live
from tests.waiting import eventually

HERE, THERE = "431103", "431102"
ELSEWHERE = {"lon": 111.6200, "lat": 26.2250}  # in THERE


def quiet(_what: str, _done: int, _total: int) -> None:
    """A progress that nobody watches."""


def swapped(connection: Connection, folder: Path) -> Path:
    """A file in which two districts have changed their names for each other: their borders and
    their communities are each other's."""
    path = folder / "areas.geojson"
    export_areas(connection, path)
    document = json.loads(path.read_text())
    by_code = {f["properties"]["code"]: f for f in document["features"]}
    here, there = by_code[HERE], by_code[THERE]
    here["geometry"], there["geometry"] = there["geometry"], here["geometry"]
    other = {HERE: THERE, THERE: HERE}
    changed = [here, there]
    for feature in document["features"]:
        given = feature["properties"]
        if given["parent"] in other:
            given["parent"] = other[given["parent"]]
            changed.append(feature)
    path.write_text(json.dumps({**document, "features": changed}))
    return path


def bring(connection: Connection, path: Path, in_s: float) -> datetime:
    """Imports a map, and has it take effect so many seconds from now, which no import allows."""
    assert import_areas(connection, path, None, quiet).refused == ()
    moment = datetime.now(UTC) + timedelta(seconds=in_s)
    connection.execute(
        text("update map_version set effective_at = :at where version = 2"), {"at": moment}
    )
    return moment


def one(engine: Engine, query: str, **values: Any) -> Any:
    with transaction(engine) as connection:
        return connection.execute(text(query), values).scalar_one()


def rows(engine: Engine, query: str) -> list[Any]:
    with transaction(engine) as connection:
        return list(connection.execute(text(query)).all())


def state(engine: Engine) -> dict[str, list[Any]]:
    """Everything that a preview must not touch."""
    return {
        name: rows(engine, f'select * from "{name}" order by 1, 2')  # noqa: S608
        for name in ("case", "case_event", "outbox", "map_version", "part", "building", "dwelling")
    }


@pytest.fixture
def worked(feeder: Feeder, located: Located, engine: Engine) -> Engine:
    """An open case in HERE, one in THERE, and a closed one in HERE."""
    feeder.store(located(), located(**ELSEWHERE), located(lat=26.43, text="closed"))
    with transaction(engine) as connection:
        connection.execute(
            text("""update "case" set closed_at = now()
                where id = (select case_id from report where text = 'closed')""")
        )
    return engine


def test_open_cases_move_by_one_event_each_and_closed_ones_keep_the_map_of_their_day(
    worked: Engine, tmp_path: Path
) -> None:
    with transaction(worked) as connection:
        bring(connection, swapped(connection, tmp_path), -1)
        area_map = load_map(connection)
        moves = list(case_moves(connection, area_map))
        connection.execute(text("delete from outbox"))
    before = {row.id: row for row in rows(worked, 'select * from "case"')}
    assert [(m.old[1], m.new and m.new[1]) for m in moves if m.old[1] == HERE] == [(HERE, THERE)]
    assert len(moves) == 2
    assert move_cases(worked, area_map, moves, quiet) == 2
    for row in rows(worked, 'select * from "case"'):
        old = before[row.id]
        if row.closed_at is not None:
            assert row == old
            continue
        assert row.district == {HERE: THERE, THERE: HERE}[old.district]
        assert (row.community, row.state, row.department) == (
            old.community, old.state, old.department,
        )  # fmt: skip
        assert (row.version, row.seq, row.map_version) == (old.version + 1, old.seq + 1, 2)
        body = one(worked, "select body from case_event where case_id = :id and seq = :seq",
                   id=row.id, seq=row.seq)  # fmt: skip
        assert body["was_place"]["areas"]["district"] == old.district
        assert (body["areas"]["district"], body["map_version"]) == (row.district, 2)
        assert body["was_place"]["map_version"] == 1
    topics = rows(worked, "select topic_district, case_id, first_seq, last_seq from outbox")
    assert len(topics) == 4
    assert {topic.topic_district for topic in topics} == {HERE, THERE}
    with transaction(worked) as connection:
        # The closed one was closed by hand, of which its history says nothing.
        for row in connection.execute(text('select id from "case" where closed_at is null')):
            assert [found.wrong for found in verify(connection, Tally(), row.id)] == []


def test_moving_twice_moves_once(worked: Engine, tmp_path: Path) -> None:
    with transaction(worked) as connection:
        bring(connection, swapped(connection, tmp_path), -1)
        area_map = load_map(connection)
        moves = list(case_moves(connection, area_map))
    assert move_cases(worked, area_map, moves, quiet) == 2
    after = state(worked)
    assert move_cases(worked, area_map, moves, quiet) == 0
    with transaction(worked) as connection:
        assert list(case_moves(connection, area_map)) == []
    assert state(worked) == after


def test_a_map_that_is_no_longer_in_force_moves_nothing(worked: Engine, tmp_path: Path) -> None:
    with transaction(worked) as connection:
        old = load_map(connection)
        moves = list(case_moves(connection, old))
        bring(connection, swapped(connection, tmp_path), -1)
        moves = list(case_moves(connection, load_map(connection)))
    before = state(worked)
    with pytest.raises(MapChanged, match="run the command again"):
        move_cases(worked, old, moves, quiet)
    assert state(worked) == before


def test_a_moved_case_is_published_again_in_both_districts(worked: Engine, tmp_path: Path) -> None:
    with transaction(worked) as connection:
        bring(connection, swapped(connection, tmp_path), -1)
        area_map = load_map(connection)
        moves = list(case_moves(connection, area_map))
    move_cases(worked, area_map, moves, quiet)
    with transaction(worked) as connection:
        connection.execute(text("delete from outbox"))
        republish(connection, datetime(2020, 1, 1, tzinfo=UTC))
    found = Counter(row.seq for row in rows(worked, "select first_seq as seq from outbox"))
    assert found == {1: 3, 2: 4}


def halves(connection: Connection, folder: Path) -> tuple[Path, str, str]:
    """A file in which two neighbouring communities have exchanged their ground."""
    path = folder / "areas.geojson"
    export_areas(connection, path)
    features = json.loads(path.read_text())["features"]
    owner = connection.execute(
        text("select community from part group by 1 order by count(*) desc, 1 limit 1")
    ).scalar_one()
    mine = next(f for f in features if f["properties"]["code"] == owner)
    other = next(
        f for f in features
        if f["properties"]["parent"] == mine["properties"]["parent"]
        and f["properties"]["code"] != owner and f["properties"]["level"] == "community"
    )  # fmt: skip
    mine["geometry"], other["geometry"] = other["geometry"], mine["geometry"]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [mine, other]}))
    return path, owner, other["properties"]["code"]


def test_parts_and_housing_move_with_their_ground(engine: Engine, tmp_path: Path) -> None:
    with transaction(engine) as connection:
        assert register_moves(connection, load_map(connection)) == []
        path, owner, other = halves(connection, tmp_path)
        bring(connection, path, -1)
        expected = connection.execute(
            text("select count(*) from part where community in (:a, :b)"), {"a": owner, "b": other}
        ).scalar_one()
        moves = register_moves(connection, load_map(connection))
        parts = [move for move in moves if move.register == "parts"]
        assert {(move.old, move.new) for move in parts} <= {(owner, other), (other, owner)}
        assert len(parts) == expected > 0
        assert move_rows(connection, moves) == len(moves)
        assert register_moves(connection, load_map(connection)) == []


def test_a_part_that_the_register_put_beside_its_ground_stays_there(
    engine: Engine, tmp_path: Path
) -> None:
    with transaction(engine) as connection:
        path, owner, other = halves(connection, tmp_path)
        stray = connection.execute(
            text("""select code, community from part where community not in (:a, :b)
                order by code limit 1"""),
            {"a": owner, "b": other},
        ).one()
        beside = connection.execute(
            text("select community from part where community not in (:a, :b, :c) limit 1"),
            {"a": owner, "b": other, "c": stray.community},
        ).scalar_one()
        values = {"beside": beside, "code": stray.code}
        connection.execute(text("update part set community = :beside where code = :code"), values)
        bring(connection, path, -1)
        moves = register_moves(connection, load_map(connection))
        assert stray.code not in {move.code for move in moves}


def test_a_dry_run_tells_what_would_move_and_changes_nothing(
    live: Live, worked: Engine, tmp_path: Path
) -> None:
    with transaction(worked) as connection:
        path = swapped(connection, tmp_path)
    before = state(worked)
    listed = tmp_path / "moves.csv"
    told = live.wangge(
        "register", "import", "areas", str(path), "--dry-run", "--differences", str(listed)
    )
    assert told.returncode == 0, told.stderr
    assert "open cases that would move: 2" in told.stdout
    assert "dry run: nothing was changed" in told.stdout
    numbers = [
        row.number for row in rows(worked, 'select number from "case" where closed_at is null')
    ]
    moved = [line for line in listed.read_text("utf-8-sig").splitlines() if ",moves," in line]
    assert sorted(line.split(",")[2] for line in moved) == sorted(numbers)
    assert state(worked) == before

    with transaction(worked) as connection:
        bring(connection, path, -1)
    before = state(worked)
    told = live.wangge("borders", "apply", "--dry-run")
    assert "map 2: 2 open cases" in told.stdout
    assert state(worked) == before
    told = live.wangge("borders", "apply")
    assert (told.returncode, "2 open cases" in told.stdout) == (0, True), told.stderr
    assert one(worked, "select count(*) from case_event where type like '%remapped%'") == 2
    assert "map 2: 0 open cases" in live.wangge("borders", "apply").stdout


class Watcher:
    """Sends reports to one api without pause, and notes what each answer says of the map."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.answers: list[tuple[datetime, datetime, int, str, str]] = []
        self._client = httpx.Client(base_url=url, headers=headers, timeout=10, trust_env=False)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        body = {"category": "E0110", "location": {"lon": AT[0], "lat": AT[1], "crs": "wgs84"}}
        while not self._stop.is_set():
            began = datetime.now(UTC)
            answer = self._client.post("/reports", json={"id": str(uuid4()), **body})
            ended = datetime.now(UTC)
            assert answer.status_code == 202, answer.text
            placed = answer.json()
            parent = next(
                area["parent"]
                for area in self._client.get(
                    "/areas", params={"after": placed["areas"]["community"][:-1]}
                ).json()["items"]
                if area["code"] == placed["areas"]["community"]
            )
            self.answers.append(
                (began, ended, placed["map_version"], placed["areas"]["district"], parent)
            )
            time.sleep(0.02)

    def end(self) -> None:
        self._stop.set()
        self._thread.join(20)
        self._client.close()


def test_every_process_switches_at_the_stated_moment(
    live: Live, engine: Engine, tmp_path: Path
) -> None:
    first = live.start_api()
    second = live.start_api()
    live.start_process("engine")
    headers = live.token("member")
    watchers = [Watcher(str(client.base_url), headers) for client in (first, second)]
    with transaction(engine) as connection:
        moment = bring(connection, swapped(connection, tmp_path), 10)
    eventually(lambda: datetime.now(UTC) > moment + timedelta(seconds=2))
    for watcher in watchers:
        watcher.end()
    for watcher in watchers:
        assert {answer[2] for answer in watcher.answers} == {1, 2}
        check_switch(watcher.answers, moment)
    sent = sum(len(watcher.answers) for watcher in watchers)
    eventually(lambda: live.count("report") == sent, 60)
    stored = Counter(row.v for row in rows(engine, "select map_version as v from report"))
    assert stored == Counter(answer[2] for w in watchers for answer in w.answers)
    opened = rows(engine, 'select district, map_version from "case"')
    assert {(row.district, row.map_version) for row in opened} <= {(HERE, 1), (THERE, 2)}


def check_switch(
    answers: Sequence[tuple[datetime, datetime, int, str, str]], moment: datetime
) -> None:
    """Every answer given wholly before the moment is of the old map, wholly after of the new."""
    for began, ended, version, district, _ in answers:
        if ended < moment:
            assert (version, district) == (1, HERE)
        if began >= moment:
            assert (version, district) == (2, THERE)
    # The listing is asked for after the report, so only those asked before count as before.
    for (_, _, _, _, parent), (later, _, _, _, _) in pairwise(answers):
        if later < moment:
            assert parent == HERE
    assert all(answer[4] == THERE for answer in answers if answer[0] >= moment)


@pytest.fixture
def looked_for(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The topics that the feed has looked for, found or not: nothing else tells of it."""
    names: set[str] = set()

    class Noting(KafkaAdmin):
        def topic_ids(self, topics: Iterable[str]) -> dict[str, UUID]:
            found = super().topic_ids(topics)
            names.update(topics)
            return found

    monkeypatch.setattr(following, "KafkaAdmin", Noting)
    return names


def test_the_feed_follows_a_new_district_also_when_its_topic_comes_late(
    live: Live, engine: Engine, tmp_path: Path, located: Located, looked_for: set[str]
) -> None:
    api = live.start_api()
    live.start("engine")
    live.start("relay")
    with live.follow(api) as stream:
        hello = stream.next()
        with transaction(engine) as connection:
            path = split_district(connection, tmp_path)
            bring(connection, path, -1)
        eventually(lambda: live.settings.cases_topic(NEW) in looked_for)
        ensure_topics(live.settings)
        *_, known = stream.until(lambda told: told["event"] == "reset")
        assert f"{NEW}-" in known["id"]
        assert f"{NEW}-" not in hello["id"]
        live.send(replace(located(), district=NEW))
        told = stream.next()
    assert json.loads(told["data"])["areas"]["district"] == NEW


# A socket of kafka-python may be left to the collector when its server is closed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_district_whose_topic_cannot_be_made_is_not_added(
    live: Live, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction(engine) as connection:
        path = split_district(connection, tmp_path)
    reachable = live.settings.kafka_servers
    monkeypatch.setenv("WANGGE_KAFKA_SERVERS", "127.0.0.1:1")
    told = live.wangge("register", "import", "areas", str(path))
    assert (told.returncode, "Traceback" in told.stderr) == (1, False), told.stderr
    assert one(engine, "select max(version) from map_version") == 1
    monkeypatch.setenv("WANGGE_KAFKA_SERVERS", reachable)
    told = live.wangge("register", "import", "areas", str(path))
    assert told.returncode == 0, told.stderr
    assert live.read(live.settings.cases_topic(NEW)) == []
