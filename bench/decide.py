"""What a decision costs, with its guards, clocks and facts, beside the machine's bare step."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median
from time import thread_time

from bench.figures import Figure
from dispatch.catalogue.definitions import load_definitions
from dispatch.catalogue.standards import document_of, shipped_categories
from workflows.calendar import Calendars, WorkingCalendar
from workflows.case import Actor, CaseView, Command, Decision, Filing
from workflows.decide import decide, open_case
from workflows.definition import Definition

KEY = "urban_management@2"
CATEGORY = "E0110"
DEPARTMENT = "431103-urban"
START = datetime(2026, 9, 16, 1, 0, tzinfo=UTC)
BATCH, BATCHES = 500, 40
BUDGET_US = 60


@dataclass(slots=True)
class Measured:
    """A case that stands where the action is possible, and the command for it."""

    definition: Definition
    calendars: Calendars
    view: CaseView
    command: Command
    now: datetime

    def decide(self) -> Decision:
        """One whole decision, on a view as a locked row gives it."""
        return decide(self.definition, self.view, self.command, self.now, self.calendars)

    def move(self) -> str:
        """The state machine's own trigger and nothing else."""
        return self.definition.machine.move(self.command.action, self.view)


class _Life:
    """One case, brought from action to action by real decisions."""

    def __init__(self) -> None:
        calendar = WorkingCalendar.from_document(document_of("cn"))
        self._definition = load_definitions()[KEY]
        self._calendars = Calendars(calendar)
        categories = {one.code: one for one in shipped_categories()}
        condition = categories[CATEGORY].conditions[0]
        self._now = START
        self._view = CaseView(state=self._definition.initial, category=CATEGORY)
        filing = Filing(condition=condition, department=DEPARTMENT)
        opened = open_case(self._definition, self._view, START, self._calendars, filing)
        self._take(opened)

    def before(self, action: str, role: str, **fields: object) -> Measured:
        """The case as it stands before an action, which is then done."""
        self._now += timedelta(minutes=7)
        department = DEPARTMENT if role == "handler" else None
        actor = Actor(id=f"a-{role}", role=role, department=department)
        command = Command(action=action, actor=actor, reason="现场核对", fields=fields)
        stood = Measured(self._definition, self._calendars, self._view, command, self._now)
        self._view = replace(self._view)
        self._take(decide(self._definition, self._view, command, self._now, self._calendars))
        return stood

    def _take(self, made: Decision) -> None:
        holders = self._view.handled_by | ({made.department} if made.department else set())
        self._view = CaseView(
            state=made.state,
            category=made.category,
            condition=made.condition,
            department=made.department,
            handled_by=holders,
            reporters=frozenset({"m-1", "m-2"}),
            deadlines=made.deadlines,
            marks=made.marks,
            assistants=made.assistants,
        )


def stations() -> dict[str, Measured]:
    """Three actions of one case: dispatched once more after a withdrawal, signed for, inspected."""
    life = _Life()
    life.before("withdraw", "dispatcher")
    found = {"dispatch": life.before("dispatch", "dispatcher", department=DEPARTMENT)}
    found["sign"] = life.before("sign", "handler")
    life.before("start", "handler")
    life.before("feedback", "handler", text="已清理")
    found["inspect-pass"] = life.before("inspect-pass", "member")
    return found


def decisions() -> Iterator[Figure]:
    """Each action's decision in microseconds of one processor."""
    for name, measured in stations().items():
        yield Figure(
            name=f"decide, {name} of version 2",
            value=_micros(measured, measured.decide),
            unit="µs",
            raw=_micros(measured, measured.move),
            raw_is="the state machine's trigger alone",
            budget=f"≤ {BUDGET_US}",
        )


def _micros(measured: Measured, work: Callable[[], object]) -> float:
    """The median of many batches in processor time; the view goes back to where it was."""
    view, state = measured.view, measured.view.state
    found = []
    for _ in range(BATCHES):
        started = thread_time()
        for _ in range(BATCH):
            view.state = state
            work()
        found.append((thread_time() - started) / BATCH * 1e6)
    view.state = state
    return median(found)
