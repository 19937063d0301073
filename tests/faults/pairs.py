"""What happens to two cases at once is told by both, once; and nobody judges the own work."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.faults.recorded import Event, Recorded
from tests.faults.violation import Violation

# An action's event, the key that names the other case, and the same of the event over there.
PAIRS = (
    ("merged", "merged_into", "absorbed", "absorbed"),
    ("unmerged", "was_merged_into", "released", "released"),
    ("split", "split_off", "split-off", "split_from"),
)
JUDGING = frozenset("close force-close reopen call-back approve-appeal refuse-appeal".split())
ON_SITE = frozenset("verify-yes verify-no inspect-pass inspect-fail".split())


def check_pairs(recorded: Recorded) -> Iterator[Violation]:
    """C2: each merging, its undoing and each splitting has one effect on the other case."""
    for here, names, there, names_back in PAIRS:
        told = _told(recorded.events, here, names)
        taken = _told(recorded.events, there, names_back)
        mirrored = Counter({(case, other): count for (other, case), count in taken.items()})
        for case, other in told.keys() | mirrored.keys():
            if told[case, other] != mirrored[case, other]:
                wrong = (
                    f"{here} {told[case, other]} times with {other}, which tells "
                    f"{mirrored[case, other]} times that it was {there}"
                )
                yield Violation("C2", case, wrong)


def _told(events: Sequence[Event], name: str, key: str) -> Counter[tuple[str, str]]:
    type_ = f"wangge.case.{name}.v1"
    return Counter((one.case, str(one.body[key]["case"])) for one in events if one.type == type_)


def check_judges(recorded: Recorded) -> Iterator[Violation]:
    """C3: no department judges what it handled, and no reporter a case on site (invariant 7)."""
    lives = _Lives(recorded)
    for event in sorted(recorded.events, key=lambda one: (one.at, one.case, one.seq)):
        wrong = lives.wrong(event)
        if wrong is not None:
            yield Violation("C3", event.case, f"event {event.seq} ({event.type}): {wrong}")
        lives.take(event)


class _Lives:
    """Who held each case and who reported it, up to an event. Transactions lock what they change,
    so the order of moments is that of what happened.
    """

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._reporters = {row.id: row.reporter for row in recorded.reports}
        self._definition_of = {case.id: case.definition for case in recorded.cases}
        self._actions = {
            (key, action.event_type): action.name
            for key, definition in recorded.definitions.items()
            for action in definition.actions.values()
        }
        self._held: dict[str, set[str]] = {}
        self._by: dict[str, set[str]] = {}
        self._merged: dict[str, set[str]] = {}
        self._parent: dict[str, str] = {}

    def take(self, event: Event) -> None:
        """Takes over what the event says of holders, reporters and kin."""
        body = event.body
        holders = [body.get("department"), *(body.get("assistants") or {})]
        self._held.setdefault(event.case, set()).update(one for one in holders if one)
        if "report" in body:
            self._by.setdefault(event.case, set()).add(self._reporters.get(body["report"], ""))
        self._take_kin(event.case, body)

    def _take_kin(self, case: str, body: Mapping[str, Any]) -> None:
        if body.get("merged_into"):
            self._merged.setdefault(body["merged_into"]["case"], set()).add(case)
        if "was_merged_into" in body:
            self._merged.get(body["was_merged_into"]["case"], set()).discard(case)
        if "split_from" in body:
            self._parent[case] = body["split_from"]["case"]

    def wrong(self, event: Event) -> str | None:
        action = self._actions.get((self._definition_of.get(event.case, ""), event.type))
        department = self._recorded.staff.get(event.actor)
        if action in JUDGING | ON_SITE and department in self._held.get(event.case, ()):
            return f"{department} judges a case that it held"
        on_site = action in ON_SITE and event.body.get("role") == "member"
        if on_site and event.actor in self._reporters_of(event.case):
            return f"{event.actor} reported the case"
        return None

    def _reporters_of(self, case: str) -> set[str]:
        """Also those of the cases merged into it, and of the one that it was split off from."""
        found: set[str] = set()
        left, seen = [case], set()
        while left:
            one = left.pop()
            if one not in seen:
                seen.add(one)
                found |= self._by.get(one, set())
                left += self._merged.get(one, ())
                left += [self._parent[one]] if one in self._parent else []
        return found - {""}
