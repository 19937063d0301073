"""What a person does to a case: one action, one database transaction (design §1)."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from dispatch.cases import access
from dispatch.cases.acting import take
from dispatch.cases.case import Case, database_now, lock_cases
from dispatch.cases.ledger import Ledger
from dispatch.cases.views import view_of
from dispatch.desk.effects import Scene, beyond
from dispatch.desk.fields import Fields, FieldsWrong
from dispatch.desk.inspection import appointed_by, take_turn
from dispatch.desk.rules import DeskRules
from dispatch.errors import DispatchError
from dispatch.reading import reading
from dispatch.reports.photos import PhotoStore
from dispatch.reports.report import FieldProblem
from dispatch.storage.bulk import copy_rows
from dispatch.storage.database import transaction
from dispatch.tokens import Principal
from workflows.case import Actor, Command, Decision
from workflows.decide import decide
from workflows.definition import Effect, FieldType, Tell
from workflows.errors import FieldsMissing, NotAllowed, NotPossible

UNKNOWN = "unknown"
Ended = Callable[[str, str, str], None]


class CaseNotFound(DispatchError):
    """No such case, or none that the caller may read; which of the two is not told."""


class Stale(DispatchError):
    """The case changed since the caller saw it (409); `changed` says what, when and by whom."""

    def __init__(self, version: int, changed: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(f"the case has changed; it is now at version {version}")
        self.version = version
        self.changed = list(changed)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequest:
    """An action as it was asked for; `fields` as the client sent them."""

    name: str
    version: int
    reason: str | None
    fields: Mapping[str, Any]
    id: UUID | None = None

    @property
    def fingerprint(self) -> bytes:
        body = [self.name, self.version, self.reason, dict(self.fields)]
        # The standard library's, for a client may send integers of any length.
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).digest()


ENDS: Mapping[type[Exception], str] = {
    Stale: "stale",
    FieldsWrong: "fields",
    FieldsMissing: "fields",
    NotAllowed: "not-allowed",
    access.Forbidden: "not-allowed",
    NotPossible: "not-possible",
}


class Desk:
    """Does actions; every one of them locks its case, decides, writes and answers."""

    def __init__(
        self, database: Engine, photos: PhotoStore, ended: Ended = lambda _d, _a, _r: None
    ) -> None:
        self._database = database
        self._photos = photos
        self._ended = ended

    def act(
        self,
        rules: DeskRules,
        principal: Principal,
        key: str,
        request: ActionRequest,
        show: Callable[[Connection, Case], bytes],
    ) -> bytes:
        """Does the action and answers what `show` makes of the case as it is afterwards.

        An action with an `id` that was done before is not done again: its first answer comes
        back. Raises CaseNotFound, access.Forbidden, FieldsWrong, Stale, and the workflow's
        refusals.
        """
        access.require(principal, access.READS_CASES, "act on cases")
        with transaction(self._database) as connection:
            scope = access.case_scope(principal, rules.known.in_force.areas)
            # A retry is answered also where the action itself took the case out of the scope.
            found = reading.find_case(connection, key, None if request.id else scope)
            if found is None:
                raise CaseNotFound(f"there is no case {key} that you may read")
            named = _named_case(connection, rules, found, request)
            locked = lock_cases(connection, [found.id, *([named] if named else [])])
            case = locked[found.id]
            first = self._first_answer(connection, principal, case, request)
            if first is not None:
                return bytes(first.answer) if first.answer is not None else show(connection, case)
            if not access.sees_case(principal, case):
                raise CaseNotFound(f"there is no case {key} that you may read")
            definition = rules.definitions[case.definition]
            # Names of actions come from outside; a metric takes only those that there are.
            name = request.name if request.name in definition.actions else UNKNOWN
            with _told(partial(self._ended, case.definition, name)):
                other = None if named is None else locked.get(named)
                self._do(connection, rules, principal, case, other, request)
                answer = show(connection, case)
                self._remember(connection, principal, case, request, answer)
            return answer

    def _first_answer(
        self, connection: Connection, principal: Principal, case: Case, request: ActionRequest
    ) -> Any:
        """The row of an action with this id, if it was done before by this very caller."""
        if request.id is None:
            return None
        row = connection.execute(
            text("""select actor, fingerprint, answer from action_key
                where case_id = :case and id = :id"""),
            {"case": case.id, "id": request.id},
        ).one_or_none()
        if row is None:
            return None
        mine = row.actor == principal.subject
        if not mine and not access.sees_case(principal, case):
            return None
        if not mine or bytes(row.fingerprint) != request.fingerprint:
            raise FieldsWrong([FieldProblem("id", "was used for another action; make a new one")])
        return row

    def _do(
        self,
        connection: Connection,
        rules: DeskRules,
        principal: Principal,
        case: Case,
        other: Case | None,
        request: ActionRequest,
    ) -> None:
        definition = rules.definitions[case.definition]
        reporters = (
            (principal.subject,)
            if reading.is_reporter(connection, case.id, principal.subject)
            else ()
        )
        view = view_of(
            case,
            rules.known.catalogue.categories,
            reporters,
            rules.known,
            rules.known.catalogue.grades,
        )
        actor = Actor(
            id=principal.subject, role=principal.role.value, department=principal.department
        )
        if request.version != case.version:
            changed = reading.changes_since(connection, case, request.version)
            raise Stale(case.version, changed)
        seen = partial(reading.moments_seen, connection, case, rules.zone)
        fields = Fields(rules.known, principal, case, self._photos, seen).resolve(
            request.fields, definition, request.name
        )
        now = max(database_now(connection), case.last_at)
        command = Command(action=request.name, actor=actor, reason=request.reason, fields=fields)
        choice = appointed_by(connection, rules, definition, case, command)
        if choice is not None:
            command = replace(command, appointed=choice.account)
        decision = decide(definition, view, command, now, rules.calendars)
        ledger = Ledger()
        clocks = case.deadlines
        ended = take(definition, ledger, case, decision, now)
        scene = Scene(
            connection=connection,
            rules=rules,
            ledger=ledger,
            principal=principal,
            case=case,
            other=other,
            clocks=clocks,
            fields=fields,
            now=now,
        )
        extra = {**beyond(scene, definition.actions[request.name].effect), **ended}
        extra |= _reached(scene, decision)
        if choice is not None:
            extra["appointed"] = choice.told()
            take_turn(connection, choice)
        (draft,) = decision.events
        words = {"reason": request.reason or "", "text": str(fields.get("text") or "")}
        ledger.append(
            case,
            type_=draft.type,
            at=now,
            actor=principal.subject,
            body={**draft.body, **extra, "role": principal.role.value},
            texts={name: value for name, value in words.items() if value},
        )
        ledger.write(connection)
        _keep_photos(scene)

    def _remember(
        self,
        connection: Connection,
        principal: Principal,
        case: Case,
        request: ActionRequest,
        answer: bytes,
    ) -> None:
        if request.id is None:
            return
        connection.execute(
            text("""insert into action_key (case_id, id, actor, fingerprint, seq, answer)
                values (:case, :id, :actor, :fingerprint, :seq, :answer)"""),
            {
                "case": case.id,
                "id": request.id,
                "actor": principal.subject,
                "fingerprint": request.fingerprint,
                "seq": case.seq,
                "answer": answer,
            },
        )


def _named_case(
    connection: Connection, rules: DeskRules, case: Case, request: ActionRequest
) -> UUID | None:
    """The other case that an action is about; both are locked together, in ascending order."""
    action = rules.definitions[case.definition].actions.get(request.name)
    if action is None or action.effect is None:
        return None
    if action.effect is Effect.UNMERGE:
        return case.merged_into
    names = [field.name for field in action.fields if field.type is FieldType.CASE]
    key = request.fields.get(names[0]) if names else None
    other = reading.find_case(connection, key) if isinstance(key, str) else None
    return None if other is None else other.id


@contextmanager
def _told(ended: Callable[[str], None]) -> Iterator[None]:
    """Tells how the block ended, by one of a few words."""
    try:
        yield
    except Exception as error:
        ended(next((word for kind, word in ENDS.items() if isinstance(error, kind)), "failed"))
        raise
    ended("done")


def _reached(scene: Scene, decision: Decision) -> dict[str, Any]:
    """Whom the action reaches, where its definition says that it tells somebody."""
    (draft,) = decision.events
    if "tell" not in draft.body:
        return {}
    case, tell = scene.case, Tell(draft.body["tell"])
    urgent = decision.condition is not None and decision.condition.urgent
    told = scene.rules.reach.told(tell, case, case.department, scene.now, urgent=urgent)
    return {"reached": told}


def _keep_photos(scene: Scene) -> None:
    case, by = scene.case, scene.principal.subject
    photos = [(photo, case.id, case.seq, by) for photo in scene.fields.get("photos", ())]
    if photos:
        columns = ("photo_id", "case_id", "seq", "subject")
        copy_rows(scene.connection, "case_photo", columns, photos)
