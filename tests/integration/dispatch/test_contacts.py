"""Contacts on a real PostGIS: shown with a right and a purpose, and each view is kept."""

import base64
import uuid
from typing import Any

import orjson
import psycopg
import pytest
from joserfc.jwk import OKPKey
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from dispatch.cases.access import Forbidden
from dispatch.desk.contacts import SHOWN_MOST, Asked, Purpose, Shown, contact_views, show_contacts
from dispatch.keys import Keys, load_keys
from dispatch.reading.reading import find_case
from dispatch.storage.database import transaction
from dispatch.tokens import Principal
from tests.conftest import TestDatabase
from tests.integration.dispatch.conftest import Feeder, Located
from tests.integration.dispatch.live import Live
from tests.integration.dispatch.office import HERE, THERE, who

KEYS = Keys(signing=OKPKey.generate_key("Ed25519"), secret=bytes(32))
NAME, PHONE = "欧阳静姝", "13987654321"
CALL = Asked(purpose=Purpose.CALL_BACK, reason=None, masked=False)


def sealed(keys: Keys, id_: str, name: str = NAME, phone: str = PHONE) -> str:
    plain = orjson.dumps({"name": name, "phone": phone})
    return base64.b64encode(keys.seal(plain, id_)).decode()


class Callers:
    """A case with four reports: for a caller, confidential, of a citizen, without contact."""

    def __init__(self, engine: Engine, feeder: Feeder, located: Located, keys: Keys) -> None:
        self.engine = engine
        self.ids = [str(uuid.uuid4()) for _ in range(4)]
        caller, secret, citizen, silent = self.ids
        feeder.store(
            located(id=caller, on_behalf=sealed(keys, caller)),
            located(id=secret, contact=sealed(keys, secret), confidential=True),
            located(id=citizen, contact=sealed(keys, citizen, "李四", "13812341234")),
            located(id=silent),
        )
        self.number = self.one('select number from "case"')
        self.department = self.one('select department from "case"')

    def one(self, query: str) -> Any:
        with transaction(self.engine) as connection:
            return connection.execute(text(query)).scalar_one()

    def show(self, who_: Principal, asked: Asked = CALL) -> Shown:
        with transaction(self.engine) as connection:
            case = find_case(connection, self.number)
            assert case is not None
            return show_contacts(connection, KEYS, who_, case, asked)

    def viewed(self) -> list[tuple[str, str, str, str | None, bool]]:
        with transaction(self.engine) as connection:
            case = find_case(connection, self.number)
            assert case is not None
            views = contact_views(connection, case, after=0, limit=500)
        return [(v.viewer, str(v.report_id), v.purpose, v.reason, v.masked) for v in views]


@pytest.fixture
def callers(engine: Engine, feeder: Feeder, located: Located) -> Callers:
    return Callers(engine, feeder, located, KEYS)


def by_report(shown: Shown) -> dict[str, dict[str, Any]]:
    return {item["report"]: item for item in shown.items}


def test_an_acceptor_sees_whom_to_call_and_the_view_is_kept(callers: Callers) -> None:
    shown = callers.show(who("acceptor"))
    caller, secret, citizen, silent = (by_report(shown)[one] for one in callers.ids)
    assert caller["caller"] == {"name": NAME, "phone": PHONE}
    assert (caller["call"], secret["call"], silent["call"]) == ("caller", "contact", None)
    assert secret["confidential"]
    assert citizen["contact"] == {"name": "李四", "phone": "13812341234"}
    assert (silent["caller"], silent["contact"]) == (None, None)
    assert (shown.following, shown.withheld) == (None, 0)
    seen = [("a-acceptor", one, "call_back", None, False) for one in callers.ids]
    assert sorted(callers.viewed()) == sorted(seen)


def test_masked_and_chosen_contacts_are_kept_as_such(callers: Callers) -> None:
    _, _, citizen, _ = callers.ids
    asked = Asked(
        purpose=Purpose.OTHER, reason="投诉复核", masked=True, reports=(uuid.UUID(citizen),)
    )
    shown = callers.show(who("acceptor"), asked)
    assert by_report(shown)[citizen]["contact"] == {"name": "李*", "phone": "138****1234"}
    assert callers.viewed() == [("a-acceptor", citizen, "other", "投诉复核", True)]


def test_a_department_sees_contacts_only_while_it_holds_the_open_case(callers: Callers) -> None:
    mine = who("handler", department=callers.department)
    shown = callers.show(mine)
    assert set(by_report(shown)) == {callers.ids[0], callers.ids[2], callers.ids[3]}
    assert shown.withheld == 1
    noted = len(callers.viewed())
    refused = [
        who("handler", department="431103-water"),
        who("acceptor", scope=THERE),
        *(who(role) for role in ("member", "dispatcher", "supervisor", "auditor")),
    ]
    for other in refused:
        with pytest.raises(Forbidden):
            callers.show(other)
    for change in (
        """update "case" set closed_at = now()""",
        """update "case" set closed_at = null, department = '431103-water',
            assistants = jsonb_build_object(department, false)""",
    ):
        with transaction(callers.engine) as connection:
            connection.execute(text(change))
        with pytest.raises(Forbidden):
            callers.show(mine)
    assert len(callers.viewed()) == noted


def test_a_page_holds_no_more_than_a_hundred(
    callers: Callers, feeder: Feeder, located: Located
) -> None:
    feeder.store(*(located() for _ in range(SHOWN_MOST)))
    first = callers.show(who("acceptor"))
    assert len(first.items) == SHOWN_MOST == len(callers.viewed())
    rest = callers.show(
        who("acceptor"),
        Asked(purpose=Purpose.VERIFY, reason=None, masked=False, after=first.following),
    )
    assert len(rest.items) == 4
    assert rest.following is None
    assert not by_report(first).keys() & by_report(rest).keys()


def test_what_another_installation_sealed_is_told_as_unreadable(
    callers: Callers, feeder: Feeder, located: Located
) -> None:
    strange = str(uuid.uuid4())
    feeder.store(located(id=strange, contact=base64.b64encode(b"x" * 40).decode()))
    found = by_report(callers.show(who("acceptor")))[strange]
    assert found["contact"] == {"name": None, "phone": None, "unreadable": True}
    assert found["call"] is None


def test_the_database_shows_no_contact_whose_view_is_not_noted_there(callers: Callers) -> None:
    """Row-level security: neither a forgotten scope nor a forgotten note shows anything."""
    callers.show(who("acceptor"))
    count = text("select count(*) from personal.contact")
    name = text("select set_config('wangge.case', cast(id as text), true) from \"case\"")
    with transaction(callers.engine) as connection:
        assert connection.execute(count).scalar_one() == 0
        views = text("select count(*) from personal.contact_view")
        assert connection.execute(views).scalar_one() == 0
        connection.execute(name)
        assert connection.execute(count).scalar_one() == 0, "noted in another transaction"
        assert connection.execute(views).scalar_one() == 4
    for forbidden in (
        "update personal.contact_view set viewer = 'nobody'",
        "delete from personal.contact_view",
        "delete from personal.contact",
        """insert into personal.contact_view (viewer, role, case_id, report_id, purpose, masked, at)
            select 'a', 'acceptor', case_id, id, 'verify', false, '2020-01-01' from report""",
    ):
        with (
            pytest.raises(DBAPIError, match="permission denied"),
            transaction(callers.engine) as connection,
        ):
            connection.execute(text(forbidden))


def test_without_its_note_there_is_no_view(callers: Callers, city: TestDatabase) -> None:
    with psycopg.connect(city.admin_url, autocommit=True) as owner:
        owner.execute("revoke insert on personal.contact_view from wangge_service")
        owner.execute(
            "revoke insert (viewer, role, case_id, report_id, purpose, reason, masked) "
            "on personal.contact_view from wangge_service"
        )
    with pytest.raises(DBAPIError, match="permission denied"):
        callers.show(who("acceptor"))


def test_contacts_through_the_door(
    live: Live, engine: Engine, feeder: Feeder, located: Located
) -> None:
    callers = Callers(engine, feeder, located, load_keys(live.settings.keys_dir))
    at = f"/cases/{callers.number}"
    acceptor, auditor = live.token("acceptor"), live.token("auditor")
    with live.start_api() as api:
        seen = api.post(f"{at}/contacts", json={"purpose": "call_back"}, headers=acceptor)
        assert seen.status_code == 200, seen.text
        assert seen.headers["cache-control"] == "no-store"
        assert PHONE in seen.text
        for bad, field in (
            ({}, "purpose"),
            ({"purpose": "curiosity"}, "purpose"),
            ({"purpose": "other"}, "reason"),
            ({"purpose": "other", "reason": " "}, "reason"),
            ({"purpose": "verify", "reports": []}, "reports"),
            ({"purpose": "verify", "reports": ["x"]}, "reports.0"),
            ({"purpose": "verify", "extra": 1}, "extra"),
        ):
            answer = api.post(f"{at}/contacts", json=bad, headers=acceptor)
            assert answer.status_code == 422, answer.text
            assert [error["field"] for error in answer.json()["errors"]] == [field]
        for role, status in (("member", 403), ("supervisor", 403), ("reporter", 403)):
            answer = api.post(
                f"{at}/contacts", json={"purpose": "verify"}, headers=live.token(role)
            )
            assert (answer.status_code, PHONE in answer.text) == (status, False)
        away = api.post(
            f"{at}/contacts",
            json={"purpose": "verify"},
            headers=live.token("acceptor", scope=THERE),
        )
        assert away.status_code == 404
        views = api.get(f"{at}/contact-views?limit=3", headers=auditor).json()
        assert len(views["items"]) == 3
        rest = api.get(f"{at}/contact-views?after={views['next']}", headers=auditor).json()
        assert (len(rest["items"]), rest["next"]) == (1, None)
        assert {one["purpose"] for one in views["items"]} == {"call_back"}
        assert PHONE not in str(views)
        assert api.get(f"{at}/contact-views", headers=acceptor).status_code == 403
        for path in (at, f"{at}/events"):
            sheet = api.get(path, headers=live.token("supervisor"))
            assert sheet.status_code == 200
            assert PHONE not in sheet.text
            assert NAME not in sheet.text
    with transaction(engine) as connection:
        bodies = connection.execute(text("select body::text from case_event")).scalars().all()
    assert all(PHONE not in body and NAME not in body for body in bodies)
    assert HERE in str(bodies)
