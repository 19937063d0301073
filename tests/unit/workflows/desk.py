"""One case played through decisions as the running system plays it, in memory."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from workflows import (
    ActionForm,
    Actor,
    Calendars,
    CaseView,
    Category,
    Command,
    Condition,
    Decision,
    Definition,
    Filing,
    allowed_actions,
    decide,
    fire,
    open_case,
)
from workflows.case import nobody
from workflows.definition import Office
from workflows.replaying import Happened

STANDARDS = Path(__file__).parents[3] / "data" / "standards"
SHANGHAI = ZoneInfo("Asia/Shanghai")
ACTORS = {
    "acceptor": Actor(id="a1", role="acceptor"),
    "dispatcher": Actor(id="d1", role="dispatcher"),
    "handler": Actor(id="h1", role="handler", department="LIGHTS"),
    "supervisor": Actor(id="s1", role="supervisor"),
    "member": Actor(id="m1", role="member"),
    "system": Actor(id="system", role="system"),
}
FIELDS: Mapping[str, Mapping[str, Any]] = {
    "dispatch": {"department": "LIGHTS"},
    "adjudicate": {"department": "LIGHTS"},
    "joint-dispatch": {"department": "LIGHTS", "assistants": ["ROADS", "WATER"]},
    "assist": {"text": "closed the road"},
    "hand-over": {"account": "a2"},
    "appoint": {"account": "m1"},
    "compare": {"other": "YZ202609160001", "answer": "different"},
    "merge": {"into": "YZ202609160001"},
    "split": {"category": "E0110"},
    "transfer": {"district": "431102"},
    "instruct": {"text": "three days are enough"},
    "feedback": {"text": "replaced the lamp", "photos": ["p1"]},
    "close": {"closing_met": True},
    "suspend": {"until": datetime(2027, 3, 1, tzinfo=UTC)},
    "defer": {"until": datetime(2027, 3, 1, tzinfo=UTC)},
    "call-back": {"satisfaction": "satisfied"},
    "relocate": {"location": {"lon": "111.62", "lat": "26.22"}},
}


def local(text: str) -> datetime:
    """A moment of the wall clock in Shanghai, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


class Desk:
    """Plays one case through decisions as the running system does, holding what its row holds."""

    def __init__(
        self, definition: Definition, calendars: Calendars, categories: dict[str, Category]
    ) -> None:
        self.definition = definition
        self.calendars = calendars
        self.categories = categories
        self.now = local("2026-09-16T08:00")
        self.category = "P0137"
        self.state = definition.initial
        self.condition: Condition | None = None
        self.department: str | None = None
        self.handled_by: frozenset[str] = frozenset()
        self.marks: Mapping[str, int | str] = {}
        self.assistants: Mapping[str, bool] = {}
        self.district: str | None = None
        self.reporters: frozenset[str] = frozenset({"r1"})
        self.last: Decision
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.history: list[Happened] = []
        self.office: Callable[[Office], str | None] = nobody

    def row(self, number: int = 1) -> Condition:
        return self.categories[self.category].conditions[number - 1]

    def successor(self) -> Condition | None:
        after = None if self.condition is None else self.condition.successor
        return None if after is None else self.categories[self.category].condition(after)

    def view(self) -> CaseView:
        return CaseView(
            state=self.state,
            category=self.category,
            condition=self.condition,
            successor=self.successor(),
            department=self.department,
            handled_by=self.handled_by,
            reporters=self.reporters,
            deadlines=self.last.deadlines if hasattr(self, "last") else (),
            marks=self.marks,
            assistants=self.assistants,
            district=self.district,
            office=self.office,
        )

    def keep(self, decision: Decision, actor: str = "system") -> Decision:
        self.last = decision
        self.state, self.category = decision.state, decision.category
        self.condition, self.department = decision.condition, decision.department
        self.marks, self.assistants = decision.marks, decision.assistants
        self.handled_by |= {decision.department or "", *decision.assistants} - {""}
        self.events += [(event.type, event.body) for event in decision.events]
        for event in decision.events:
            seq = len(self.history) + 1
            self.history.append(Happened(seq=seq, type=event.type, actor=actor, body=event.body))
        return decision

    def open(self, filing: Filing | None = None) -> Decision:
        return self.keep(open_case(self.definition, self.view(), self.now, self.calendars, filing))

    def open_dispatched(self, number: int = 1, department: str = "LIGHTS") -> Decision:
        return self.open(Filing(condition=self.row(number), department=department))

    def command(self, action: str, actor: Actor | str, **fields: Any) -> Command:
        given = {"condition": self.row()} if action == "file" else dict(FIELDS.get(action, {}))
        if action == "reclassify":
            given = {"category": self.category, "condition": self.row(2)}
        return Command(
            action=action,
            actor=ACTORS[actor] if isinstance(actor, str) else actor,
            reason=fields.pop("reason", "because"),
            appointed=fields.pop("appointed", None),
            fields=given | fields,
        )

    def act(self, action: str, actor: Actor | str, **fields: Any) -> Decision:
        return self.do(self.command(action, actor, **fields))

    def do(self, command: Command) -> Decision:
        decision = decide(self.definition, self.view(), command, self.now, self.calendars)
        return self.keep(decision, command.actor.id)

    def offered(self, actor: Actor) -> tuple[ActionForm, ...]:
        return allowed_actions(self.definition, self.view(), actor, self.now, self.calendars)

    def fire(self) -> Decision:
        """Fires what is due; answers the last decision, the system's own where it acted."""
        for decision in fire(self.definition, self.view(), self.now, self.calendars):
            self.keep(decision)
        return self.last

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)

    def clock(self, stage: str) -> Any:
        return next(d for d in self.last.deadlines if d.stage == stage)
