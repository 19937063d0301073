"""What every handler of the api process works with, and who is asking."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from sqlalchemy import Engine
from starlette.requests import Request

from dispatch.api.acknowledgements import Acknowledgements
from dispatch.api.buckets import Buckets
from dispatch.api.problems import Problem
from dispatch.api.recorder import IntakeRecorder
from dispatch.cases.reaching import Reach
from dispatch.catalogue.cached import Cached
from dispatch.catalogue.definitions import opening_definitions
from dispatch.catalogue.knowledge import Knowledge, Known
from dispatch.desk.desk import Desk
from dispatch.desk.rules import DeskRules
from dispatch.engine.rules import Rules
from dispatch.keys import Keys
from dispatch.reading.mapping import TileCache
from dispatch.reports.intake import Intake
from dispatch.reports.photos import PhotoStore
from dispatch.settings import Settings
from dispatch.tokens import Principal, Role, Verifier
from dispatch.watching.door import Post
from streams.producer import BoundedProducer
from workflows.calendar import Calendars
from workflows.definition import Definition


@dataclass(slots=True)
class Context:
    """Built once for the process, in `dispatch.api.server`."""

    settings: Settings
    database: Engine
    keys: Keys
    verifier: Verifier
    knowledge: Knowledge
    photos: PhotoStore
    intake: Intake
    buckets: Buckets
    desk: Desk
    definitions: Mapping[str, Definition]
    final_states: frozenset[str]
    calendars: Cached[Calendars]
    rules: Cached[Rules]
    reach: Cached[Reach]
    post: Post
    intake_recorder: IntakeRecorder
    tiles: TileCache
    producer: BoundedProducer | None = None
    acknowledgements: Acknowledgements | None = None

    def known(self) -> Known:
        """Maps and catalogue; 503 while nothing is known at all."""
        known = self.knowledge.known
        if known is None:
            raise Problem(
                503,
                "unavailable",
                f"no map is loaded yet: {self.knowledge.reason}",
                headers={"Retry-After": "2"},
            )
        return known

    def desk_rules(self) -> DeskRules:
        return DeskRules(
            definitions=self.definitions,
            calendars=self.calendars(),
            known=self.known(),
            opening=opening_definitions(self.settings, self.definitions),
            number_prefix=self.settings.number_prefix,
            zone=self.settings.timezone,
            inspection=self.settings.inspection,
            reach=self.reach(),
        )


def context_of(request: Request) -> Context:
    """The process's context (FastAPI dependency)."""
    context: Context = request.app.state.context
    return context


def principal_of(request: Request) -> Principal:
    """Who is asking (FastAPI dependency); 401 before anything else is looked at."""
    context = context_of(request)
    header = request.headers.get("authorization", "")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(
            401,
            "token",
            "send a token in the header Authorization: Bearer …",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return context.verifier.verify(token.strip())


def anonymous(scope: str) -> Principal:
    """The caller without a token where the setting `public_reports` allows it."""
    return Principal(
        subject="public",
        role=Role.REPORTER,
        scope=scope,
        department=None,
        jti="",
        expires=2**40,
    )


Ctx = Annotated[Context, Depends(context_of)]
Who = Annotated[Principal, Depends(principal_of)]
