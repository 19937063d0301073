"""Who may see what: the one module that every query of cases goes through (decision 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dispatch.cases.case import Case
from dispatch.errors import DispatchError
from dispatch.tokens import Principal, Role
from grid.areas import Area, Level, lies_in, within

READS_CASES = frozenset(
    {Role.MEMBER, Role.ACCEPTOR, Role.DISPATCHER, Role.HANDLER, Role.SUPERVISOR, Role.AUDITOR}
)
SEES_MAP = READS_CASES | {Role.ADMIN}
READS_HISTORIES = frozenset({Role.SUPERVISOR, Role.AUDITOR})
ASKS_DUTY = frozenset({Role.ACCEPTOR, Role.DISPATCHER, Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN})
FOLLOWS_FEED = frozenset({Role.SUPERVISOR, Role.AUDITOR})
SENDS_REPORTS = frozenset({Role.REPORTER, Role.MEMBER, Role.ACCEPTOR, Role.GATEWAY})
SENDS_BATCHES = frozenset({Role.MEMBER, Role.GATEWAY})
CHOOSES_SOURCE = frozenset({Role.ACCEPTOR, Role.GATEWAY})
WRITES_FOR_OTHERS = frozenset({Role.ACCEPTOR, Role.GATEWAY})
SOURCE_OF = {Role.REPORTER: "public", Role.MEMBER: "member", Role.ACCEPTOR: "hotline"}
LEVEL_COLUMNS = (Level.CITY, Level.DISTRICT, Level.COMMUNITY)


class Forbidden(DispatchError):
    """The caller may not do this; the message says which right is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A part of a `where` clause with its bound values."""

    sql: str
    values: Mapping[str, Any] = field(default_factory=dict)


def all_of(*clauses: Clause) -> Clause:
    """The clauses that must all hold, as one."""
    return Clause(
        sql=" and ".join(f"({clause.sql})" for clause in clauses),
        values={name: value for clause in clauses for name, value in clause.values.items()},
    )


def require(principal: Principal, roles: frozenset[Role], what: str) -> None:
    """Raises Forbidden unless the caller's role is one of `roles`."""
    if principal.role not in roles:
        allowed = ", ".join(sorted(roles))
        raise Forbidden(f"the role {principal.role} may not {what}; these may: {allowed}")


def case_scope(principal: Principal, areas: Mapping[str, Area]) -> Clause:
    """What limits the caller's cases: its area with all below it, and for a handler those that its
    department holds or assists in.

    A scope that the map does not know sees nothing.
    """
    area = areas.get(principal.scope)
    if area is None or area.level not in LEVEL_COLUMNS:
        return Clause(sql="false")
    sql = f"c.{area.level} = :scope_area"
    values = {"scope_area": principal.scope}
    if principal.role is Role.HANDLER:
        sql += " and (c.department = :scope_department or c.assistants ? :scope_department)"
        values["scope_department"] = principal.department or ""
    return Clause(sql=sql, values=values)


def area_scope(principal: Principal, areas: Mapping[str, Area]) -> frozenset[str]:
    """The areas that the caller may see: its own with all below it; none that the map lacks."""
    return within(areas, principal.scope)


def sees_case(principal: Principal, case: Case) -> bool:
    """Whether the case is in the caller's scope."""
    mine = principal.department
    if principal.role is Role.HANDLER and mine != case.department and mine not in case.assistants:
        return False
    return principal.scope in case.areas.values()


def covers(principal: Principal, areas: Mapping[str, Area], code: str) -> bool:
    """Whether the area `code` is the caller's scope or lies below it."""
    return lies_in(areas, code, principal.scope)
