"""The AsyncAPI 3.0 document: what travels on the topics and in the feed."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from fastapi import FastAPI
from pydantic import BaseModel, TypeAdapter
from starlette.responses import Response

from dispatch.cases.event_bodies import (
    ABSORBED,
    ATTACHED,
    PLACED,
    RECOMPUTED,
    RELEASED,
    REMAPPED,
    SPLIT_OFF,
    Absorbed,
    Acted,
    Attached,
    Compared,
    Merged,
    Migrated,
    Opened,
    Placed,
    Recomputed,
    Released,
    Remapped,
    Rung,
    SplitInTwo,
    SplitOff,
    Transferred,
    Unmerged,
)
from dispatch.cases.event_parts import Areas, Moment
from dispatch.reports.report import LocatedReport
from dispatch.settings import Settings
from streams.envelope import DEAD_LETTER, REPORT_RECEIVED
from workflows.decide import OPENED
from workflows.definition import Action, Definition, Effect
from workflows.ladder import RUNG_REFUSED
from workflows.replaying import MIGRATED

SCHEMAS = "#/components/schemas/"
TEMPLATE = SCHEMAS + "{model}"
HEADERS = {
    "type": "object",
    "description": "CloudEvents 1.0, Kafka protocol binding, binary content mode",
    "required": ["ce_specversion", "ce_id", "ce_type", "ce_source", "content-type"],
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {"type": "string", "description": "of a case event: the case's id, `:` and `seq`"},
        "ce_type": {"type": "string"},
        "ce_source": {"type": "string", "description": "/wangge/ and the installation's id"},
        "ce_subject": {"type": "string", "description": "of a case event: the case's number"},
        "ce_time": {"type": "string", "format": "date-time"},
        "content-type": {"const": "application/json"},
    },
}
HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
READING = """\
What Wangge publishes. Every event comes at least once; drop repeats by (`case`, `seq`).
Events of one case come in order. Keys may be added to a body, so pass over those you do not know.
`GET /api/v1/feed` hands out the same values as Server-Sent Events.
"""


OF_EFFECT: Mapping[Effect, type[BaseModel]] = {
    Effect.MERGE: Merged,
    Effect.UNMERGE: Unmerged,
    Effect.SPLIT: SplitInTwo,
    Effect.TRANSFER: Transferred,
    Effect.COMPARE: Compared,
    Effect.APPOINT: Acted,
}


def body_models(definitions: Iterable[Definition]) -> dict[str, type[BaseModel]]:
    """The model of the body of every type of event that these definitions can write."""
    found: dict[str, type[BaseModel]] = {
        OPENED: Opened,
        ATTACHED: Attached,
        REMAPPED: Remapped,
        RECOMPUTED: Recomputed,
        ABSORBED: Absorbed,
        RELEASED: Released,
        SPLIT_OFF: SplitOff,
        MIGRATED: Migrated,
    }
    for definition in definitions:
        for action in definition.actions.values():
            found[action.event_type] = _model_of(action)
        for stage in definition.stages.values():
            for rung in stage.rungs:
                # A rung that does an action writes that it could not, where it could not.
                found[rung.event_type or RUNG_REFUSED] = Rung
    return dict(sorted(found.items()))


def _model_of(action: Action) -> type[BaseModel]:
    if action.effect is not None:
        return OF_EFFECT[action.effect]
    return Placed if action.event_type in PLACED else Acted


def document(settings: Settings, definitions: Iterable[Definition]) -> dict[str, Any]:
    """The whole document, for the topics of this installation."""
    models = body_models(definitions)
    schemas = _schemas(models.values())
    messages = {
        type_: _message(type_, _case_event(type_, model)) for type_, model in models.items()
    }
    messages[REPORT_RECEIVED] = _message(REPORT_RECEIVED, _ref("LocatedReport"))
    messages[DEAD_LETTER] = _message(DEAD_LETTER, _ref("DeadLetter"))
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Wangge", "version": "0.1.0", "description": READING},
        "defaultContentType": "application/json",
        "channels": {
            "cases": {
                "address": settings.cases_topic("{district}"),
                "description": "One topic a district, keyed by case. An event that moves a case to "
                "another district is in both topics.",
                "parameters": {"district": {"description": "Code of the district, e.g. 431102"}},
                "messages": {type_: _named(type_) for type_ in models},
            },
            "reports": {
                "address": settings.reports_topic,
                "description": "Reports as intake took them, keyed by community. Inner topic: it "
                "holds the words of reporters, and contacts as sealed texts.",
                "messages": {REPORT_RECEIVED: _named(REPORT_RECEIVED)},
            },
            "deadletters": {
                "address": settings.deadletters_topic,
                "description": "Records that could not become a case: which, and why.",
                "messages": {DEAD_LETTER: _named(DEAD_LETTER)},
            },
        },
        "operations": {
            f"publish-{name}": {"action": "send", "channel": {"$ref": f"#/channels/{name}"}}
            for name in ("cases", "reports", "deadletters")
        },
        "components": {"messages": messages, "schemas": schemas},
    }


def install(app: FastAPI, settings: Settings, definitions: Mapping[str, Definition]) -> None:
    """Serves the document at `/asyncapi.json`, to everybody."""
    written = orjson.dumps(document(settings, definitions.values()))

    @app.get("/asyncapi.json", include_in_schema=False)
    async def asyncapi() -> Response:
        return Response(written, media_type="application/json")


def _schemas(models: Iterable[type[BaseModel]]) -> dict[str, Any]:
    schemas: dict[str, Any] = {"Headers": HEADERS, "DeadLetter": DEAD_LETTER_SCHEMA}
    all_models: set[type[BaseModel]] = {Areas, *models}
    for model in all_models:
        schema = model.model_json_schema(by_alias=True, ref_template=TEMPLATE)
        schemas |= schema.pop("$defs", {})
        schemas[model.__name__] = schema
    located = TypeAdapter(LocatedReport).json_schema(ref_template=TEMPLATE)
    schemas |= located.pop("$defs", {})
    schemas["LocatedReport"] = located
    return {name: _open(schema) for name, schema in sorted(schemas.items())}


def _open(schema: dict[str, Any]) -> dict[str, Any]:
    """Ours may hold only what they name; what others check by must let additions pass."""
    return {name: value for name, value in schema.items() if name != "additionalProperties"}


def _case_event(type_: str, model: type[BaseModel]) -> dict[str, Any]:
    moment = TypeAdapter(Moment).json_schema()
    properties: dict[str, Any] = {
        "case": {"type": "string", "format": "uuid"},
        "number": {"type": "string"},
        "seq": {"type": "integer", "minimum": 1},
        "type": {"const": type_},
        "at": moment,
        "state": {"type": "string"},
        "areas": _ref("Areas"),
        "department": {"type": ["string", "null"]},
        "category": {"type": "string"},
        "lon": {"type": "number", "description": "WGS-84 degrees"},
        "lat": {"type": "number", "description": "WGS-84 degrees"},
        "actor": {"type": "string", "description": "an opaque account id"},
        "body": _ref(model.__name__),
        "previous_hash": HASH,
        "hash": HASH,
        "epoch": {"type": "integer", "description": "rises when the database was restored"},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


DEAD_LETTER_SCHEMA = {
    "type": "object",
    "required": "id report reason_class reason topic partition offset at".split(),
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "report": {"type": ["string", "null"]},
        "reason_class": {"type": "string"},
        "reason": {"type": "string"},
        "topic": {"type": "string"},
        "partition": {"type": "integer"},
        "offset": {"type": "integer"},
        "at": {"type": "string", "format": "date-time"},
    },
}


def _message(type_: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": type_,
        "contentType": "application/json",
        "headers": _ref("Headers"),
        "payload": payload,
    }


def _named(type_: str) -> dict[str, str]:
    return {"$ref": f"#/components/messages/{type_}"}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": SCHEMAS + name}
