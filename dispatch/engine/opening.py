"""Opens a case for a report, or attaches the report to one: the decisions of the engine.

Design decisions 10 (who files) and 11 (which case). Pure.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.cases import history
from dispatch.cases.case import Case, new_case
from dispatch.cases.event_bodies import ATTACHED
from dispatch.cases.ledger import Ledger
from dispatch.cases.links import links_json
from dispatch.cases.views import view_of
from dispatch.engine.filing import AskedPart, Choice, choose
from dispatch.engine.joining import Join
from dispatch.engine.rules import Rules
from dispatch.reports.report import LocatedReport
from grid.linking import Links
from workflows.case import Decision
from workflows.decide import open_case
from workflows.marks import OWNERLESS

ACTOR = "system:engine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A report with what was found out about it; `salt` names its words in hashed bodies."""

    report: LocatedReport
    links: Links
    part: AskedPart
    salt: bytes

    @property
    def text_digest(self) -> str | None:
        """How events refer to the report's words (design decision 16)."""
        return history.text_digest(self.salt, self.report.text) if self.report.text else None


class Openings:
    """Opens the cases of one batch, at one moment; openings that are alike are decided once.

    A case that opens has nothing of its own yet but its number and its place: what the workflow
    decides follows from its category, district and marks and from how it is filed. In a storm of
    reports a batch holds a few such sorts.
    """

    def __init__(self, rules: Rules, ledger: Ledger, at: datetime) -> None:
        self._rules = rules
        self._ledger = ledger
        self._at = at
        self._decided: dict[tuple[object, ...], Decision] = {}

    def open_for(self, prepared: Prepared, join: Join, *, number: str) -> Case:
        """Opens the report's case with one event that explains every choice."""
        choice = choose(self._rules, prepared.report, prepared.part)
        case = _new_case(self._rules, prepared, join, number=number, at=self._at)
        if choice.duty.is_ownerless:
            case.marks = {OWNERLESS: 1}
        sort = _sort_of(case, choice)
        decision = self._decided.get(sort)
        if decision is None:
            decision = self._decided[sort] = self._decide(case, choice)
        self._ledger.open(case)
        self._ledger.decided(case, decision)
        (draft,) = decision.events
        body = {**draft.body, **_opening_body(case, prepared, choice)}
        self._ledger.append(case, type_=draft.type, at=self._at, actor=ACTOR, body=body)
        return case

    def _decide(self, case: Case, choice: Choice) -> Decision:
        definition = self._rules.definition_of(case.category)
        view = view_of(case, self._rules.categories)
        return open_case(definition, view, self._at, self._rules.calendars, choice.filing)


def _sort_of(case: Case, choice: Choice) -> tuple[object, ...]:
    """All that an opening's decision follows from, beside the rules and the moment."""
    place = case.category, case.district, choice.duty.is_ownerless
    if choice.filing is None:
        return place
    condition = choice.filing.condition
    return *place, choice.filing.department, condition.code, condition.profile


def attach_to(ledger: Ledger, case: Case, prepared: Prepared, join: Join, at: datetime) -> None:
    """Attaches the report to an open case; neither its state nor its version changes."""
    case.report_count += 1
    body = {
        **_report_told(prepared, at),
        "links": links_json(prepared.links),
        "distance_m": f"{join.distance_m:.2f}",
        "rule": "near-in-place-and-time" if prepared.report.part is None else "same-part",
    }
    ledger.append(case, type_=ATTACHED, at=at, actor=ACTOR, body=body)


def _new_case(rules: Rules, prepared: Prepared, join: Join, *, number: str, at: datetime) -> Case:
    report = prepared.report
    case = new_case(
        report,
        id=join.case,
        number=number,
        definition=rules.definition_of(report.category),
        category=report.category,
        opened_at=at,
        zone=rules.zone,
        accuracy_m=report.accuracy_m,
        source=report.source,
        links=links_json(prepared.links),
    )
    case.report_count = 1
    case.part = report.part if prepared.part.known else None
    case.possible_duplicate_of = join.possible_duplicate_of
    return case


def _opening_body(case: Case, prepared: Prepared, choice: Choice) -> dict[str, Any]:
    """What an opening event tells beside what the workflow says."""
    report, duplicate = prepared.report, case.possible_duplicate_of
    return {
        **_report_told(prepared, case.opened_at),
        "links": case.links,
        "line": case.line,
        "definition": case.definition,
        "x": history.metres(case.x),
        "y": history.metres(case.y),
        "filing": choice.explanation,
        "accuracy_m": f"{report.accuracy_m:.1f}",
        "candidates": list(report.candidates),
        "map_version": report.map_version,
        "observed_at": report.observed_at,
        "possible_duplicate_of": None if duplicate is None else str(duplicate),
        "part": report.part,
    }


def _report_told(prepared: Prepared, at: datetime) -> dict[str, Any]:
    """What opening and attaching tell of the report they name (`event_bodies.ReportTold`)."""
    report = prepared.report
    return {
        "report": report.id,
        "source": report.source,
        "text_digest": prepared.text_digest,
        "photos": list(report.photos),
        "received_at": report.received_at,
        "system_delay_s": _system_delay(at, report.received_at),
    }


def _system_delay(at: datetime, received_at: str) -> str:
    """Seconds from intake's answer to the case's first event, never below zero."""
    delay = (at - datetime.fromisoformat(received_at)).total_seconds()
    return f"{max(0.0, delay):.3f}"
