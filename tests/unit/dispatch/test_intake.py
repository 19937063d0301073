"""The door: what is accepted, what is refused with which field, one by one and many at once."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OKPKey

from dispatch.cases.access import Forbidden
from dispatch.catalogue.knowledge import Known
from dispatch.catalogue.stored import Catalogue
from dispatch.errors import DispatchError
from dispatch.keys import Keys
from dispatch.reports.intake import Accepted, Intake, Refused
from dispatch.reports.report import LocatedReport, fingerprint, parse_report, read_located
from dispatch.tokens import Principal, Role
from grid.departments import DutyTable
from tests.unit.grid.test_areas import MAP, SIDE, X0, Y0, at
from workflows.categories import Category, Certainty, Kind, Line

KEYS = Keys(signing=OKPKey.generate_key("Ed25519"), secret=bytes(32))
CATEGORY = Category(
    code="E0110",
    standard="test",
    kind=Kind.EVENT,
    standard_code="0110",
    name_zh="占道",
    name_en="Obstruction",
    class_zh="",
    class_en="",
    line=Line.URBAN_MANAGEMENT,
    part_class=None,
    certainty=Certainty.SURE,
    join_radius_m=30,
    join_hours=24,
    conditions=(),
)
KNOWN = Known(
    maps=(MAP,),
    catalogue=Catalogue(version=1, categories={"E0110": CATEGORY}),
    denied=frozenset(),
    departments={},
    duties=DutyTable(()),
    mark=(),
)
MINE, FOREIGN = uuid.UUID(int=1), uuid.UUID(int=2)


class Photos:
    """Knows two photos and their owners."""

    def owner(self, photo: uuid.UUID) -> str | None:
        return {MINE: "gw", FOREIGN: "somebody"}.get(photo)


def intake() -> Intake:
    return Intake(KEYS, Photos(), topic="reports")  # type: ignore[arg-type]


def principal(role: Role = Role.GATEWAY, scope: str = "431100", subject: str = "gw") -> Principal:
    return Principal(
        subject=subject, role=role, scope=scope, department=None, jti="j", expires=2**40
    )


def body(x: float = 500, y: float = 500, **fields: Any) -> dict[str, Any]:
    lon, lat = at(X0 + x, Y0 + y)
    return {
        "id": str(uuid.uuid4()),
        "category": "E0110",
        "location": {"lon": lon, "lat": lat, "accuracy_m": 12.0},
        "text": "人行道堆放杂物",
        **fields,
    }


def raw(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()


def fields_of(error: DispatchError) -> list[str]:
    assert isinstance(error, Refused)
    return [problem.field for problem in error.errors]


NOW = datetime.now(UTC)
WRONG: list[tuple[bytes, list[str]]] = [
    (b"", ["body"]),
    (b"[1]", ["body"]),
    (b"\xff\xfe", ["body"]),
    (raw(body(text="a\0b")), ["text"]),
    (raw(body()).replace(b'"text": "', b'"text": "\\ud800'), ["body"]),
    (raw(body(location={"lon": 111.6, "lat": 26.2, "accuracy_m": -1})), ["location.accuracy_m"]),
    (raw(body()).replace(b"12.0", b"NaN"), ["location.accuracy_m"]),
    (raw(body()).replace(b"12.0", b"1e400"), ["location.accuracy_m"]),
    (raw(body(location={"lon": 26.2, "lat": 111.6})), ["location.lat"]),
    (raw(body(category="E9999")), ["category"]),
    (raw(body(condition="E0110-9")), ["condition"]),
    (raw(body(id=str(uuid.uuid1()))), ["id"]),
    (raw({k: v for k, v in body().items() if k != "id"}), ["id"]),
    (raw(body(photos=[str(MINE), str(FOREIGN)])), ["photos.1"]),
    (raw(body(observed_at=(NOW + timedelta(hours=25)).isoformat())), ["observed_at"]),
    (raw(body(observed_at=(NOW - timedelta(days=367)).isoformat())), ["observed_at"]),
    (raw(body(extra=1)), ["extra"]),
    (raw(body(on_behalf={"account": ""})), ["on_behalf.account"]),
    (raw(body(on_behalf={"account": "a\0b"})), ["on_behalf.account"]),
    (raw(body(on_behalf={"account": "m" * 201})), ["on_behalf.account"]),
    (raw(body(contact={"account": "m"})), ["contact.account"]),
    (raw(body(x=-250)), ["location"]),
]


@pytest.mark.parametrize(("line", "fields"), WRONG)
def test_what_cannot_be_used_is_refused_naming_the_field(line: bytes, fields: list[str]) -> None:
    with pytest.raises(Refused) as refused:
        intake().judge(KNOWN, principal(), line)
    assert fields_of(refused.value) == fields


GOOD = st.builds(
    lambda x, y, accuracy, crs: raw(
        {**(b := body(x, y)), "location": {**b["location"], "accuracy_m": accuracy, "crs": crs}}
    ),
    st.floats(-300, 4 * SIDE + 300),
    st.floats(-300, 2 * SIDE + 300),
    st.sampled_from([0.0, 12.0, 400.0]),
    st.sampled_from(["wgs84", "gcj02", "bd09", "cgcs2000"]),
)


@given(st.lists(st.one_of(GOOD, st.sampled_from([line for line, _ in WRONG])), max_size=12))
def test_many_are_judged_as_one_by_one(lines: list[bytes]) -> None:
    door = intake()
    who = principal(scope="431102")
    together = door.judge_all(KNOWN, who, lines)
    assert len(together) == len(lines)
    for line, got in zip(lines, together, strict=True):
        try:
            alone: Accepted | DispatchError = door.judge(KNOWN, who, line)
        except DispatchError as error:
            alone = error
        assert _comparable(got) == _comparable(alone)


def _comparable(judged: Accepted | DispatchError) -> object:
    if isinstance(judged, Accepted):
        assert judged.message is not None
        record = orjson.loads(judged.message.value)
        record.pop("received_at")
        return judged.id, judged.fingerprint, judged.answer, judged.message.key, record
    extra = (judged.errors, judged.kind, judged.extra) if isinstance(judged, Refused) else ()
    return type(judged), str(judged), extra


def test_the_answer_names_areas_candidates_and_receipt_and_the_record_says_the_same() -> None:
    document = body(1005, 500)
    accepted = intake().judge(KNOWN, principal(), raw(document))
    answer = orjson.loads(accepted.answer)
    assert answer["id"] == document["id"]
    assert answer["areas"] == {"city": "431100", "district": "431102", "community": "431102001010"}
    assert answer["candidates"] == ["431102001000", "431102001010"]
    assert answer["map_version"] == 3
    mark = KEYS.read_receipt(document["id"], answer["receipt"])
    assert mark == accepted.fingerprint[:12]
    assert accepted.message is not None
    located = read_located(accepted.message.value)
    assert accepted.message.key == b"431102001010"
    assert (located.id, located.community) == (document["id"], "431102001010")
    assert located.candidates == ("431102001000", "431102001010")
    assert located.fingerprint == accepted.fingerprint.hex()


def test_the_same_report_again_gets_the_same_answer_and_no_second_record() -> None:
    door, line = intake(), raw(body())
    first = door.judge(KNOWN, principal(), line)
    door.remember(first)
    again = door.judge(KNOWN, principal(), line)
    assert again.message is None
    assert again.answer == first.answer


def test_another_body_or_another_sender_under_a_known_id_is_refused() -> None:
    door, document = intake(), body()
    door.remember(door.judge(KNOWN, principal(), raw(document)))
    for who, line in (
        (principal(), raw({**document, "text": "another"})),
        (principal(subject="other"), raw(document)),
    ):
        with pytest.raises(Refused) as refused:
            door.judge(KNOWN, who, line)
        assert refused.value.kind == "id-reused"


def test_a_place_beyond_the_tokens_scope_is_forbidden() -> None:
    with pytest.raises(Forbidden):
        intake().judge(KNOWN, principal(scope="431103"), raw(body()))


def test_contacts_leave_the_door_sealed() -> None:
    accepted = intake().judge(
        KNOWN, principal(), raw(body(contact={"name": "张三", "phone": "13800000000"}))
    )
    assert accepted.message is not None
    assert "张三".encode() not in accepted.message.value
    located = read_located(accepted.message.value)
    assert located.sealed_contact is not None
    opened = KEYS.unseal(located.sealed_contact, accepted.id)
    assert orjson.loads(opened) == {"name": "张三", "phone": "13800000000"}


CALLER = {"name": "李四", "phone": "13912345678"}


def judged(who: Principal, **fields: Any) -> LocatedReport:
    accepted = intake().judge(KNOWN, who, raw(body(**fields)))
    assert accepted.message is not None
    return read_located(accepted.message.value)


def test_the_caller_counts_as_reporter_and_not_the_operator_who_writes() -> None:
    operator = principal(Role.ACCEPTOR, subject="operator")
    found = judged(operator, on_behalf=CALLER)
    assert found.subject == "operator"
    assert found.reporter == KEYS.pseudonym("13912345678\0李四")
    assert judged(operator, on_behalf=CALLER).reporter == found.reporter
    assert judged(operator).reporter == "operator"


def test_a_caller_who_has_an_account_counts_by_the_account() -> None:
    for role in (Role.ACCEPTOR, Role.GATEWAY):
        who = principal(role, subject="operator")
        located = judged(who, on_behalf={**CALLER, "account": "member-7"})
        assert (located.subject, located.reporter) == ("operator", "member-7")
        assert located.sealed_on_behalf is not None
        assert orjson.loads(KEYS.unseal(located.sealed_on_behalf, located.id)) == CALLER


def test_a_member_who_writes_for_somebody_stays_a_reporter_of_the_case() -> None:
    for role in (Role.MEMBER, Role.REPORTER):
        who = principal(role, subject="member-7")
        located = judged(who, on_behalf=CALLER)
        assert located.reporter == "member-7"
        assert located.sealed_on_behalf is not None
        with pytest.raises(Refused) as refused:
            judged(who, on_behalf={**CALLER, "account": "another"})
        assert fields_of(refused.value) == ["on_behalf.account"]


def test_a_retry_from_before_callers_had_accounts_is_still_the_same_body() -> None:
    report, _ = parse_report(raw(body(id=str(MINE), on_behalf=CALLER)))
    assert report is not None
    parsed = report.model_dump(mode="json", exclude={"id": True, "on_behalf": {"account"}})
    told = orjson.dumps(parsed, option=orjson.OPT_SORT_KEYS)
    assert fingerprint(report, "gw") == hashlib.sha256(b"gw\0" + told).digest()
    named, _ = parse_report(raw(body(id=str(MINE), on_behalf={**CALLER, "account": "m"})))
    assert named is not None
    assert fingerprint(named, "gw") != fingerprint(report, "gw")
