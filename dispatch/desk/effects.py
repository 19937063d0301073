"""What some actions do beyond the decision: merging, splitting off, another district, a new place.

All of it happens in the action's transaction. The cases are locked before, in ascending order.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from dispatch.cases import access, history
from dispatch.cases.case import Case, new_case, new_id, take_numbers
from dispatch.cases.event_bodies import ABSORBED, RELEASED, SPLIT_OFF
from dispatch.cases.ledger import Ledger
from dispatch.cases.links import link_request, links_json
from dispatch.cases.views import view_of
from dispatch.desk.fields import FieldsWrong
from dispatch.desk.inspection import unfit
from dispatch.desk.rules import DeskRules
from dispatch.reports.report import FieldProblem
from dispatch.tokens import Principal
from grid.areas import Place
from grid.linking import link_batch
from grid.moving import nearest_community
from workflows.clocks import Deadlines, next_timer
from workflows.deadlines import Deadline
from workflows.decide import open_case
from workflows.definition import Effect

LAST_ABSORBED = text("""
    select body from case_event
    where opened_month = :month and case_id = :id and type = :type
        and body -> 'absorbed' ->> 'case' = :absorbed
    order by seq desc limit 1
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An action that was decided on, before its event is written.

    `clocks` are those that the case had before; `other` is the locked case that the action names.
    """

    connection: Connection
    rules: DeskRules
    ledger: Ledger
    principal: Principal
    case: Case
    other: Case | None
    clocks: Deadlines
    fields: Mapping[str, Any]
    now: datetime


def beyond(scene: Scene, effect: Effect | None) -> dict[str, Any]:
    """Does what the action does beyond what was decided; answers what its event tells of that."""
    return _corrected(scene) if effect is None else EFFECTS[effect](scene)


def named(case: Case) -> dict[str, str]:
    """How an event names another case."""
    return {"case": str(case.id), "number": case.number}


def _merge(scene: Scene) -> dict[str, Any]:
    """The other case goes on for both, under the clock that runs out first."""
    case, other = scene.case, _may_take(scene)
    case.merged_into = other.id
    _tell_other(scene, other, ABSORBED, {"absorbed": named(case)}, _earlier(scene, other))
    return {"merged_into": named(other)}


def _may_take(scene: Scene) -> Case:
    other = scene.other
    if other is None or not access.sees_case(scene.principal, other):
        raise _wrong("into", "is no case that you may read")
    if other.id == scene.case.id:
        raise _wrong("into", "is the case itself")
    if other.line != scene.case.line:
        raise _wrong("into", f"{other.number} is of the line {other.line}; name one of the same")
    if other.closed_at is not None:
        raise _wrong("into", f"{other.number} is over; merge into a case that is open")
    return other


def _earlier(scene: Scene, other: Case) -> Deadline | None:
    """The clock of the merged case where it runs in the other's stage and runs out before it."""
    mine = _running(scene.clocks)
    theirs = _running(other.deadlines)
    if mine is None or theirs is None or mine.stage != theirs.stage:
        return None
    if mine.due_at is None or theirs.due_at is None or mine.due_at >= theirs.due_at:
        return None
    return replace(mine, holder=theirs.holder)


def _unmerge(scene: Scene) -> dict[str, Any]:
    """The case goes on by itself; the other gives back the clock that it took over."""
    case, other = scene.case, scene.other
    if other is None:  # `merged_into` was locked with the case
        raise _wrong("into", "the case that it was merged into is gone")
    case.merged_into = None
    _tell_other(scene, other, RELEASED, {"released": named(case)}, _own(scene, other))
    return {"merged_into": None, "was_merged_into": named(other)}


def _own(scene: Scene, other: Case) -> Deadline | None:
    """The clock that the other had before the merging, where it still runs the one it took."""
    values = {"month": other.opened_month, "id": other.id, "type": ABSORBED}
    body = scene.connection.execute(
        LAST_ABSORBED, {**values, "absorbed": str(scene.case.id)}
    ).scalar_one_or_none()
    running = _running(other.deadlines)
    if body is None or not body["deadlines"] or running is None:
        return None
    taken = Deadline.from_json(body["deadlines"][0])
    before = Deadline.from_json(body["was_deadlines"][0])
    same = (running.stage, running.started_at, running.limit, running.extensions)
    if same != (taken.stage, taken.started_at, taken.limit, taken.extensions):
        return None
    return before


def _tell_other(
    scene: Scene, other: Case, type_: str, body: Mapping[str, Any], clock: Deadline | None
) -> None:
    was = [one for one in other.deadlines if clock is not None and one.stage == clock.stage]
    if clock is not None:
        definition = scene.rules.definitions[other.definition]
        clocks = tuple(clock if one.stage == clock.stage else one for one in other.deadlines)
        timer = next_timer(definition, clocks, scene.rules.calendars)
        scene.ledger.recomputed(other, clocks, timer)
    told = {
        **body,
        "role": scene.principal.role.value,
        "deadlines": [] if clock is None else [clock.to_json()],
        "was_deadlines": [one.to_json() for one in was],
    }
    scene.ledger.append(other, type_=type_, at=scene.now, actor=scene.principal.subject, body=told)


def _running(clocks: Deadlines) -> Deadline | None:
    return next((clock for clock in clocks if clock.running), None)


def _split(scene: Scene) -> dict[str, Any]:
    """A new case with its own number and clock; whoever reported the old one reported it too."""
    rules, now = scene.rules, scene.now
    new = _new_case(scene)
    view = view_of(new, rules.known.catalogue.categories)
    decision = open_case(rules.definitions[new.definition], view, now, rules.calendars)
    scene.ledger.open(new)
    scene.ledger.decided(new, decision)
    (draft,) = decision.events
    body = {
        **draft.body,
        "split_from": named(scene.case),
        "role": scene.principal.role.value,
        "line": new.line,
        "definition": new.definition,
        "source": new.source,
        "links": new.links,
        "x": history.metres(new.x),
        "y": history.metres(new.y),
        "accuracy_m": f"{new.accuracy_m:.1f}",
        "map_version": new.map_version,
    }
    actor = scene.principal.subject
    scene.ledger.append(new, type_=SPLIT_OFF, at=now, actor=actor, body=body)
    return {"split_off": named(new)}


def _new_case(scene: Scene) -> Case:
    rules, old, now = scene.rules, scene.case, scene.now
    category = rules.known.catalogue.categories[scene.fields["category"]]
    place: Place | None = scene.fields.get("location")
    at = old if place is None else place
    request = link_request(at.x, at.y, old.accuracy_m, category)
    (number,) = take_numbers(scene.connection, 1, now, rules.number_prefix, rules.zone)
    return new_case(
        at,
        id=new_id(),
        number=number,
        definition=rules.opens_under(category.line),
        category=category.code,
        opened_at=now,
        zone=rules.zone,
        accuracy_m=old.accuracy_m,
        source=old.source,
        links=links_json(link_batch(scene.connection, [request])[0]),
        split_from=old.id,
    )


def _transfer(scene: Scene) -> dict[str, Any]:
    """Another district answers for the case; it stays where it lies."""
    case, district = scene.case, str(scene.fields["district"])
    area_map = scene.rules.known.in_force
    if district == case.district:
        raise _wrong("district", f"the case is in {district} already")
    community = nearest_community(scene.connection, area_map.version, district, case.x, case.y)
    if community is None:
        raise _wrong("district", f"{district} has no community on the map")
    was = {"areas": case.areas, "map_version": case.map_version}
    scene.ledger.moved(case, case.district)
    case.district, case.community = district, community
    case.map_version = area_map.version
    return {"map_version": case.map_version, "was_place": was}


def _corrected(scene: Scene) -> dict[str, Any]:
    """Place and links anew, with the old beside them, after relocate and reclassify."""
    case = scene.case
    place: Place | None = scene.fields.get("location")
    if place is None and "category" not in scene.fields:
        return {}
    was: dict[str, Any] = {"links": case.links}
    if place is not None:
        was |= {name: case.summary()[name] for name in ("areas", "lon", "lat")}
        was["map_version"] = case.map_version
        if place.district != case.district:
            scene.ledger.moved(case, case.district)
        _put(case, place)
    category = scene.rules.known.catalogue.categories[case.category]
    request = link_request(case.x, case.y, case.accuracy_m, category)
    case.links = links_json(link_batch(scene.connection, [request])[0])
    case.line = category.line
    stopped = [clock for clock in scene.clocks if clock not in case.deadlines]
    return {
        "links": case.links,
        "map_version": case.map_version,
        "line": case.line,
        "x": history.metres(case.x),
        "y": history.metres(case.y),
        "was_place": was,
        "was_deadlines": [clock.to_json() for clock in stopped],
    }


def _put(case: Case, place: Place) -> None:
    case.city, case.district, case.community = place.city, place.district, place.community
    case.x, case.y = place.x, place.y
    case.lon, case.lat = round(place.lon, history.DECIMALS), round(place.lat, history.DECIMALS)
    case.map_version = place.map_version


def _wrong(field: str, reason: str) -> FieldsWrong:
    return FieldsWrong([FieldProblem(field, reason)])


def _compare(scene: Scene) -> dict[str, Any]:
    """Whether the other case is the same matter was answered; nothing else follows by itself."""
    other = scene.other
    if other is None or not access.sees_case(scene.principal, other):
        raise _wrong("other", "is no case that you may read")
    if other.id == scene.case.id:
        raise _wrong("other", "is the case itself")
    return {"compared_with": named(other)}


def _appoint(scene: Scene) -> dict[str, Any]:
    """Another member verifies or inspects: neither a reporter of the case nor who handled it."""
    problem = unfit(scene.connection, scene.case, str(scene.fields["account"]))
    if problem is not None:
        raise _wrong("account", problem)
    return {}


EFFECTS: Mapping[Effect, Callable[[Scene], dict[str, Any]]] = {
    Effect.MERGE: _merge,
    Effect.UNMERGE: _unmerge,
    Effect.SPLIT: _split,
    Effect.TRANSFER: _transfer,
    Effect.COMPARE: _compare,
    Effect.APPOINT: _appoint,
}
