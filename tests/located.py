"""Located reports made by hand."""

from typing import Any
from uuid import UUID

from dispatch.reports.report import LocatedReport


def located_report(**fields: Any) -> LocatedReport:
    """A member's report of rubbish in Lingling; keyword arguments replace fields."""
    values: dict[str, Any] = {
        "id": str(UUID(int=1)),
        "fingerprint": "aa" * 32,
        "subject": "member-1",
        "reporter": "member-1",
        "source": "member",
        "category": "E0110",
        "condition": None,
        "lon": 111.6,
        "lat": 26.4,
        "x": 560_000.0,
        "y": 2_922_000.0,
        "crs": "wgs84",
        "original_lon": 111.6,
        "original_lat": 26.4,
        "accuracy_m": 8.0,
        "city": "431100",
        "district": "431103",
        "community": "431103001001",
        "candidates": (),
        "map_version": 1,
        "text": "垃圾",
        "photos": (),
        "part": None,
        "confidential": False,
        "observed_at": None,
        "observed_ahead": False,
        "received_at": "2026-09-16T04:19:59.500000Z",
        "contact": None,
        "on_behalf": None,
    }
    return LocatedReport(**{**values, **fields})
