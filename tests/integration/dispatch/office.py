"""A desk on a real PostGIS without api and broker: cases, and people who act on them."""

from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Engine, text

from dispatch.cases.audit import Tally, verify
from dispatch.catalogue.definitions import load_definitions, opening_definitions
from dispatch.catalogue.knowledge import load_known
from dispatch.catalogue.stored import load_calendars
from dispatch.desk.desk import ActionRequest, Desk
from dispatch.desk.rules import DeskRules, desk_reach
from dispatch.reports.photos import PhotoStore
from dispatch.settings import Settings
from dispatch.storage.database import transaction
from dispatch.tokens import Principal, Role

HERE, THERE = "431103", "431102"
ELSEWHERE = {"lon": 111.6200, "lat": 26.2250}  # in THERE
REASON = "现场核对"
VERSION = 'select version from "case" where cast(id as text) = :id'
DEFINITION = load_definitions()["urban_management@2"]


class Office:
    """One case and a desk to act on it."""

    def __init__(self, engine: Engine, photos: Path, key: str | None = None) -> None:
        self.engine = engine
        self.desk = Desk(engine, PhotoStore(photos, 1000))
        with transaction(engine) as connection:
            self.rules = DeskRules(
                definitions=load_definitions(),
                opening=opening_definitions(Settings(), load_definitions()),
                number_prefix="YZ",
                zone=Settings().timezone,
                inspection="anyone",
                calendars=load_calendars(connection, Settings().calendar),
                known=load_known(connection),
                reach=desk_reach(Settings(), connection),
            )
        self.key = key or str(self.one('select id from "case"'))
        self.department = str(self.one('select department from "case" where id = :id', id=self.key))

    def one(self, query: str, **values: Any) -> Any:
        with transaction(self.engine) as connection:
            return connection.execute(text(query), values).scalar_one()

    def put(self, state: str, department: str | None = None) -> None:
        """Sets the case's state as if it had come there (the history says nothing of it)."""
        with transaction(self.engine) as connection:
            connection.execute(
                text('update "case" set state = :state, department = :department'),
                {"state": state, "department": department or self.department},
            )

    def act(self, who: Principal, name: str, **fields: Any) -> bytes:
        request = ActionRequest(
            name=name,
            version=fields.pop("version", self.one(VERSION, id=self.key)),
            reason=fields.pop("reason", REASON),
            id=fields.pop("id", None),
            fields=fields,
        )
        return self.desk.act(self.rules, who, self.key, request, shown)

    def last(self) -> dict[str, Any]:
        return dict(self.one("select body from case_event order by seq desc limit 1"))


def shown(_connection: Any, case: Any) -> bytes:
    return orjson.dumps({"state": case.state, "version": case.version, "seq": case.seq})


def who(role: str, subject: str = "", scope: str = "431100", department: str = "") -> Principal:
    return Principal(
        subject=subject or f"a-{role}",
        role=Role(role),
        scope=scope,
        department=department or None,
        jti="j",
        expires=2**40,
    )


def all_on_duty(engine: Engine) -> None:
    """At each department X the account u-X is on duty, all week."""
    with transaction(engine) as connection:
        connection.execute(
            text("""insert into roster (department, account, starts, ends)
                select code, 'u-' || code, 'mon 00:00', 'mon 00:00' from department""")
        )


def broken(engine: Engine) -> list[str]:
    with transaction(engine) as connection:
        return [found.wrong for found in verify(connection, Tally())]
