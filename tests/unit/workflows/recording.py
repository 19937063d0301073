"""Records histories under the shipped definitions, and plays them again from their commands.

`python -m tests.unit.workflows.recording NAME@VERSION …` writes `histories/NAME@VERSION.json`. What
a released version wrote is recorded once: it is never recorded again, because open cases keep it.
"""

import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from tests.unit.workflows.desk import STANDARDS, Desk, local
from tests.unit.workflows.succession import WATER_MAIN, with_succession
from workflows import (
    ActionRefused,
    Actor,
    Calendars,
    Category,
    Command,
    Definition,
    FieldForm,
    Filing,
    WorkingCalendar,
    read_document,
)
from workflows.case import SYSTEM
from workflows.definition import FieldType, Office
from workflows.worktime import utc_text

HISTORIES = Path(__file__).parent / "histories"
CASES, STEPS = 24, 18
START = local("2026-03-02T08:00")
CATEGORIES = {
    "urban_management": ("P0137", "E0110", WATER_MAIN),
    "social_governance": ("M0701", "M0601"),
    "public_service": ("M5201", "M5303"),
}
OFFICES = {office: f"office-{office}" for office in Office}
DEPARTMENTS = ("d-1", "d-2")
ENDING = ("void", "reject", "force-close")
ENDINGS: Mapping[bool, Sequence[str]] = {False: (), True: (*ENDING, "close")}
WATCHED = ("verifying", "handled")
TOLD = ("from", "state", "department", "marks", "steps", "rung", "reopened")
WAY = ("start", "feedback", "solve", "inspect-pass", "call-back", "close", "appeal")
SUCCEEDING = "next-condition"
STUBBORN: Sequence[Sequence[str]] = (
    ("file", "return", "dispatch", "adjudicate"),
    ("pass-up",),
    ("reject",),
    *[(*WAY, "approve-appeal")] * 3,
    (*WAY, "refuse-appeal"),
    ("start", "feedback", SUCCEEDING),
    ("start", "feedback", "inspect-fail"),
)
"""What somebody insists on in the first lives, so that every state is reached."""


@cache
def calendars() -> Calendars:
    document = read_document(STANDARDS / "calendar-cn-2025-2026.json")
    return Calendars(WorkingCalendar.from_document(document, 1))


def record(
    definition: Definition, categories: Mapping[str, Category], cases: int = CASES
) -> list[dict[str, Any]]:
    """Lives of some cases, in which every action happens as often as chance and rules allow."""
    often: Counter[str] = Counter()
    wanted = [*STUBBORN, *[()] * cases]
    return [
        _life(desk_of(definition, categories), random.Random(seed), often, wanted[seed])
        for seed in range(cases)
    ]


def play(
    definition: Definition, categories: Mapping[str, Category], life: Mapping[str, Any]
) -> dict[str, Any]:
    """The same life from its commands; raises what a command is refused with."""
    desk = desk_of(definition, categories)
    _open(desk, life["opening"])
    for asked in life["commands"]:
        desk.now = datetime.fromisoformat(asked["at"])
        desk.fire()
        if "action" in asked:
            desk.do(command(desk, asked))
    return {**life, **_told(desk)}


def desk_of(definition: Definition, categories: Mapping[str, Category]) -> Desk:
    desk = Desk(definition, calendars(), with_succession(categories))
    desk.office = OFFICES.get
    return desk


def _life(
    desk: Desk, pick: random.Random, often: Counter[str], wanted: Sequence[str]
) -> dict[str, Any]:
    category = pick.choice(CATEGORIES[desk.definition.line])
    succeeds = SUCCEEDING in wanted and desk.definition.line == "urban_management"
    opening = {
        "at": utc_text(START + timedelta(hours=pick.randint(0, 9))),
        "category": WATER_MAIN if succeeds else category,
        "department": pick.choice((None,) if "reject" in wanted else (None, *DEPARTMENTS)),
    }
    _open(desk, opening)
    commands = list(_commands(desk, pick, often, wanted))
    return {"opening": opening, "commands": commands, **_told(desk)}


def _open(desk: Desk, opening: Mapping[str, Any]) -> None:
    desk.now, desk.category = datetime.fromisoformat(opening["at"]), opening["category"]
    department = opening["department"]
    desk.open(None if department is None else Filing(condition=desk.row(), department=department))


def begin(desk: Desk, department: str | None, at: str) -> None:
    """Opens a case of the first category of the definition's line."""
    category = CATEGORIES[desk.definition.line][0]
    _open(desk, {"at": at, "category": category, "department": department})


def _commands(
    desk: Desk, pick: random.Random, often: Counter[str], wanted: Sequence[str]
) -> Iterator[dict[str, Any]]:
    for step in range(STEPS):
        desk.wait(minutes=pick.choice((2, 5, 10, 60, 300, 24 * 60, 5 * 24 * 60)))
        desk.fire()
        if step and desk.definition.states[desk.state].final and pick.random() < 0.2:
            return
        asked = choice(desk, pick, often, wanted or ENDINGS[step > STEPS // 2])
        yield {"at": utc_text(desk.now)} | (asked or {})
        if asked is not None:
            desk.do(command(desk, {"at": utc_text(desk.now), **asked}))
            often[asked["action"]] += 1


def choice(
    desk: Desk, pick: random.Random, often: Counter[str], wanted: Sequence[str]
) -> dict[str, Any] | None:
    """One of the things that somebody may do now: what is wanted, or happened least so far."""
    ways = [
        (form.name not in wanted, often[form.name], pick.random(), form.name, actor, form.fields)
        for actor in _people(desk)
        for form in desk.offered(actor)
        if form.name not in ENDING or form.name in wanted
    ]
    for _, _, _, action, actor, fields in sorted(ways, key=lambda way: way[:3]):
        asked = {
            "action": action,
            "actor": {"id": actor.id, "role": actor.role, "department": actor.department},
            "fields": {
                f.name: v
                for f in fields
                if f.required or f.name == "reason" or pick.random() < 0.3
                if (v := _value(desk, pick, f)) is not None
            },
        }
        if desk.definition.actions[action].appoints is not None:
            asked["appointed"] = pick.choice(("member-1", "member-2", None))
        if _works(desk, asked):
            return asked
    return None


def _works(desk: Desk, asked: Mapping[str, Any]) -> bool:
    """Whether it passes, on a desk as it is put back: a moment may lie past the limit."""
    state = {name: getattr(desk, name) for name in vars(desk)}
    kept = (list(desk.history), list(desk.events))
    try:
        desk.do(command(desk, asked))
    except ActionRefused:
        return False
    finally:
        vars(desk).update(state)
        desk.history, desk.events = kept
    return True


def _people(desk: Desk) -> Iterable[Actor]:
    for role in desk.definition.roles.values():
        for number in (1, 2):
            department = (desk.department or DEPARTMENTS[0]) if role.own_department else None
            if role.assists:
                department = next((code for code, done in desk.assistants.items() if not done), "")
            if role.name != SYSTEM:
                yield Actor(id=f"{role.name}-{number}", role=role.plays, department=department)


def _value(desk: Desk, pick: random.Random, field: FieldForm) -> Any:
    """What somebody might put into a field, as JSON holds it."""
    if field.choices:
        return pick.choice(field.choices)
    made: dict[str, Any] = {
        FieldType.TEXT: "done",
        FieldType.PHOTOS: ["p-1"],
        FieldType.CONDITION: pick.choice(desk.categories[desk.category].conditions).code,
        FieldType.DEPARTMENT: pick.choice(DEPARTMENTS) if field.required else None,
        FieldType.DEPARTMENTS: ["d-3"],
        FieldType.CATEGORY: desk.category,
        FieldType.LOCATION: {"lon": "111.62", "lat": "26.22"},
        FieldType.CONFIRMATION: True,
        FieldType.ACCOUNT: "member-1" if desk.state in WATCHED else "handler-1",
        FieldType.CASE: "another",
        FieldType.DISTRICT: "431102",
        FieldType.MOMENT: utc_text(desk.now + timedelta(minutes=pick.choice((1, 60, 3000)))),
    }
    return made[field.type]


def command(desk: Desk, asked: Mapping[str, Any]) -> Command:
    """The command as the running system resolves what a client sent."""
    types = {one.name: one.type for one in desk.definition.actions[asked["action"]].fields}
    fields = {name: value for name, value in asked["fields"].items() if name in types}
    for name, value in fields.items():
        if types[name] is FieldType.MOMENT:
            fields[name] = datetime.fromisoformat(value)
        if types[name] is FieldType.CONDITION:
            fields[name] = desk.categories[desk.category].condition(value)
    return Command(
        action=asked["action"],
        actor=Actor(**asked["actor"]),
        reason=asked["fields"].get("reason"),
        fields=fields,
        appointed=asked.get("appointed"),
    )


def _told(desk: Desk) -> dict[str, Any]:
    events = [
        {
            "type": event.type,
            "actor": event.actor,
            "body": {name: event.body[name] for name in TOLD if name in event.body},
        }
        for event in desk.history
    ]
    clocks = {
        clock.stage: [clock.limit, clock.to_json()["due_at"], clock.rung]
        for clock in desk.last.deadlines
    }
    end = {
        "state": desk.state,
        "department": desk.department,
        "marks": dict(desk.marks),
        "clocks": clocks,
    }
    return {"events": events, "end": end}


def main(keys: Iterable[str]) -> None:
    """Writes the files of the definitions named."""
    from dispatch.catalogue.definitions import load_definitions
    from dispatch.catalogue.standards import shipped_categories

    categories = {one.code: one for one in shipped_categories()}
    for key in keys:
        lives = record(load_definitions()[key], categories)
        lines = ",\n".join(
            json.dumps(life, ensure_ascii=False, separators=(",", ":")) for life in lives
        )
        (HISTORIES / f"{key}.json").write_text(f"[\n{lines}\n]\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
