"""The fields of an action: what a client sent becomes what the workflow takes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from dispatch import access
from dispatch.cases import Case
from dispatch.errors import DispatchError
from dispatch.knowledge import Known
from dispatch.photos import PhotoStore
from dispatch.reports import FieldProblem, LocationIn
from dispatch.tokens import Principal
from geo.crs import Crs
from grid.areas import Outside
from workflows.definition import Action

PHOTO_LIMIT = 9


class FieldsWrong(DispatchError):
    """Fields of the action are missing or wrong (422)."""

    def __init__(self, errors: Sequence[FieldProblem]) -> None:
        super().__init__("the action cannot be done with these fields")
        self.errors = tuple(errors)


class Fields:
    """Turns what a client sent into what the workflow takes; gathers every problem first."""

    def __init__(self, known: Known, principal: Principal, case: Case, photos: PhotoStore) -> None:
        self._known = known
        self._principal = principal
        self._case = case
        self._photos = photos
        self._problems: list[FieldProblem] = []

    def resolve(self, raw: Mapping[str, Any], action: Action | None) -> dict[str, Any]:
        """The resolved fields; raises FieldsWrong, access.Forbidden.

        A choice stays as it was sent: the action itself says which there are.
        """
        choices = {field.name for field in action.fields if field.choices} if action else set()
        resolved: dict[str, Any] = {}
        for name, value in raw.items():
            if value is None:
                continue
            if name in choices:
                resolved[name] = value
                continue
            if name not in RESOLVERS:
                self._wrong(name, "is not a field of an action")
                continue
            resolved[name] = RESOLVERS[name](self, raw, value)
        if self._problems:
            raise FieldsWrong(self._problems)
        return resolved

    def _wrong(self, field: str, reason: str) -> None:
        self._problems.append(FieldProblem(field, reason))

    def _category(self, _raw: Mapping[str, Any], value: Any) -> Any:
        if not isinstance(value, str) or value not in self._known.catalogue.categories:
            self._wrong("category", "is unknown; GET /api/v1/categories lists them")
        return value

    def _condition(self, raw: Mapping[str, Any], value: Any) -> Any:
        code = raw.get("category") or self._case.category
        category = self._known.catalogue.categories.get(code) if isinstance(code, str) else None
        found = category.condition(value) if category and isinstance(value, str) else None
        if found is None:
            self._wrong("condition", f"is not a condition of category {code}")
        return found

    def _department(self, _raw: Mapping[str, Any], value: Any) -> Any:
        if not isinstance(value, str) or value not in self._known.departments:
            self._wrong("department", "is unknown; GET /api/v1/departments lists them")
        return value

    def _text(self, _raw: Mapping[str, Any], value: Any) -> Any:
        if not isinstance(value, str) or len(value) > 4000:
            self._wrong("text", "must be text of at most 4,000 characters")
        elif "\0" in value:
            self._wrong("text", "holds the character U+0000")
        return value

    def _closing_met(self, _raw: Mapping[str, Any], value: Any) -> Any:
        if not isinstance(value, bool):
            self._wrong("closing_met", "must be true or false")
        return value

    def _photo_ids(self, _raw: Mapping[str, Any], value: Any) -> Any:
        try:
            ids = [UUID(one) for one in value]
        except (ValueError, TypeError, AttributeError):
            self._wrong("photos", "must be a list of photo ids")
            return value
        for photo in ids[:PHOTO_LIMIT]:
            if self._photos.owner(photo) not in (None, self._principal.subject):
                self._wrong("photos", f"{photo} belongs to somebody else")
        return [str(photo) for photo in dict.fromkeys(ids)]

    def _location(self, _raw: Mapping[str, Any], value: Any) -> Any:
        try:
            at = LocationIn.model_validate(value)
        except ValidationError as error:
            for item in error.errors():
                step = ".".join(str(part) for part in ("location", *item["loc"]))
                self._wrong(step, str(item["msg"]))
            return None
        area_map = self._known.in_force
        place = area_map.place(at.lon, at.lat, Crs(at.crs), at.accuracy_m)
        if isinstance(place, Outside):
            nearest = f"{place.nearest_code}, {place.distance_m:,.0f} m away"
            self._wrong("location", f"lies outside the city; the nearest area is {nearest}")
            return None
        if not access.covers(self._principal, area_map.areas, place.community):
            raise access.Forbidden(f"the new place lies outside your scope, in {place.community}")
        return place


RESOLVERS: Mapping[str, Callable[[Fields, Mapping[str, Any], Any], Any]] = {
    "category": Fields._category,
    "condition": Fields._condition,
    "department": Fields._department,
    "text": Fields._text,
    "closing_met": Fields._closing_met,
    "photos": Fields._photo_ids,
    "location": Fields._location,
}
