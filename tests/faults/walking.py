"""Walks one case through its definition, event by event, and says what the definition lacks."""

from tests.faults.recorded import Event
from workflows.definition import Action, Definition, Marking, Step

OPENED = "wangge.case.opened.v1"
SPLIT_OFF = "wangge.case.split-off.v1"
BEGINNINGS = (OPENED, SPLIT_OFF)
REMAPPED = "wangge.case.remapped.v1"
RECOMPUTED = "wangge.case.deadline-recomputed.v1"
TAKING = ("wangge.case.absorbed.v1", "wangge.case.released.v1")
"""Another case was merged into this one, or taken out again; a new version where that changed the
clock."""
SYSTEM = "system"


class Steps:
    """Where one case is, as its events say; each event is taken once, in order."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._actions = {action.event_type: action for action in definition.actions.values()}
        self._kept: dict[str, str] = {}
        self.state = ""
        self.version = 0

    def wrong(self, event: Event) -> str | None:
        """Takes the event's step; tells what the definition does not allow."""
        action = self._actions.get(event.type)
        version = self.version
        if not self.state:
            wrong = self._begin(event)
            version = 1
        elif action is None:
            wrong = "is a second beginning" if event.type in BEGINNINGS else None
            version += _raised_beside(event)
        else:
            wrong = self._move(action, event)
            version += action.raises_version
        self.version = version
        if wrong is not None:
            return wrong
        if event.body.get("state") != self.state:
            return f"ends in {event.body.get('state')}; the definition leads to {self.state}"
        if event.body.get("version") != version:
            return f"has version {event.body.get('version')}; {version} is due"
        return None

    def _begin(self, event: Event) -> str | None:
        if event.type not in BEGINNINGS:
            return "is not an opening, but the first event"
        self.state = self._definition.initial
        for told in event.body.get("steps", ()):
            action = self._definition.actions.get(str(told["action"]))
            wrong = self._step(action, str(told["action"]), SYSTEM)
            if wrong is None and told["state"] != self.state:
                wrong = f"step {told['action']} ends in {told['state']}, not {self.state}"
            if wrong is not None:
                return wrong
        return None

    def _move(self, action: Action, event: Event) -> str | None:
        if event.body.get("from") != self.state:
            return f"starts in {event.body.get('from')}, but the case was {self.state}"
        role = str(event.body.get("role"))
        if role == SYSTEM and "came_due" not in event.body:
            return "was done by the system, and nothing had come due"
        return self._step(action, action.name, role)

    def _step(self, action: Action | None, name: str, role: str) -> str | None:
        step = action.steps.get(self.state) if action is not None else None
        if action is None or step is None:
            return f"{name} is not possible in state {self.state}"
        if role not in self._players(step):
            return f"the role {role} may not {name} a case that is {self.state}"
        before = self.state
        self.state = self._after(step)
        for mark, marking in action.marks.items():
            if marking is Marking.STATE:
                self._kept[mark] = before
        return None

    def _players(self, step: Step) -> set[str]:
        return {self._definition.roles[name].plays for name in step.roles}

    def _after(self, step: Step) -> str:
        if step.back is not None:
            return self._kept.get(step.back, f"? (nothing was kept under {step.back})")
        return step.to or self.state


def _raised_beside(event: Event) -> bool:
    """Whether an event that is no action's raises the version."""
    return event.type in (REMAPPED, RECOMPUTED) or (
        event.type in TAKING and bool(event.body.get("deadlines"))
    )
