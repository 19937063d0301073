"""A crowd of random people at the HTTP interface: what each of them does, and what must follow.

Every method is one step. It asserts what can be told at once: the answer is one of the contract's,
what was offered is accepted, what was refused changed nothing. What only the histories tell is
checked at the end (`tests.integration.dispatch.histories`).
"""

import uuid
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.forms import ENDING, Forms, choose
from tests.integration.dispatch.town import CONTRACT, Json, Person, Town

HERE, THERE = "431103", "431102"
USUAL = (
    "accept file dispatch start feedback inspect-pass solve call-back close pass-up arrive contact "
    "sign"
).split()
CATEGORIES = ("E0110", "E0112", "E0301", "P0101", "M0701", "M0701", "M0601", "M5202", "M5303")
NEVER = ("open", "delete", "START", "inspect_pass", "%00", "x" * 300)
"""Names that no definition has."""
WRONG: Mapping[str, Sequence[Any]] = {
    "text": ("", "   ", "\u200b", 7, ["x"], "x" * 4001),
    "condition": ("E9999-1", 7, {}, ""),
    "department": ("nobody", 7, [], ""),
    "category": ("E9999", 7, []),
    "location": ("here", {}, {"lon": 0.0, "lat": 0.0, "crs": "wgs84"}, {"lon": 1e9, "lat": 26.4}),
    "confirmation": (False, "yes", 1),
    "choice": ("perhaps", 7, []),
    "moment": ("soon", "2020-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", 7),
    "account": (7, "\u0000", "x" * 201, ["a"]),
    "departments": ("431103-urban", [], ["nobody"], [7], ["431103-water"] * 30),
    "case": ("", "YZ1", 7, str(uuid.UUID(int=0))),
    "district": ("431100", "nowhere", 7),
}
"""By the type of a field, what is never a value of it."""
GUESSED: Mapping[str, Sequence[str]] = {
    "department": ["431103-urban", "431103-water"],
    "departments": ["431103-sanitation"],
    "district": [HERE, THERE],
}
"""What somebody might give who has not seen the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An action that was answered 200 under an id, for asking again."""

    person: Person
    path: str
    body: Json
    answer: bytes


@dataclass(slots=True, kw_only=True)
class Crowd(Town):
    """Everybody, and what they do."""

    told: Counter[str] = field(default_factory=Counter)
    done: deque[Done] = field(default_factory=lambda: deque(maxlen=200))

    # --- what people do ---

    def report(self) -> None:
        """Somebody reports something of some line, or an operator does so for a caller."""
        if self._open_cases() >= self.most_open:
            return
        person = self._one_of("member", "member", "acceptor", "reporter", "gateway")
        body: dict[str, Any] = {
            "id": str(uuid.UUID(int=self.pick.getrandbits(128), version=4)),
            "category": self.pick.choice(CATEGORIES),
            "location": {
                "lon": round(self.pick.choice((111.6075, 111.6200)) + self.pick.gauss(0, 0.004), 7),
                "lat": round(self.pick.choice((26.4203, 26.2250)) + self.pick.gauss(0, 0.004), 7),
                "crs": "wgs84",
                "accuracy_m": 8.0,
            },
            "text": "路边堆放杂物",
        }
        if person.role == "acceptor" and self.pick.random() < 0.5:
            body["on_behalf"] = {"name": "张三", "phone": "13800000000"}
        if person.role == "gateway":
            body["source"] = self.pick.choice(["department", "sensor", "camera"])
        answer = self._call(person, "POST", "/reports", body)
        outside = person.scope in (HERE, THERE) and answer.status_code == 403
        assert outside or answer.status_code in (202, 422), answer.text
        self.told[f"reported by {person.role}"] += answer.status_code == 202

    def do_what_is_offered(self) -> None:
        """What the sheet offers is accepted; only its fields may be refused."""
        found = self._sheet_with_actions()
        if found is None:
            return
        person, sheet = found
        name = self._choose([one["name"] for one in sheet["actions"]])
        if name is None:
            return
        made = self._forms().fill(sheet, _form(sheet, name))
        if made is None:
            return
        answer, body = self._act(person, sheet, name, made)
        if answer.status_code == 200:
            self._check_done(sheet, name, answer.json())
            path = f"/cases/{sheet['id']}/actions/{name}"
            self.done.append(Done(person=person, path=path, body=body, answer=answer.content))
            self.told[name] += 1
            return
        if answer.status_code in (404, 409) and self._moved_meanwhile(person, sheet, name):
            return
        # Another district's place may lie outside the scope of who moves a case there.
        allowed = {422, 403} if "location" in made else {422}
        assert answer.status_code in allowed, (name, made, answer.text)
        self.told["offered, and the fields refused"] += 1

    def do_what_is_not_offered(self) -> None:
        """What the sheet does not offer is refused, and changes nothing."""
        case = self._case()
        if case is None:
            return
        person = self._apt(case) if self.pick.random() < 0.6 else self._anybody()
        sheet = self._sheet(person, case)
        seen = sheet or self._sheet(self._one_of("auditor"), case)
        if seen is None:
            return
        offered = {one["name"] for one in (sheet or {"actions": []})["actions"]}
        known = sorted(self.definitions[seen["definition"]].actions)
        name = self.pick.choice([*(one for one in known if one not in offered), *NEVER])
        before = self._mine(person, case)
        answer, _ = self._act(person, seen, name, self._any_fields(seen, name))
        if answer.status_code == 200 and self._offered_now(person, case, name, seen):
            return
        assert answer.status_code in (403, 404, 409, 422), (person, name, answer.text)
        assert self._mine(person, case) == before, name
        self.told[f"not offered: {answer.status_code}"] += 1

    def do_it_wrongly(self) -> None:
        """One field of an offered action is wrong: refused by its name, and nothing changes."""
        found = self._sheet_with_actions()
        if found is None:
            return
        person, sheet = found
        form = self.pick.choice(sheet["actions"])
        made = self._forms().fill(sheet, form, optional=1.0) or {}
        field_ = self.pick.choice(form["fields"])
        blank = field_["name"] == "reason"
        if blank and not field_["required"]:
            return
        made[field_["name"]] = "  " if blank else self.pick.choice(WRONG.get(field_["type"], (7,)))
        if field_["type"] == "photos":
            made[field_["name"]] = self.pick.choice(("abc", [7], ["no"]))
        before = self._mine(person, sheet["id"])
        answer, _ = self._act(person, sheet, form["name"], made)
        if answer.status_code in (404, 409) and self._moved_meanwhile(person, sheet, form["name"]):
            return
        if "location" in made and person.scope in (HERE, THERE) and answer.status_code == 403:
            assert self._mine(person, sheet["id"]) == before  # the place is not theirs either
            return
        assert answer.status_code == 422, (form["name"], made, answer.text)
        fields = {error["field"].split(".")[0] for error in answer.json()["errors"]}
        assert field_["name"] in fields, (field_, made, answer.text)
        assert self._mine(person, sheet["id"]) == before
        self.told["a wrong field"] += 1

    def act_on_an_old_sheet(self) -> None:
        """A version that is not the case's is refused with what changed."""
        found = self._sheet_with_actions()
        if found is None:
            return
        person, sheet = found
        form = self.pick.choice(sheet["actions"])
        made = self._forms().fill(sheet, form) or {}
        other = max(0, sheet["version"] + self.pick.choice((-1, 1, 7)))
        before = self._mine(person, sheet["id"])
        answer, _ = self._act(person, {**sheet, "version": other}, form["name"], made)
        if self._row(sheet["id"])[0] == sheet["version"]:
            assert answer.status_code == 409, (form["name"], answer.text)
            assert answer.json()["version"] == sheet["version"]
            assert self._mine(person, sheet["id"]) == before
            self.told["a stale version"] += 1

    def ask_again(self) -> None:
        """The same action under the same id gets the first answer; another one is refused."""
        if not self.done:
            return
        first = self.pick.choice(self.done)
        case = first.path.split("/")[2]
        before = self._mine(first.person, case)
        answer = self._call(first.person, "POST", first.path, first.body)
        assert answer.status_code == 200, answer.text
        assert answer.content == first.answer
        other = self._call(first.person, "POST", first.path, {**first.body, "version": 0})
        assert other.status_code == 422, other.text
        assert self._mine(first.person, case) == before
        self.told["asked again"] += 1

    def act_on_many(self) -> None:
        """A selection: each case has the answer that it would have had alone."""
        person, cases = self._anybody(), self._cases()
        chosen = self.pick.sample(cases, min(len(cases), self.pick.randint(1, 5)))
        sheets = [(case, self._sheet(person, case)) for case in chosen]
        names = [one["name"] for _, sheet in sheets if sheet for one in sheet["actions"]]
        name = choose(self.pick, names, USUAL, 0.3) if names else None
        if name is None:
            return
        made = self._many_fields(sheets, name)
        asked = [
            {"case": case, "version": (sheet or {"version": 1})["version"]}
            for case, sheet in sheets
        ]
        answer = self._call(person, "POST", f"/actions/{name}", {"cases": asked, **made})
        assert answer.status_code == 200, answer.text
        for (case, sheet), item in zip(sheets, answer.json()["items"], strict=True):
            assert item["status"] in CONTRACT - {202}, item
            if item["status"] == 200 and not _offers(sheet, name):
                assert self._offered_now(person, case, name, sheet)
            self.told[f"in a selection: {item['status']}"] += 1

    def hand_the_desk_over(self) -> None:
        """An acceptor's desk goes to another; nobody else has one."""
        person = self._one_of("acceptor", "acceptor", "dispatcher", "auditor")
        account = self.pick.choice([one.subject for one in self.people if one.role == "acceptor"])
        body = {"account": account, "reason": "交接班"}
        answer = self._call(person, "POST", "/desk/hand-over", body)
        assert answer.status_code == (200 if person.role == "acceptor" else 403), answer.text
        for item in answer.json().get("items", ()):
            assert item["status"] in (200, 409), item
            self.told[f"handed over: {item['status']}"] += 1

    # --- how they do it ---

    def _act(
        self, person: Person, sheet: Json, name: str, made: Json
    ) -> tuple[httpx.Response, Json]:
        id_ = str(uuid.UUID(int=self.pick.getrandbits(128), version=4))
        body = {"version": sheet["version"], "id": id_, **made}
        return self._call(person, "POST", f"/cases/{sheet['id']}/actions/{name}", body), body

    def _choose(self, offered: Sequence[str]) -> str | None:
        """Now and then what has been done least."""
        rare = [one for one in offered if one not in ENDING]
        if rare and self.pick.random() < 0.3:
            return min(rare, key=lambda one: self.told[one])
        return choose(self.pick, offered, USUAL, 0.5)

    def _check_done(self, before: Json, name: str, after: Json) -> None:
        """An accepted action raises the version by one where it says so, and appends to the
        history; others may have done so meanwhile."""
        raised = self.definitions[before["definition"]].actions[name].raises_version
        assert after["version"] == before["version"] + raised, (name, before, after)
        assert after["seq"] > before["seq"]

    def _sheet_with_actions(self) -> tuple[Person, Json] | None:
        """Somebody who may do something about some case; a few are asked."""
        for _ in range(4):
            case = self._case()
            if case is None:
                return None
            person = self._apt(case)
            sheet = self._sheet(person, case)
            if sheet is not None and sheet["actions"]:
                return person, sheet
        return None

    def _moved_meanwhile(self, person: Person, sheet: Json, name: str) -> bool:
        """Whether the clock or a report changed the case since, or its limit ran out."""
        now = self._sheet(person, sheet["id"])
        self.told["changed meanwhile"] += 1
        return now is None or now["seq"] != sheet["seq"] or not _offers(now, name)

    def _offered_now(self, person: Person, case: str, name: str, sheet: Json | None) -> bool:
        """Whether an action that a sheet did not offer may have become possible since: the clock
        did something in between."""
        version, seq = self._row(case)
        moved = sheet is None or seq > sheet["seq"] + 1 or version > sheet["version"] + 1
        assert moved, (person, case, name)
        self.told["changed meanwhile"] += 1
        return True

    def _any_fields(self, sheet: Json, name: str) -> Json:
        """Fields that the action would take, as well as can be known without its form."""
        action = self.definitions[sheet["definition"]].actions.get(name)
        fields = action.fields if action is not None else ()
        form: list[dict[str, Any]] = [
            {"name": one.name, "type": one.type.value, "required": True, "choices": [*one.choices]}
            for one in fields
        ]
        for one in form:
            one["choices"] = GUESSED.get(one["type"]) or one["choices"] or None
        made = self._forms().fill(sheet, {"name": name, "fields": form}) or {}
        return {"reason": "试一试", **made}

    def _many_fields(self, sheets: Sequence[tuple[str, Json | None]], name: str) -> Json:
        sheet = next(one for _, one in sheets if _offers(one, name))
        assert sheet is not None
        return self._forms().fill(sheet, _form(sheet, name)) or {"reason": "批量办理"}

    def _forms(self) -> Forms:
        accounts = [one.subject for one in self.people if one.role in ("acceptor", "handler")]
        return Forms(self.pick, self.categories, accounts, (0.2, 2.0), self._cases())


def _form(sheet: Json, name: str) -> Json:
    found: Json = next(one for one in sheet["actions"] if one["name"] == name)
    return found


def _offers(sheet: Json | None, name: str) -> bool:
    return sheet is not None and any(one["name"] == name for one in sheet["actions"])
