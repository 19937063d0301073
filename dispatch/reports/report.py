"""A report: as a client sends it, and as it travels through Kafka once it is located."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

AHEAD_ACCEPTED = timedelta(hours=24)
BACK_ACCEPTED = timedelta(days=366)

# No U+0000: PostgreSQL cannot hold it, so it is refused at the door. In patterns `$` is the very
# end, for pydantic's engine as for JSON Schema's.
Words = Annotated[str, Field(pattern=r"^[^\x00]*$")]
Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z:_.\-/ ]+$")]

Source = Literal["member", "public", "hotline", "sensor", "camera", "department", "leader"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class LocationIn(_Strict):
    """Where: degrees in the named coordinate system, and how exact (radius in metres)."""

    lon: float = Field(ge=-180, le=180, description="degrees east")
    lat: float = Field(ge=-90, le=90, description="degrees north")
    crs: Literal["wgs84", "gcj02", "bd09", "cgcs2000"] = "wgs84"
    accuracy_m: float = Field(0.0, ge=0, le=100_000)


class PersonIn(_Strict):
    """A person's name and number; sealed before anything is stored (design decision 16)."""

    name: Words | None = Field(None, min_length=1, max_length=100)
    phone: Annotated[str, Field(pattern=r"^[0-9+()\- ]{3,30}$")] | None = None


class CallerIn(PersonIn):
    """For whom an operator writes; `account` where the caller has one in Wangge, such as a member
    who calls the hotline."""

    account: Words | None = Field(None, min_length=1, max_length=200)


class ReportIn(_Strict):
    """What a client sends to `POST /reports` (design §5, intake)."""

    id: UUID | None = Field(None, description="made by the client, version 4 or 7")
    category: Code
    condition: Code | None = None
    location: LocationIn
    text: Words = Field("", max_length=4000)
    observed_at: AwareDatetime | None = None
    photos: list[UUID] = Field(default_factory=list, max_length=9)
    part: Code | None = None
    source: Source | None = None
    contact: PersonIn | None = None
    on_behalf: CallerIn | None = None
    confidential: bool = False


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field that is wrong, by its dotted name, and why."""

    field: str
    reason: str


def parse_report(body: bytes) -> tuple[ReportIn | None, tuple[FieldProblem, ...]]:
    """Reads a client's body; never raises. Exactly one of the two answers is filled."""
    try:
        return ReportIn.model_validate_json(body), ()
    except ValidationError as error:
        problems = tuple(
            FieldProblem(".".join(str(step) for step in item["loc"]) or "body", _reason(item, body))
            for item in error.errors(include_url=False, include_context=False)[:20]
        )
        return None, problems


def _reason(item: Mapping[str, Any], body: bytes) -> str:
    if item["type"] == "json_invalid":
        return _not_json(body, str(item["msg"]))
    if item["type"] == "string_pattern_mismatch":
        return "holds a character that is not allowed (such as U+0000)"
    if item["loc"] == ("location", "lat") and _looks_swapped(item.get("input")):
        return "is not a latitude; longitude and latitude look swapped"
    message = str(item["msg"])
    # An abbreviation keeps its capitals ("UUID input should be …").
    return message if message[1:2].isupper() else message[0].lower() + message[1:]


def _not_json(body: bytes, message: str) -> str:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"is not UTF-8 (byte {error.start}); send JSON in UTF-8"
    return f"is not JSON: {message.removeprefix('Invalid JSON: ')}"


def _looks_swapped(value: object) -> bool:
    return isinstance(value, int | float) and 90 < value <= 180


def fingerprint(report: ReportIn, subject: str) -> bytes:
    """What tells two bodies under one id apart: the parsed body and who sent it.

    Never over areas: the same body located on another map is still the same body.
    """
    parsed = report.model_dump(mode="json", exclude={"id"})
    caller = parsed["on_behalf"]
    if caller is not None and caller["account"] is None:
        del caller["account"]  # a retry from before there was the field is still the same body
    return hashlib.sha256(
        subject.encode() + b"\0" + orjson.dumps(parsed, option=orjson.OPT_SORT_KEYS)
    ).digest()


# Not frozen: of so many fields a frozen one takes three times as long to make.
@dataclass(slots=True, kw_only=True)
class LocatedReport:
    """A report with its place, as intake answers for it and the engine uses it. Immutable."""

    id: str
    fingerprint: str
    subject: str
    reporter: str
    source: str
    category: str
    condition: str | None
    lon: float
    lat: float
    x: float
    y: float
    crs: str
    original_lon: float
    original_lat: float
    accuracy_m: float
    city: str
    district: str
    community: str
    candidates: tuple[str, ...]
    map_version: int
    text: str
    photos: tuple[str, ...]
    part: str | None
    confidential: bool
    observed_at: str | None
    observed_ahead: bool
    received_at: str
    contact: str | None
    on_behalf: str | None

    def to_bytes(self) -> bytes:
        return orjson.dumps(self)

    @property
    def seen_at(self) -> datetime:
        """When the trouble was seen: as the phone says, unless its clock runs ahead."""
        told = None if self.observed_ahead else self.observed_at
        return datetime.fromisoformat(told or self.received_at)

    @property
    def sealed_contact(self) -> bytes | None:
        return base64.b64decode(self.contact) if self.contact else None

    @property
    def sealed_on_behalf(self) -> bytes | None:
        return base64.b64decode(self.on_behalf) if self.on_behalf else None


class MalformedReport(ValueError):
    """A record in the reports topic that is not a located report."""


def read_located(value: bytes | None) -> LocatedReport:
    """Reads what intake wrote to Kafka; raises MalformedReport on anything else."""
    if value is None:
        raise MalformedReport("the record has no value")
    try:
        raw = orjson.loads(value)
        raw["candidates"] = tuple(raw["candidates"])
        raw["photos"] = tuple(raw["photos"])
        report = LocatedReport(**raw)
        _check(report)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise MalformedReport(f"not a located report: {error}") from error
    return report


def _check(report: LocatedReport) -> None:
    UUID(report.id)
    bytes.fromhex(report.fingerprint)
    datetime.fromisoformat(report.received_at)
    if report.observed_at is not None:
        datetime.fromisoformat(report.observed_at)
    for name in ("lon", "lat", "x", "y", "accuracy_m", "original_lon", "original_lat"):
        if not isinstance(getattr(report, name), int | float):
            raise TypeError(f"{name} is not a number")
    for name in ("subject", "reporter", "source", "category", "district", "community", "text"):
        if not isinstance(getattr(report, name), str) or "\0" in getattr(report, name):
            raise TypeError(f"{name} is not text that can be stored")
