"""The fields of an action: what a client sent becomes what the workflow takes."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from dispatch.cases import access
from dispatch.cases.case import Case
from dispatch.cases.offices import is_office
from dispatch.catalogue.knowledge import Known
from dispatch.errors import DispatchError
from dispatch.instants import EXAMPLE, instant
from dispatch.reports.photos import PhotoStore
from dispatch.reports.report import FieldProblem, LocationIn
from dispatch.tokens import Principal
from geo.crs import Crs
from grid.areas import Level, Outside
from workflows.applying import NotNow, Situation, condition_in_force, profile_of
from workflows.conditions import Condition
from workflows.definition import Definition, Effect, FieldType, Office

PHOTO_LIMIT = 9
DEPARTMENTS_MOST = 20
ACCOUNT_LONGEST = 200


def _other_line(line: str, of_case: str) -> str:
    """Why a case keeps its line: its history is one of its line's workflow."""
    return (
        f"is of the line {line}, and the case of {of_case}; void the case, and have it reported "
        "under the right category"
    )


class FieldsWrong(DispatchError):
    """Fields of the action are missing or wrong (422)."""

    def __init__(self, errors: Sequence[FieldProblem]) -> None:
        super().__init__("the action cannot be done with these fields")
        self.errors = tuple(errors)


class Fields:
    """Turns what a client sent into what the workflow takes; gathers every problem first.

    `seen` answers the local moments at which the case's trouble was seen; asked for only where a
    condition holds at some times and not at others.
    """

    def __init__(
        self,
        known: Known,
        principal: Principal,
        case: Case,
        photos: PhotoStore,
        seen: Callable[[], Sequence[datetime]],
    ) -> None:
        self._known = known
        self._seen = seen
        self._principal = principal
        self._case = case
        self._photos = photos
        self._problems: list[FieldProblem] = []
        self._splits = False

    def resolve(
        self, raw: Mapping[str, Any], definition: Definition, action: str
    ) -> dict[str, Any]:
        """The resolved fields; raises FieldsWrong, access.Forbidden.

        Fields of other actions are left out. A choice stays as it was sent: the action itself says
        which there are.
        """
        asked = definition.actions.get(action)
        types = {field.name: field.type for field in asked.fields} if asked else {}
        step = asked.steps.get(self._case.state) if asked else None
        self._splits = asked is not None and asked.effect is Effect.SPLIT
        others = {f.name for one in definition.actions.values() for f in one.fields}
        resolved: dict[str, Any] = {}
        for name, value in raw.items():
            if name not in others:
                self._wrong(name, "is not a field of an action")
            elif value is not None and name in types:
                resolve = RESOLVERS.get(types[name])
                resolved[name] = resolve(self, name, raw, value) if resolve else value
                if step is not None and types[name] is FieldType.DEPARTMENT:
                    self._check_office(name, resolved[name], step.holder)
        if self._problems:
            raise FieldsWrong(self._problems)
        return resolved

    def _wrong(self, field: str, reason: str) -> None:
        self._problems.append(FieldProblem(field, reason))

    def _category(self, name: str, _raw: Mapping[str, Any], value: Any) -> Any:
        categories = self._known.catalogue.categories
        if not isinstance(value, str) or value not in categories:
            self._wrong(name, "is unknown; GET /api/v1/categories lists them")
        elif not self._splits and categories[value].line.value != self._case.line:
            self._wrong(name, _other_line(categories[value].line, self._case.line))
        return value

    def _condition(self, name: str, raw: Mapping[str, Any], value: Any) -> Any:
        code = raw.get("category") or self._case.category
        category = self._known.catalogue.categories.get(code) if isinstance(code, str) else None
        found = category.condition(value) if category and isinstance(value, str) else None
        if found is None:
            self._wrong(name, f"is not a condition of category {code}")
            return None
        in_force = condition_in_force(found, self._situation(found))
        if isinstance(in_force, NotNow):
            when = f"season {found.season}" if in_force is NotNow.SEASON else f"hours {found.band}"
            self._wrong(name, f"does not hold when the trouble was seen ({when})")
        return in_force

    def _situation(self, condition: Condition) -> Situation:
        case = self._case
        areas = (case.community, case.district, case.city)
        return Situation(
            profile=profile_of(self._known.catalogue.grades, areas),
            moments=tuple(self._seen()) if condition.timed else (),
        )

    def _department(self, name: str, _raw: Mapping[str, Any], value: Any) -> Any:
        if not isinstance(value, str) or value not in self._known.departments:
            self._wrong(name, "is unknown; GET /api/v1/departments lists them")
        return value

    def _check_office(self, name: str, code: Any, office: Office | None) -> None:
        department = self._known.departments.get(code) if isinstance(code, str) else None
        if office is None or department is None:
            return
        if not is_office(department, office, self._case):
            self._wrong(name, f"must be a {office.replace('_', ' ')} of the case's place")
        elif code == self._case.department:
            self._wrong(name, "holds the case already")

    def _departments(self, name: str, raw: Mapping[str, Any], value: Any) -> Any:
        if not isinstance(value, list) or len(value) > DEPARTMENTS_MOST:
            self._wrong(name, f"must be a list of at most {DEPARTMENTS_MOST} department codes")
            return value
        return [self._department(name, raw, code) for code in value]

    def _account(self, name: str, _raw: Mapping[str, Any], value: Any) -> Any:
        if not isinstance(value, str) or len(value) > ACCOUNT_LONGEST or "\0" in value:
            self._wrong(name, f"must be the id of an account, at most {ACCOUNT_LONGEST} characters")
        return value

    def _moment(self, name: str, _raw: Mapping[str, Any], value: Any) -> Any:
        found = instant(value)
        if found is None:
            self._wrong(name, f"must be {EXAMPLE}")
        return found

    def _named_case(self, name: str, _raw: Mapping[str, Any], value: Any) -> Any:
        if not isinstance(value, str) or not value:
            self._wrong(name, "must be the number or the id of a case")
        return value

    def _district(self, name: str, _raw: Mapping[str, Any], value: Any) -> Any:
        areas = self._known.in_force.areas
        if not isinstance(value, str) or value not in areas or areas[value].level != Level.DISTRICT:
            self._wrong(name, "is no district; GET /api/v1/areas lists them")
        return value

    def _text(self, name: str, _raw: Mapping[str, Any], value: Any) -> Any:
        if not isinstance(value, str) or len(value) > 4000:
            self._wrong(name, "must be text of at most 4,000 characters")
        elif "\0" in value:
            self._wrong(name, "holds the character U+0000")
        return value

    def _confirmation(self, name: str, _raw: Mapping[str, Any], value: Any) -> Any:
        if not isinstance(value, bool):
            self._wrong(name, "must be true or false")
        return value

    def _photo_ids(self, name: str, _raw: Mapping[str, Any], value: Any) -> Any:
        try:
            ids = [UUID(one) for one in value]
        except (ValueError, TypeError, AttributeError):
            self._wrong(name, "must be a list of photo ids")
            return value
        for photo in ids[:PHOTO_LIMIT]:
            if self._photos.owner(photo) not in (None, self._principal.subject):
                self._wrong(name, f"{photo} belongs to somebody else")
        return [str(photo) for photo in dict.fromkeys(ids)]

    def _location(self, name: str, _raw: Mapping[str, Any], value: Any) -> Any:
        try:
            at = LocationIn.model_validate(value)
        except ValidationError as error:
            for item in error.errors():
                step = ".".join(str(part) for part in (name, *item["loc"]))
                self._wrong(step, str(item["msg"]))
            return None
        area_map = self._known.in_force
        place = area_map.place(at.lon, at.lat, Crs(at.crs), at.accuracy_m)
        if isinstance(place, Outside):
            nearest = f"{place.nearest_code}, {place.distance_m:,.0f} m away"
            self._wrong(name, f"lies outside the city; the nearest area is {nearest}")
            return None
        if not access.covers(self._principal, area_map.areas, place.community):
            raise access.Forbidden(f"the new place lies outside your scope, in {place.community}")
        return place


Resolver = Callable[[Fields, str, Mapping[str, Any], Any], Any]
RESOLVERS: Mapping[FieldType, Resolver] = {
    FieldType.ACCOUNT: Fields._account,
    FieldType.CASE: Fields._named_case,
    FieldType.CATEGORY: Fields._category,
    FieldType.CONDITION: Fields._condition,
    FieldType.CONFIRMATION: Fields._confirmation,
    FieldType.DEPARTMENT: Fields._department,
    FieldType.DEPARTMENTS: Fields._departments,
    FieldType.DISTRICT: Fields._district,
    FieldType.LOCATION: Fields._location,
    FieldType.MOMENT: Fields._moment,
    FieldType.PHOTOS: Fields._photo_ids,
    FieldType.TEXT: Fields._text,
}
