"""CloudEvents 1.0 in Kafka's binary mode: attributes as `ce_*` headers, JSON as value."""

from dataclasses import dataclass

from streams.records import Headers

REPORT_RECEIVED = "wangge.report.received.v1"
DEAD_LETTER = "wangge.report.dead-lettered.v1"
_VERSION = ("ce_specversion", b"1.0")
_JSON = ("content-type", b"application/json")


def event_headers(
    *, id_: str, type_: str, source: str, subject: str | None = None, time: str | None = None
) -> Headers:
    """The headers of one event (CloudEvents 1.0, Kafka protocol binding, binary mode)."""
    headers: Headers = (
        _VERSION,
        ("ce_id", id_.encode()),
        ("ce_type", type_.encode()),
        ("ce_source", source.encode()),
        _JSON,
    )
    if subject is not None:
        headers += (("ce_subject", subject.encode()),)
    if time is not None:
        headers += (("ce_time", time.encode()),)
    return headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What the headers of a received event say; empty strings where a header is missing."""

    id: str
    type: str
    source: str


def read_attributes(headers: Headers) -> Attributes:
    """Reads the headers of an event; never raises (a poison record's headers may be anything)."""
    found = {name: value.decode("utf-8", "replace") for name, value in headers if value}
    return Attributes(
        id=found.get("ce_id", ""), type=found.get("ce_type", ""), source=found.get("ce_source", "")
    )
