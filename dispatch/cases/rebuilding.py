"""The case row as its events tell it (invariant 3): how a case stood, and whether its row is true.

Pure. Whatever the ledger writes into a case row must come back from here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any
from uuid import UUID

from dispatch.cases.case import Case
from dispatch.cases.event_bodies import UNKNOWN_PART
from dispatch.cases.history import CaseEvent
from dispatch.errors import DispatchError
from workflows.deadlines import Deadline, running_due
from workflows.marks import follow
from workflows.replaying import MIGRATED


class NotTold(DispatchError):
    """The history was begun by a version that did not tell all that a row holds."""


@dataclass(slots=True, kw_only=True)
class Standing:
    """A case after the events that were told so far, with the reports and photos they name."""

    case: Case
    reports: list[str] = field(default_factory=list)
    photos: set[str] = field(default_factory=set)


def rebuild(events: Iterable[CaseEvent]) -> Standing:
    """The case as these events leave it: the first of its history and those that follow it.

    Raises NotTold when the first event lacks what a row needs.
    """
    following = iter(events)
    first = next(following, None)
    if first is None or "definition" not in first.body:
        raise NotTold("the history does not tell the case from its beginning")
    standing = Standing(case=_opened(first))
    _follow(standing, first)
    for event in following:
        _follow(standing, event)
    return standing


def differences(row: Case, told: Case) -> list[tuple[str, Any, Any]]:
    """What the row says and the history does not: field, the row's value, the history's."""
    return [
        (name, mine, theirs)
        for name in (one.name for one in fields(Case))
        if (mine := _comparable(row, name)) != (theirs := _comparable(told, name))
    ]


def _comparable(case: Case, name: str) -> Any:
    value = getattr(case, name)
    if name == "accuracy_m":  # told to a tenth of a metre, stored in single precision
        return f"{value:.1f}"
    return dict(value) if name in {"links", "marks", "assistants"} else value


def _opened(event: CaseEvent) -> Case:
    """What never changes, or only by an event that says so; the rest is told by every event."""
    body = event.body
    duplicate = body.get("possible_duplicate_of")
    return Case(
        id=event.case_id,
        opened_month=date.fromisoformat(str(event.opened_month)),
        number=body["number"],
        line=body["line"],
        definition=body["definition"],
        category=body["category"],
        condition=None,
        state=body["state"],
        version=0,
        seq=0,
        head_hash=b"",
        last_at=event.at,
        city="",
        district="",
        community="",
        map_version=body["map_version"],
        x=float(body["x"]),
        y=float(body["y"]),
        lon=0.0,
        lat=0.0,
        accuracy_m=float(body["accuracy_m"]),
        department=None,
        source=body["source"],
        part=_part(body),
        opened_at=event.at,
        closed_at=None,
        due_at=None,
        deadlines=(),
        links=body["links"],
        report_count=0,
        handled_by=(),
        possible_duplicate_of=None if duplicate is None else UUID(duplicate),
        marks={},
        assistants={},
        merged_into=None,
        split_from=None if "split_from" not in body else UUID(body["split_from"]["case"]),
    )


def _part(body: Mapping[str, Any]) -> str | None:
    """The part that the opening report named, where there is such a part."""
    if "filing" not in body or UNKNOWN_PART in body["filing"]["why"]:
        return None
    part: str | None = body["part"]
    return part


def _follow(standing: Standing, event: CaseEvent) -> None:
    case, body = standing.case, event.body
    case.seq, case.head_hash, case.last_at = event.seq, bytes(event.hash), event.at
    _take_summary(case, body)
    if event.type == MIGRATED:
        case.definition = body["to"]
    if body.get("reopened"):
        case.closed_at, case.deadlines = None, ()
    _take_clocks(case, body)
    if "was_place" in body:
        _take_place(case, body)
    if "report" in body:
        case.report_count += 1
        standing.reports.append(body["report"])
    standing.photos.update(body.get("photos", ()))
    case.marks = follow(case.marks, body.get("marks", {}))
    case.assistants = body.get("assistants", case.assistants)
    case.note_holder()
    if "merged_into" in body:
        into = body["merged_into"]
        case.merged_into = None if into is None else UUID(into["case"])
    if "closed" in body:
        case.closed_at = event.at if body["closed"] else None


def _take_summary(case: Case, body: Mapping[str, Any]) -> None:
    """What `Case.summary` wrote."""
    case.state, case.version = body["state"], body["version"]
    case.category, case.condition = body["category"], body["condition"]
    case.limit_text = body.get("limit")  # events of older versions do not tell it
    # A rung names the department that it tells; the case's own is what came before.
    if "rung" not in body:
        case.department = body["department"]
    areas = body["areas"]
    case.city, case.district = areas["city"], areas["district"]
    case.community = areas["community"]
    case.lon, case.lat = float(body["lon"]), float(body["lat"])


def _take_place(case: Case, body: Mapping[str, Any]) -> None:
    case.map_version = body["map_version"]
    if "links" in body:  # a new map leaves the case where it lies
        case.links, case.line = body["links"], body["line"]
        case.x, case.y = float(body["x"]), float(body["y"])


def _take_clocks(case: Case, body: Mapping[str, Any]) -> None:
    """An event tells the clocks that it changed; a rung tells itself."""
    clocks = {clock.stage: clock for clock in case.deadlines}
    for told in body.get("deadlines", ()):
        clock = Deadline.from_json(told)
        clocks[clock.stage] = clock
    if "rung" in body:
        stage = body["stage"]
        clocks[stage] = clocks[stage].at_rung(body["rung"] + 1)
    case.deadlines = tuple(clocks.values())
    case.due_at = running_due(case.deadlines)
