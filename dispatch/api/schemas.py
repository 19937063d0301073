"""What OpenAPI says of handlers that read their bodies themselves."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from dispatch.reports.report import ReportIn

TEMPLATE = "#/components/schemas/{model}"


class FieldError(BaseModel):
    field: str
    reason: str


class ProblemDocument(BaseModel):
    """RFC 9457 problem details; `errors` names the fields that are wrong."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


class ReportAreas(BaseModel):
    city: str
    district: str
    community: str


class ReportAccepted(BaseModel):
    id: str
    areas: ReportAreas
    candidates: list[str]
    map_version: int
    receipt: str
    status_url: str


class CaseName(BaseModel):
    id: str
    number: str


class ReportState(BaseModel):
    id: str
    state: str
    reason: str | None = None
    case: CaseName | None = None


class PhotoKept(BaseModel):
    id: str
    url: str


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem answers of a handler."""
    content = {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}
    }
    return {
        status: {"description": "A problem document", "content": content} for status in statuses
    }


KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 200},
}


NAMED: dict[str, Any] = {}
"""What the bodies below refer to, by name; the document holds it once."""


def json_body(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON body of a handler that reads it itself."""
    schema = model.model_json_schema(ref_template=TEMPLATE)
    NAMED.update(schema.pop("$defs", {}))
    return _body("application/json", schema)


def _body(media: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {media: {"schema": schema}}}}


POST_REPORT: dict[str, Any] = {
    "response_model": None,
    "responses": {
        202: {"model": ReportAccepted, "description": "Kafka has the report"},
        **problems(401, 403, 413, 415, 422, 429, 503),
    },
    "openapi_extra": {
        **json_body(ReportIn),
        "parameters": [KEY_HEADER],
    },
}
POST_BATCH: dict[str, Any] = {
    "response_model": None,
    "responses": {
        200: {
            "description": "One line a report, in order",
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
        },
        **problems(401, 403, 413, 415, 422, 429, 503),
    },
    "openapi_extra": _body(
        "application/x-ndjson", {"description": "Lines, each a report as `POST /reports` takes it"}
    ),
}
GET_REPORT: dict[str, Any] = {
    "response_model": None,
    "responses": {
        200: {"model": ReportState, "description": "What became of the report"},
        **problems(401, 404, 422, 503),
    },
    "openapi_extra": {
        "parameters": [
            {
                "name": "Wangge-Receipt",
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
            }
        ]
    },
}


def install(app: FastAPI) -> None:
    """Adds to the OpenAPI document what those handlers refer to."""
    original = app.openapi

    def openapi() -> dict[str, object]:
        document = original()
        found = document.setdefault("components", {}).setdefault("schemas", {})
        found["ProblemDocument"] = ProblemDocument.model_json_schema(ref_template=TEMPLATE)
        found["FieldError"] = FieldError.model_json_schema()
        for name, schema in NAMED.items():
            found.setdefault(name, schema)
        return document

    app.openapi = openapi  # type: ignore[method-assign]
