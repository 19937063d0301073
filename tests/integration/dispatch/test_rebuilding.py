"""A case rebuilt from its events is the row that stood there, at every step of random lives."""

import copy
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from dispatch.cases.access import Forbidden
from dispatch.cases.audit import Tally, verify
from dispatch.cases.case import SELECT, Case, read_case
from dispatch.cases.history import moment
from dispatch.cases.rebuilding import differences
from dispatch.clock.clock import Clock
from dispatch.clock.rules import firing_rules
from dispatch.desk.desk import CaseNotFound, Stale
from dispatch.desk.fields import FieldsWrong
from dispatch.engine.rules import engine_rules
from dispatch.process.heartbeat import Heartbeat
from dispatch.reading.reading import case_as_of
from dispatch.settings import Settings
from dispatch.storage.database import driver_url, transaction
from tests.integration.dispatch.conftest import AT, Feeder, Located
from tests.integration.dispatch.office import DEFINITION, ELSEWHERE, Office, who
from workflows.errors import WorkflowError

WALKS, STEPS = 40, 16
INSTANT_LIMIT = "0.00002 紧急工作时"  # 72 ms: the whole ladder falls due while a case walks
PLACES = [ELSEWHERE, {"lon": 111.6080, "lat": 26.4210}, {"lon": 111.6250, "lat": 26.4100}]
KINDS = [("E0112", "E0112-1"), ("P0101", "P0101-1"), ("E0110", "E0110-1")]
REFUSED = (Forbidden, CaseNotFound, FieldsWrong, Stale, WorkflowError)


class Life:
    """Random things that happen to one case, with the row that each of them left."""

    def __init__(self, office: Office, case: uuid.UUID, rng: random.Random) -> None:
        self.office, self.rng = office, rng
        office.key = str(case)
        self.rows = [self.row()]
        self.told: Counter[str] = Counter()
        self.neighbour = self.office.key

    def row(self) -> Case:
        with transaction(self.office.engine) as connection:
            found = connection.execute(
                text(SELECT + " where c.id = :id"), {"id": self.office.key}
            ).one()
            return copy.deepcopy(read_case(found))

    def keep(self) -> None:
        row = self.row()
        if row.seq != self.rows[-1].seq:
            self.rows.append(row)

    def act(self) -> None:
        """One action that the state allows, by a role that may; refusals change nothing."""
        now = self.rows[-1]
        possible = [
            (action.name, role)
            for action in DEFINITION.actions.values()
            if (step := action.steps.get(now.state)) is not None
            for role in sorted({DEFINITION.roles[name].plays for name in step.roles} - {"system"})
        ]
        if not possible:
            return
        name, role = self.rng.choice(possible)
        own = self.rng.choice([now.department or "431103-urban", *now.assistants])
        own = own if role == "handler" else ""
        principal = who(role, f"a-{role}-{self.rng.randrange(3)}", department=own)
        try:
            self.office.act(principal, name, version=now.version, **self._fields(name, now))
        except REFUSED:
            return
        self.told[name] += 1

    def _fields(self, name: str, now: Case) -> dict[str, Any]:
        category, condition = self.rng.choice(KINDS)
        of_case = next((c for code, c in KINDS if code == now.category), None)
        photos = [str(uuid.uuid4())] if self.rng.random() < 0.5 else []
        made: dict[str, dict[str, Any]] = {
            "file": {"condition": of_case},
            "dispatch": {"department": self.rng.choice(["431103-urban", "431103-water"])},
            "joint-dispatch": {"department": "431103-urban", "assistants": ["431103-water"]},
            "assist": {"text": "已疏导交通"},
            "assign": {"worker": self.rng.choice(["w-1", None])},
            "suspend": {"until": moment(datetime.now(UTC) + timedelta(seconds=0.05))},
            "defer": {"until": moment(datetime.now(UTC) + timedelta(seconds=0.05))},
            "merge": {"into": self.neighbour},
            "hand-over": {"account": f"a-acceptor-{self.rng.randrange(3)}"},
            "appoint": {"account": "a-member-1"},
            "compare": {"other": self.neighbour, "answer": "different"},
            "split": {"category": category},
            "transfer": {"district": self.rng.choice(["431102", "431103"])},
            "adjudicate": {"department": "431103-urban"},
            "instruct": {"text": "三日内办结"},
            "feedback": {"text": "清理完毕", "photos": photos},
            "close": {"closing_met": True},
            "call-back": {"satisfaction": "satisfied"},
            "relocate": {"location": self.rng.choice(PLACES)},
            "reclassify": {"category": category, "condition": condition},
        }
        return made.get(name, {})


@pytest.fixture
def short_limits(engine: Engine, city: Any) -> None:
    owner = create_engine(driver_url(city.admin_url))
    with owner.begin() as connection:
        connection.execute(text("update condition set limit_text = :limit"),
                           {"limit": INSTANT_LIMIT})  # fmt: skip
    owner.dispose()


@pytest.fixture
def clock(engine: Engine, tmp_path: Path, short_limits: None) -> Clock:
    with transaction(engine) as connection:
        rules = firing_rules(Settings(), connection)
    return Clock(engine, rules=lambda: rules, batch=500, heartbeat=Heartbeat(tmp_path, "clock"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Reports of one place, each stored as the engine would store it."""

    feeder: Feeder
    located: Located
    rng: random.Random
    lon: float
    lat: float

    def one_more(self) -> uuid.UUID:
        """The case that it opened or joined."""
        rng = self.rng
        report = self.located(
            lon=self.lon + rng.random() / 1e4,
            lat=self.lat,
            source=rng.choice(["member", "member", "public"]),
            subject=f"member-{rng.randrange(5)}",
            part=rng.choice([None] * 5 + ["no-such-part"]),
            accuracy_m=rng.random() * 30,
            photos=(str(uuid.uuid4()),),
        )
        self.feeder.store(report)
        query = text("select case_id from report where id = :id")
        with transaction(self.feeder.engine) as connection:
            found: uuid.UUID = connection.execute(query, {"id": report.id}).scalar_one()
            return found


@pytest.fixture
def lives(engine: Engine, clock: Clock, located: Located, tmp_path: Path) -> list[Life]:
    """Cases that were reported, joined, moved, reclassified, escalated, closed and voided."""
    with transaction(engine) as connection:
        feeder = Feeder(engine, engine_rules(Settings(), connection))
    lived: list[Life] = []
    office: Office | None = None
    for number in range(WALKS):
        rng = random.Random(number)
        lon, lat = AT[0] + 0.004 * (number % 8), AT[1] + 0.003 * (number // 8)
        reports = Reports(feeder=feeder, located=located, rng=rng, lon=lon, lat=lat)
        case = reports.one_more()
        office = office or Office(engine, tmp_path)
        life = Life(office, case, rng)
        life.neighbour = str(lived[-1].rows[-1].id) if lived else ""
        for _ in range(STEPS):
            what = rng.random()
            if what < 0.15:
                reports.one_more()
            elif what < 0.35:
                time.sleep(0.02)
                with engine.connect() as connection:
                    clock.fire_once(connection)
            else:
                life.act()
            life.keep()
        lived.append(life)
    return lived


def test_every_row_that_ever_stood_comes_back_from_the_events(lives: list[Life]) -> None:
    done: Counter[str] = Counter()
    for life in lives:
        done += life.told
        with transaction(life.office.engine) as connection:
            for row in life.rows:
                # Another walk's clock may have told more since; the same instant then has both.
                standing = case_as_of(connection, life.rows[-1], row.last_at)
                if standing.case.seq == row.seq:
                    assert differences(row, standing.case) == [], (row.number, row.seq)
                    assert len(standing.reports) == row.report_count
    with transaction(lives[0].office.engine) as connection:
        tally = Tally()
        assert [found.wrong for found in verify(connection, tally)] == []
        rungs = connection.execute(
            text("select count(*) from case_event where body ? 'rung'")
        ).scalar_one()
        closed = connection.execute(
            text('select count(*) from "case" where closed_at is not null')
        ).scalar_one()
        joined = connection.execute(text('select max(report_count) from "case"')).scalar_one()
    # Lives in which little happened would prove little.
    common = {"dispatch", "start", "relocate", "reclassify", "return", "urge"}
    assert common | {"merge", "split", "transfer"} <= done.keys(), done
    print(done, tally, f"{rungs} rungs, {closed} closed, {joined} reports of one case")
    assert tally.events > 300
    assert rungs > 20
    assert closed > 3
    assert joined > 1


SPOILED: dict[str, str] = {
    "number": "'YZ0'", "line": "'public_service'", "definition": "'other@1'",
    "category": "'E0199'", "condition": "'E0199-1'", "state": "'handling'", "version": "7",
    "last_at": "last_at + interval '1 second'", "city": "'4311'",
    "district": "'431199'", "community": "'431103001999'", "map_version": "map_version + 1",
    "geom": "ST_Translate(geom, 0.01, 0)", "lon": "lon + 0.0000001", "lat": "lat - 0.0000001",
    "accuracy_m": "accuracy_m + 0.2", "department": "'431103-water'", "source": "'leader'",
    "part": "'P1'", "opened_at": "opened_at - interval '1 second'", "closed_at": "now()",
    "due_at": "due_at + interval '1 hour'", "links": """'{"parts": []}'""",
    "deadlines": "jsonb_set(deadlines, '{0,rung}', '1')",
    "report_count": "2", "handled_by": "array['x']", "marks": """'{"x": 1}'""",
    "possible_duplicate_of": "gen_random_uuid()", "assistants": """'{"x": true}'""",
    "merged_into": "gen_random_uuid()", "split_from": "gen_random_uuid()",
    "limit_text": "'9 天'",
    "head_hash": "decode(repeat('00', 32), 'hex')", "seq": "2",
}  # fmt: skip


def test_a_change_of_any_column_behind_the_historys_back_is_named(
    engine: Engine, feeder: Feeder, located: Located
) -> None:
    feeder.store(located())
    kept = {one.name for one in fields(Case)} - {"id", "opened_month", "x", "y"} | {"geom"}
    assert kept == SPOILED.keys()
    for column, value in SPOILED.items():
        with engine.connect() as connection:
            connection.execute(text(f'update "case" set {column} = {value}'))  # noqa: S608
            found = list(verify(connection, Tally()))
            connection.rollback()
        assert len(found) == 1, column
        assert found[0].seq in (1, 2), column
    with engine.connect() as connection:
        assert list(verify(connection, Tally())) == []
