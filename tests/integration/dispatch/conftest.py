"""A small demo city, loaded once, and located reports made by hand."""

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from dispatch.cases.history import moment
from dispatch.embedded.kafka import PrivateKafka
from dispatch.embedded.postgres import PrivatePostgres
from dispatch.engine.ingest import Ingest, Outcome
from dispatch.engine.rules import Rules, engine_rules
from dispatch.reports.report import LocatedReport
from dispatch.roles.topics import ensure_topics
from dispatch.settings import Settings
from dispatch.simulation import demo
from dispatch.storage.database import connect_engine, driver_url, transaction
from dispatch.storage.offsets import DatabaseOffsets
from geo.crs import Crs
from grid.areas import Place, load_map
from grid.demo.load import DemoSize
from streams.consumer import Advance, Batch
from streams.envelope import REPORT_RECEIVED, event_headers
from streams.records import Partition, Record
from tests.bodies import BODIES, undocumented
from tests.conftest import TestDatabase, copy_database
from tests.integration.dispatch.live import Live
from tests.integration.dispatch.office import Office
from tests.located import located_report

CITY = "template_small_city"
TOPIC = "wangge.reports"
TOPIC_ID = uuid.UUID(int=7)
AT = (111.6075, 26.4203)


@pytest.fixture(scope="session")
def small_city(postgres_server: PrivatePostgres, template_database: str) -> str:
    """The name of a database with the demo city and few parts."""
    copied = copy_database(postgres_server, template_database, CITY)
    settings = Settings(database_url=copied.url)
    demo.load(
        settings, lambda _what, _done, _total: None, size=DemoSize(parts=4000, dwellings=3000)
    )
    return CITY


@pytest.fixture
def city(postgres_server: PrivatePostgres, small_city: str) -> Iterator[TestDatabase]:
    """A city of the test's own."""
    name = f"city_{uuid.uuid4().hex[:12]}"
    yield copy_database(postgres_server, small_city, name)
    told = create_engine(driver_url(postgres_server.url("wangge_owner", name)))
    with told.connect() as connection:
        strange = undocumented((row.type, row.body) for row in connection.execute(text(BODIES)))
    told.dispose()
    owner = create_engine(
        driver_url(postgres_server.url("wangge_owner", "postgres")), isolation_level="AUTOCOMMIT"
    )
    with owner.connect() as connection:
        connection.exec_driver_sql(f"drop database {name} with (force)")
    owner.dispose()
    assert strange == []


@pytest.fixture
def engine(city: TestDatabase) -> Iterator[Engine]:
    made = connect_engine(city.url, role="test")
    yield made
    made.dispose()


@pytest.fixture
def rules(engine: Engine) -> Rules:
    with transaction(engine) as connection:
        return engine_rules(Settings(), connection)


Located = Callable[..., LocatedReport]


@pytest.fixture
def located(engine: Engine) -> Located:
    """Makes a located report; keyword arguments replace fields."""
    with transaction(engine) as connection:
        area_map = load_map(connection)

    def make(lon: float = AT[0], lat: float = AT[1], **fields: Any) -> LocatedReport:
        place = area_map.place(lon, lat, Crs.WGS84, 8.0)
        assert isinstance(place, Place)
        placed: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "lon": place.lon,
            "lat": place.lat,
            "x": place.x,
            "y": place.y,
            "original_lon": lon,
            "original_lat": lat,
            "city": place.city,
            "district": place.district,
            "community": place.community,
            "candidates": place.candidates,
            "map_version": place.map_version,
            "received_at": moment(datetime.now(UTC)),
        }
        return located_report(**{**placed, **fields})

    return make


class Feeder:
    """Stands in for Kafka: numbers records of one partition and stores batches of them."""

    def __init__(self, engine: Engine, rules: Rules) -> None:
        self.engine = engine
        self.ingest = Ingest(rules, "YZ", "engine")
        self.partition = Partition(TOPIC, 0)
        self._next = 0
        self.claim()

    def claim(self) -> None:
        store = DatabaseOffsets(self.engine, "engine")
        self.claimed = store.claim([self.partition], {TOPIC: TOPIC_ID})[self.partition]

    def records(self, values: Sequence[LocatedReport | bytes]) -> list[Record]:
        made = []
        for value in values:
            raw = value if isinstance(value, bytes) else value.to_bytes()
            id_ = str(uuid.uuid4()) if isinstance(value, bytes) else value.id
            headers = event_headers(id_=id_, type_=REPORT_RECEIVED, source="/test")
            made.append(
                Record(
                    partition=self.partition,
                    offset=self._next,
                    key=b"k",
                    value=raw,
                    headers=headers,
                    timestamp_ms=0,
                )
            )
            self._next += 1
        return made

    def batch(self, *values: LocatedReport | bytes) -> Batch:
        records = self.records(values)
        step = Advance(
            partition=self.partition,
            topic_id=TOPIC_ID,
            epoch=self.claimed.epoch,
            previous=records[0].offset,
            next=records[-1].offset + 1,
        )
        return Batch(records=records, advances=[step])

    def store(self, *values: LocatedReport | bytes) -> Outcome:
        return self.store_batch(self.batch(*values))

    def store_batch(self, batch: Batch) -> Outcome:
        with transaction(self.engine) as connection:
            return self.ingest.store(connection, batch)


@pytest.fixture
def feeder(engine: Engine, rules: Rules) -> Feeder:
    return Feeder(engine, rules)


@pytest.fixture
def live(
    city: TestDatabase,
    engine: Engine,
    kafka_server: PrivateKafka,
    topic_prefix: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Live]:
    """A city with topics of its own on real Kafka; the test starts the roles it wants."""
    settings = Settings(
        database_url=city.url,
        kafka_servers=kafka_server.servers,
        inspection="anyone",
        data_dir=tmp_path,
        topic_prefix=topic_prefix,
        reports_partitions=4,
        refresh_s=0.5,
    )
    access = {
        "url": "",
        "database_url": city.url,
        "database_admin_url": city.admin_url,
        "kafka_servers": kafka_server.servers,
    }
    (tmp_path / "access.json").write_text(json.dumps(access))
    monkeypatch.setenv("WANGGE_TOPIC_PREFIX", topic_prefix)
    ensure_topics(settings)
    made = Live(settings, engine)
    yield made
    made.close()


@pytest.fixture
def office(engine: Engine, feeder: Feeder, located: Located, tmp_path: Path) -> Office:
    feeder.store(located())
    return Office(engine, tmp_path)
