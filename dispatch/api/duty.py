"""Who would get a case, and why."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import schemas
from dispatch.api.answers import answer
from dispatch.api.bodies import read_body, read_json
from dispatch.api.context import Context, Ctx, Who
from dispatch.api.filters import unusable
from dispatch.cases import access
from dispatch.cases.event_parts import FilingTold
from dispatch.catalogue.knowledge import Known
from dispatch.engine.explaining import Question, Where, explain
from dispatch.engine.filing import NO_PART, AskedPart
from dispatch.reports.intake import outside, time_problems
from dispatch.reports.report import Code, LocationIn, Source
from dispatch.storage.database import transaction
from geo.crs import Crs
from grid.areas import Level, Outside, above
from grid.linking import part_place
from workflows.categories import Category, Line

router = APIRouter(prefix="/api/v1", tags=["duty"])


class DutyQuestion(BaseModel):
    """What a report would say; its place is either a `location` or a `community`.

    `observed_at` is when it was seen, without it now: some conditions hold only at times.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    category: Code
    condition: Code | None = None
    location: LocationIn | None = None
    community: Code | None = None
    part: Code | None = None
    source: Source = "member"
    observed_at: AwareDatetime | None = None


class LonLat(BaseModel):
    lon: float
    lat: float


class ZhEn(BaseModel):
    zh: str
    en: str


class PlaceTold(BaseModel):
    """Where the report would lie; `location` in WGS-84 where one was given."""

    areas: schemas.ReportAreas
    location: LonLat | None
    candidates: list[str]
    map_version: int


class DutyRow(BaseModel):
    """A row that applies here; `decides` in the first group of one area and one `category`. With
    an `owner` it counts only for parts that this one owns, and comes before the others."""

    id: int
    department: str
    category: str
    area: str
    owner: str | None
    assistants: list[str]
    level: Literal["community", "district", "city"]
    decides: bool


class ConditionRow(BaseModel):
    """A condition that holds here and then; `profile` is the one that its limit is of."""

    code: str
    limit: str
    profile: str | None
    text: ZhEn


class PartAsked(BaseModel):
    code: str
    known: bool
    owner: str | None


class DutyExplained(BaseModel):
    """Who would get the case and why; `filing` is what the case's first event would say."""

    category: str
    condition: str | None
    line: Line
    definition: str
    """Name and version of the workflow definition that the case would be opened under."""
    source: str
    place: PlaceTold
    part: PartAsked | None
    duties: list[DutyRow]
    department: str | None
    assistants: list[str]
    reason: Literal["exact", "none", "ambiguous", "fallback"]
    conditions: list[ConditionRow]
    outcome: Literal["filed-and-dispatched", "acceptors-pool"]
    filing: FilingTold


async def question_body(request: Request, context: Ctx, who: Who) -> DutyQuestion:
    """The question, looked at only when the caller may ask it."""
    access.require(who, access.ASKS_DUTY, "ask who would get a case")
    raw = await read_body(request, context.settings.body_limit_bytes)
    return read_json(DutyQuestion, raw)


@router.post(
    "/duty/explain",
    response_model=None,
    responses={
        200: {"model": DutyExplained, "description": "Who would get the case, and why"},
        **schemas.problems(401, 403, 413, 422, 503),
    },
    openapi_extra=schemas.json_body(DutyQuestion),
)
def explain_duty(
    context: Ctx, who: Who, question: Annotated[DutyQuestion, Depends(question_body)]
) -> Response:
    """Who would get a case of this category here: every duty row that applies, which of them
    decides, the filing conditions, and whether the engine would file it at once.

    Changes nothing. Says nothing of an open case that a report here would join.
    """
    known = context.known()
    where = _where(known, question)
    if not access.covers(who, known.in_force.areas, where.community):
        raise access.Forbidden(
            f"the token's scope is {who.scope}; the place lies in {where.community}"
        )
    rules = context.rules()
    _check(rules.categories.get(question.category), question)
    asked = Question(
        category=question.category,
        condition=question.condition,
        source=question.source,
        part=question.part,
        part_told=NO_PART if question.part is None else _part(context, question.part),
        where=where,
        seen_at=question.observed_at or datetime.now(UTC),
    )
    return answer(explain(rules, asked), {"Cache-Control": "no-store"})


def _where(known: Known, question: DutyQuestion) -> Where:
    """The place that the question names; 422 unless it names exactly one, in the city."""
    in_force = known.in_force
    if question.location is not None and question.community is not None:
        raise unusable("community", "stands beside a location; send one of the two")
    if question.location is not None:
        at = question.location
        place = in_force.place(at.lon, at.lat, Crs(at.crs), at.accuracy_m)
        if isinstance(place, Outside):
            raise outside(place)
        return Where.of_place(place)
    if question.community is None:
        raise unusable("location", "is required, or a community in its place")
    area = in_force.areas.get(question.community)
    if area is None or area.level is not Level.COMMUNITY:
        told = f"there is no community {question.community!r}; GET /api/v1/areas lists them"
        raise unusable("community", told)
    city, district = above(in_force.areas, area.code)
    version = in_force.version
    return Where(city=city, district=district, community=area.code, map_version=version)


def _check(category: Category | None, question: DutyQuestion) -> None:
    """422 for a category, or a condition of it, that there is not, and for a time far away."""
    if category is None:
        raise unusable("category", "is unknown; GET /api/v1/categories lists them")
    if question.condition is not None and category.condition(question.condition) is None:
        rows = ", ".join(row.code for row in category.conditions) or "none"
        raise unusable("condition", f"is not one of this category's conditions ({rows})")
    for problem in time_problems(question.observed_at, datetime.now(UTC)):
        raise unusable(problem.field, problem.reason)


def _part(context: Context, part: str) -> AskedPart:
    with transaction(context.database) as connection:
        return AskedPart.of(part_place(connection, [part]).get(part))
