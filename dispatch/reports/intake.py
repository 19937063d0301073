"""Judges a report at the door: in memory, without a database (design §1, §5 "Intake")."""

import base64
import uuid
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from dispatch.cases import access
from dispatch.cases.history import moment
from dispatch.catalogue.knowledge import Known
from dispatch.errors import DispatchError
from dispatch.keys import Keys
from dispatch.reports.photos import PhotoStore
from dispatch.reports.report import (
    AHEAD_ACCEPTED,
    BACK_ACCEPTED,
    FieldProblem,
    LocatedReport,
    PersonIn,
    ReportIn,
    fingerprint,
    parse_report,
)
from dispatch.tokens import Principal
from geo.crs import Crs
from grid.areas import Outside, Place
from streams.envelope import REPORT_RECEIVED, event_headers
from streams.records import Message

REMEMBERED = 50_000
# Names derived from an Idempotency-Key live in this space.
KEY_SPACE = uuid.UUID("6b1d7a52-6a4e-4d4c-9a86-3f1c0f6f2d11")


class Refused(DispatchError):
    """The report is refused with 422; `errors` name the fields, `extra` goes into the answer."""

    def __init__(
        self,
        detail: str,
        errors: Sequence[FieldProblem] = (),
        kind: str = "invalid-report",
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.errors = tuple(errors)
        self.kind = kind
        self.extra = dict(extra or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A report that may be written to Kafka, and the answer once Kafka has it.

    `message` is None when the very same report was acknowledged before.
    """

    id: str
    fingerprint: bytes
    message: Message | None
    answer: bytes
    """A JSON object."""


@dataclass(slots=True, kw_only=True)
class _Read:
    """A body that can be used, before its place is looked up."""

    report: ReportIn
    id: str
    mark: bytes
    is_known: bool


class Intake:
    """The door: parses, places, checks, remembers."""

    def __init__(
        self, keys: Keys, photos: PhotoStore, *, topic: str, source: str = "/wangge/intake"
    ) -> None:
        self._keys = keys
        self._photos = photos
        self._topic = topic
        self._source = source
        self._remembered: OrderedDict[str, bytes] = OrderedDict()

    def judge(
        self, known: Known, principal: Principal, body: bytes, key: str | None = None
    ) -> Accepted:
        """Judges one body; raises Refused or access.Forbidden. Takes no database, no Kafka."""
        (judged,) = self.judge_all(known, principal, [body], key)
        if isinstance(judged, DispatchError):
            raise judged
        return judged

    def judge_all(
        self, known: Known, principal: Principal, bodies: Sequence[bytes], key: str | None = None
    ) -> list[Accepted | DispatchError]:
        """As `judge` for many bodies of one caller, placed together; one answer each, in order."""
        visit = _Visit(known=known, principal=principal, now=datetime.now(UTC))
        judged: list[Accepted | DispatchError | _Read] = []
        for body in bodies:
            try:
                judged.append(self._read(visit, body, key))
            except DispatchError as error:
                judged.append(error)
        places = iter(visit.place_all([one.report for one in judged if isinstance(one, _Read)]))
        return [
            self._accept(visit, one, next(places)) if isinstance(one, _Read) else one
            for one in judged
        ]

    def remember(self, accepted: Accepted) -> None:
        """Kafka has it: the same id with the same body needs no second record from here on."""
        self._remembered[accepted.id] = accepted.fingerprint
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)

    def _read(self, visit: "_Visit", body: bytes, key: str | None) -> _Read:
        report, problems = parse_report(body)
        if report is None:
            raise Refused("the report cannot be used as it is", problems)
        principal = visit.principal
        report_id = _identity(report, principal, key)
        mark = fingerprint(report, principal.subject)
        first = self._remembered.get(report_id)
        if first is not None and first != mark:
            raise Refused(
                "another report with this id was received before; make a new id",
                [FieldProblem("id", "is known with another body")],
                kind="id-reused",
            )
        problems = (
            *_category_problems(visit.known, report),
            *time_problems(report.observed_at, visit.now),
            *_source_problems(principal, report),
            *_caller_problems(principal, report),
            *(self._photo_problems(principal, report) if report.photos else ()),
        )
        if problems:
            raise Refused("the report cannot be used as it is", problems)
        return _Read(report=report, id=report_id, mark=mark, is_known=first is not None)

    def _accept(
        self, visit: "_Visit", read: _Read, place: Place | Outside
    ) -> Accepted | DispatchError:
        if isinstance(place, Outside):
            return outside(place)
        if not access.covers(visit.principal, visit.area_map.areas, place.community):
            return access.Forbidden(
                f"the token's scope is {visit.principal.scope}; the place lies in {place.community}"
            )
        return Accepted(
            id=read.id,
            fingerprint=read.mark,
            message=None if read.is_known else self._message(visit, read, place),
            answer=self._answer(visit.principal, read, place),
        )

    def _photo_problems(self, principal: Principal, report: ReportIn) -> list[FieldProblem]:
        foreign = (
            n
            for n, photo in enumerate(report.photos)
            if self._photos.owner(photo) not in (None, principal.subject)
        )
        return [FieldProblem(f"photos.{n}", "belongs to somebody else") for n in foreign]

    def _answer(self, principal: Principal, read: _Read, place: Place) -> bytes:
        return orjson.dumps(
            {
                "id": read.id,
                "areas": {
                    "city": place.city,
                    "district": place.district,
                    "community": place.community,
                },
                "candidates": place.candidates,
                "map_version": place.map_version,
                "receipt": self._keys.receipt(read.id, principal.subject, read.mark),
                "status_url": f"/api/v1/reports/{read.id}",
            }
        )

    def _message(self, visit: "_Visit", read: _Read, place: Place) -> Message:
        report, principal, at = read.report, visit.principal, read.report.location
        located = LocatedReport(
            id=read.id,
            fingerprint=read.mark.hex(),
            subject=principal.subject,
            reporter=self._reporter(principal, report),
            source=_source(principal, report),
            category=report.category,
            condition=report.condition,
            lon=place.lon,
            lat=place.lat,
            x=place.x,
            y=place.y,
            crs=at.crs,
            original_lon=at.lon,
            original_lat=at.lat,
            accuracy_m=at.accuracy_m,
            city=place.city,
            district=place.district,
            community=place.community,
            candidates=place.candidates,
            map_version=place.map_version,
            text=report.text,
            photos=tuple(str(photo) for photo in report.photos),
            part=report.part,
            confidential=report.confidential,
            observed_at=moment(report.observed_at) if report.observed_at else None,
            observed_ahead=report.observed_at is not None and report.observed_at > visit.now,
            received_at=visit.received_at,
            contact=self._seal(report.contact, read.id),
            on_behalf=self._seal(report.on_behalf, read.id),
        )
        return Message(
            topic=self._topic,
            key=place.community.encode(),
            value=located.to_bytes(),
            headers=event_headers(
                id_=read.id, type_=REPORT_RECEIVED, source=self._source, time=visit.received_at
            ),
        )

    def _reporter(self, principal: Principal, report: ReportIn) -> str:
        """Who counts as the reporter: the caller for whom an operator writes (invariant 7).

        Nobody else can name a reporter in its own place: a member who did could inspect what it
        reported itself.
        """
        caller = report.on_behalf
        if caller is None or principal.role not in access.WRITES_FOR_OTHERS:
            return principal.subject
        if caller.account is not None:
            return caller.account
        return self._keys.pseudonym(f"{caller.phone or ''}\0{caller.name or ''}")

    def _seal(self, person: PersonIn | None, report_id: str) -> str | None:
        if person is None:
            return None
        plain = orjson.dumps(person.model_dump(include={"name", "phone"}))
        return base64.b64encode(self._keys.seal(plain, report_id)).decode()


class _Visit:
    """One call at the door: who, when, and what was known then."""

    __slots__ = ("area_map", "known", "now", "principal", "received_at")

    def __init__(self, *, known: Known, principal: Principal, now: datetime) -> None:
        self.known = known
        self.principal = principal
        self.now = now
        self.received_at = moment(now)
        self.area_map = known.map_at(now)

    def place_all(self, reports: Sequence[ReportIn]) -> Sequence[Place | Outside]:
        if len(reports) == 1:
            at = reports[0].location
            return [self.area_map.place(at.lon, at.lat, Crs(at.crs), at.accuracy_m)]
        places = [report.location for report in reports]
        return self.area_map.place_many(
            [at.lon for at in places],
            [at.lat for at in places],
            [Crs(at.crs) for at in places],
            [at.accuracy_m for at in places],
        )


def outside(place: Outside) -> Refused:
    """The refusal of a place that lies in no community; names the nearest area."""
    nearest = {
        "code": place.nearest_code,
        "name": place.nearest_name,
        "distance_m": round(place.distance_m, 1),
    }
    return Refused(
        f"the place lies outside the city, {place.distance_m:,.0f} m from "
        f"{place.nearest_name} ({place.nearest_code})",
        [FieldProblem("location", "lies outside the city")],
        kind="outside-city",
        extra={"nearest": nearest},
    )


def _identity(report: ReportIn, principal: Principal, key: str | None) -> str:
    if report.id is not None:
        if report.id.version not in (4, 7):
            raise Refused(
                "the report's id cannot be used",
                [FieldProblem("id", "is not a random UUID (version 4 or 7)")],
            )
        if key is not None and key != str(report.id):
            raise Refused(
                "id and Idempotency-Key differ; send one of them, or both equal",
                [FieldProblem("id", "differs from the header Idempotency-Key")],
            )
        return str(report.id)
    if key is None:
        raise Refused(
            "the report has no id",
            [FieldProblem("id", "is required, or the header Idempotency-Key in its place")],
        )
    if not 0 < len(key) <= 200:
        raise Refused(
            "the Idempotency-Key cannot be used",
            [FieldProblem("Idempotency-Key", "must have 1 to 200 characters")],
        )
    return str(uuid.uuid5(KEY_SPACE, f"{principal.subject}\0{key}"))


def _category_problems(known: Known, report: ReportIn) -> list[FieldProblem]:
    category = known.catalogue.categories.get(report.category)
    if category is None:
        return [FieldProblem("category", "is unknown; GET /api/v1/categories lists them")]
    if report.condition is not None and category.condition(report.condition) is None:
        rows = ", ".join(row.code for row in category.conditions) or "none"
        return [FieldProblem("condition", f"is not one of this category's conditions ({rows})")]
    return []


def time_problems(observed_at: datetime | None, now: datetime) -> list[FieldProblem]:
    """What is wrong with the moment at which something was seen."""
    if observed_at is None:
        return []
    if observed_at > now + AHEAD_ACCEPTED:
        return [FieldProblem("observed_at", "is more than 24 hours ahead; check the phone's clock")]
    if observed_at < now - BACK_ACCEPTED:
        return [FieldProblem("observed_at", "is more than 366 days back")]
    return []


def _source_problems(principal: Principal, report: ReportIn) -> list[FieldProblem]:
    if report.source is None or principal.role in access.CHOOSES_SOURCE:
        return []
    own = access.SOURCE_OF[principal.role]
    if report.source == own:
        return []
    return [FieldProblem("source", f"is fixed by the token: {own}")]


def _caller_problems(principal: Principal, report: ReportIn) -> list[FieldProblem]:
    caller = report.on_behalf
    if caller is None or caller.account is None or principal.role in access.WRITES_FOR_OTHERS:
        return []
    may = ", ".join(sorted(access.WRITES_FOR_OTHERS))
    return [FieldProblem("on_behalf.account", f"may be given only by: {may}")]


def _source(principal: Principal, report: ReportIn) -> str:
    if report.source is not None:
        return report.source
    return access.SOURCE_OF.get(principal.role, "sensor")
