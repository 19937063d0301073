"""Which member verifies and inspects a case (核实, 核查).

The member of the grid does it (domain facts 2.3), but nobody who reported the case, nor who is of a
department that handled it (invariant 7). Of those who patrol the place the register of members
says which is nearest: whoever patrols the smallest area that holds it; or they take turns.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from dispatch.cases.case import Case
from dispatch.desk.rules import DeskRules
from dispatch.reading.reading import KIN
from dispatch.tokens import Role
from grid.areas import Area
from workflows.case import Command
from workflows.definition import Definition

NEAREST, ROTATE, ANYONE = "nearest", "rotate", "anyone"
NEVER = datetime.min.replace(tzinfo=UTC)

CANDIDATES = text(f"""{KIN}
    select m.subject, m.area, array_position(cast(:areas as text[]), m.area) as rank, t.at as turn,
        m.department <> '' and m.department = any(cast(:handled_by as text[])) as handled,
        exists (select from report r join kin on r.case_id = kin.id
            where r.reporter = m.subject) as reported
    from member m left join member_turn t on t.subject = m.subject
    where m.area = any(cast(:areas as text[]))
""")  # noqa: S608  KIN is a constant
UNFIT = text(f"""{KIN}
    select
        exists (select from report r join kin on r.case_id = kin.id
            where r.reporter = :account) as reported,
        exists (select from member where subject = :account and department <> ''
            and department = any(cast(:handled_by as text[]))) as handled
""")  # noqa: S608
TURN = text("""
    insert into member_turn (subject) values (:account)
    on conflict (subject) do update set at = clock_timestamp()
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A member who patrols an area that holds the case; `rank` 1 is the smallest one. `fit` is who
    neither reported nor handled the case; `turn` when it was last chosen for any case."""

    account: str
    area: str
    rank: int
    fit: bool
    turn: datetime = NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Who was chosen, and why; `account` None where nobody was, and so any member may."""

    account: str | None
    way: str
    why: str
    area: str | None = None

    def told(self) -> dict[str, Any]:
        """What the event says of it."""
        told = {"account": self.account, "way": self.way, "why": self.why}
        return told if self.area is None else {**told, "area": self.area}


def choose(candidates: Sequence[Candidate], way: str, busy: Collection[str] = ()) -> Choice:
    """The member who is next; `busy` are accounts that worked on the case themselves. Pure.

    Among equals it is whose last turn is longest ago.
    """
    if way == ANYONE:
        return Choice(account=None, way=way, why="not-chosen-here")
    if not candidates:
        return Choice(account=None, way=way, why="nobody-patrols-here")
    fit = [one for one in candidates if one.fit and one.account not in busy]
    if not fit:
        return Choice(account=None, way=way, why="all-reported-or-handled")
    nearest = way == NEAREST
    first = min(fit, key=lambda one: (one.rank if nearest else 0, one.turn, one.account))
    why = "patrols-the-smallest-area" if nearest else "in-turn"
    return Choice(account=first.account, way=way, why=why, area=first.area)


def patrolled(areas: Mapping[str, Area], case: Case) -> list[str]:
    """The areas that hold the case, the smallest first."""
    found = [case.community]
    while (area := areas.get(found[-1])) is not None and area.parent and area.parent not in found:
        found.append(area.parent)
    return [*found, *(code for code in (case.district, case.city) if code not in found)]


def appointed_by(
    connection: Connection, rules: DeskRules, definition: Definition, case: Case, command: Command
) -> Choice | None:
    """Whom the system appoints by the action, before it is decided; None where it appoints nobody.

    Only who has the role `member` is in a register, so nobody else is ever chosen.
    """
    action = definition.actions.get(command.action)
    if action is None or action.appoints is None or case.state not in action.steps:
        return None
    if definition.roles[action.appoints].plays != Role.MEMBER or rules.inspection == ANYONE:
        return choose((), ANYONE)
    found = candidates(connection, case, patrolled(rules.known.in_force.areas, case))
    busy = {command.actor.id, str(case.marks.get("assignee", ""))}
    return choose(found, rules.inspection, busy)


def candidates(connection: Connection, case: Case, areas: Sequence[str]) -> list[Candidate]:
    """The members who patrol one of the areas; `areas` begin with the smallest."""
    values = {"id": case.id, "areas": list(areas), "handled_by": _handled_by(case)}
    return [
        Candidate(
            account=row.subject,
            area=row.area,
            rank=row.rank,
            fit=not (row.reported or row.handled),
            turn=row.turn or NEVER,
        )
        for row in connection.execute(CANDIDATES, values)
    ]


def take_turn(connection: Connection, choice: Choice) -> None:
    """Notes that the member had a turn."""
    if choice.account is not None:
        connection.execute(TURN, {"account": choice.account})


def unfit(connection: Connection, case: Case, account: str) -> str | None:
    """Why an account may not verify or inspect the case; None where it may."""
    values = {"id": case.id, "account": account, "handled_by": _handled_by(case)}
    row = connection.execute(UNFIT, values).one()
    if row.reported:
        return "reported the case, so it may neither verify nor inspect it; appoint another member"
    if row.handled:
        return "is of a department that handled the case; appoint another member"
    return None


def _handled_by(case: Case) -> list[str]:
    return [*case.handled_by, *([case.department] if case.department else [])]
