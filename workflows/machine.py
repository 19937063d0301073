"""The one door to `transitions`: one machine a definition version, no models of its own."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from transitions import Machine, MachineError, State

from workflows.errors import NotPossible


class Stateful(Protocol):
    """Whatever carries a case's state while one decision is made."""

    state: str


class CaseMachine:
    """Moves a view along the definition's steps, and along nothing else.

    Holds no case: the view is given each time and thrown away after the decision, so one machine
    serves every case of its definition, from several threads.
    """

    __slots__ = ("_events", "_possible")

    def __init__(
        self,
        states: Mapping[str, bool],
        initial: str,
        steps: Iterable[tuple[str, str, str | None]],
        backs: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Build it from states (name to final), steps (action, from, to or None to stay), and
        steps (action, from) that lead back to a state that the case remembers.
        """
        machine = Machine(
            model=None,
            states=[State(name, final=final) for name, final in states.items()],
            initial=initial,
            auto_transitions=False,
            send_event=True,
        )
        possible: dict[str, list[str]] = {name: [] for name in states}
        for action, source, target in steps:
            machine.add_transition(action, source, target)
            possible[source].append(action)
        for action, source in backs:
            possible[source].append(action)
            for target in states:
                machine.add_transition(_back(action, target), source, target)
        self._events = machine.events
        self._possible = {state: tuple(actions) for state, actions in possible.items()}

    def possible(self, state: str) -> tuple[str, ...]:
        """Return the actions that the state has, in the definition's order."""
        return self._possible.get(state, ())

    def move(self, action: str, view: Stateful, back: str | None = None) -> str:
        """Do the action's step on the view and return the state it is in then.

        `back` is the state that a step leads back to. Raises `NotPossible`, and leaves the view as
        it is, when the state has no such step.
        """
        event = self._events.get(action if back is None else _back(action, back))
        if event is None or view.state not in self._possible:
            raise self.refusal(action, view.state)
        try:
            event.trigger(view)
        except MachineError as error:
            raise self.refusal(action, view.state) from error
        return view.state

    def refusal(self, action: str, state: str) -> NotPossible:
        """Return the error that says the action is not possible in the state, and which are."""
        possible = self.possible(state)
        if possible:
            ways = f"possible are: {', '.join(possible)}"
        else:
            known = state in self._possible
            ways = "nothing is, it is final" if known else "the definition has no such state"
        return NotPossible(f"The action {action} is not possible while {state}; {ways}.", possible)


def _back(action: str, state: str) -> str:
    return f"{action} back to {state}"
