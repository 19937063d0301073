"""The filters that lists of cases and the feed share, and whether the caller may name them."""

from datetime import datetime
from typing import Annotated

from fastapi import Query

from dispatch.api.problems import Problem
from dispatch.cases import access
from dispatch.catalogue.knowledge import Known
from dispatch.instants import EXAMPLE, instant
from dispatch.reading.reading import Filters
from dispatch.reports.report import FieldProblem
from dispatch.tokens import Principal, Role
from grid.areas import lies_in

Code = Annotated[str | None, Query(max_length=60, pattern=r"^[^\x00]*$")]


Moment = Annotated[
    str | None,
    Query(
        description="RFC 3339, for instance 2026-11-25T08:00:00Z",
        json_schema_extra={"format": "date-time"},
    ),
]
NUMBER = r"-?[0-9]{1,3}(\.[0-9]{1,12})?"


def filters_of(  # noqa: PLR0913, PLR0917  the filters of the contract
    city: Code = None,
    district: Code = None,
    community: Code = None,
    department: Code = None,
    state: Code = None,
    category: Code = None,
    line: Code = None,
    overdue: bool | None = None,
    open: bool | None = None,
    since: Moment = None,
    until: Moment = None,
    bbox: Annotated[
        str | None,
        Query(
            description="west,south,east,north in degrees",
            json_schema_extra={"pattern": rf"^{NUMBER}(,{NUMBER}){{3}}$"},
        ),
    ] = None,
    q: Annotated[str | None, Query(max_length=40, pattern=r"^[^\x00]*$")] = None,
) -> Filters:
    """Reads the filters of a request (FastAPI dependency)."""
    return Filters(
        city=city,
        district=district,
        community=community,
        department=department,
        state=state,
        category=category,
        line=line,
        overdue=overdue,
        open=open,
        since=None if since is None else read_instant("since", since),
        until=None if until is None else read_instant("until", until),
        bbox=_bbox(bbox),
        q=q,
    )


def _bbox(text: str | None) -> tuple[float, float, float, float] | None:
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise unusable("bbox", "must be four numbers: west,south,east,north in degrees") from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise unusable("bbox", "must be west,south,east,north in degrees, smaller before larger")
    return west, south, east, north


def check_filters(known: Known, principal: Principal, filters: Filters) -> None:
    """403 for a filter outside the caller's scope, 422 for a code that does not exist."""
    areas = known.in_force.areas
    for name in ("city", "district", "community"):
        code = getattr(filters, name)
        if code is None:
            continue
        if code not in areas or areas[code].level != name:
            raise unusable(name, f"there is no {name} {code!r}; GET /api/v1/areas lists them")
        # To name the city or district that the caller's own area lies in narrows nothing.
        above = lies_in(areas, principal.scope, code)
        if not above and not access.covers(principal, areas, code):
            raise Problem(403, "not-allowed", f"{name} {code} lies outside your scope")
    department = filters.department
    if department is None:
        return
    if principal.role is Role.HANDLER and department != principal.department:
        raise Problem(403, "not-allowed", f"department {department} is not yours")
    if known.departments and department not in known.departments:
        raise unusable("department", f"there is no department {department!r}")


def read_instant(field: str, text: str) -> datetime:
    """An instant as RFC 3339 writes it, in UTC; anything else is 422."""
    found = instant(text)
    if found is None:
        more = "or 2026-11-25T16:00:00%2B08:00 (in an address + is written %2B)"
        raise unusable(field, f"must be {EXAMPLE} {more}")
    return found


def unusable(field: str, reason: str) -> Problem:
    """422 that names the field."""
    return Problem(
        422, "invalid-request", f"{field} {reason}", errors=[FieldProblem(field, reason)]
    )
