"""The acceptors' pool: the first to take a case owns it until it is handed over."""

import pytest

from tests.unit.workflows.desk import ACTORS, Desk
from workflows import Actor, FieldsMissing, NotAllowed

FIRST, SECOND = ACTORS["acceptor"], Actor(id="a2", role="acceptor")


@pytest.mark.parametrize("taking", ["accept", "verify", "file"])
def test_the_first_to_take_a_case_owns_it(desk: Desk, taking: str) -> None:
    desk.open()
    desk.act(taking, FIRST)
    assert desk.marks["owner"] == "a1"
    assert desk.events[-1][1]["marks"] == {"owner": "a1"}
    if taking == "verify":
        desk.act("verify-yes", "member")
    if taking == "file":
        desk.act("return-to-acceptor", "dispatcher")
    with pytest.raises(NotAllowed, match="another acceptor") as refused:
        desk.act("reject", SECOND)
    assert refused.value.words is not None
    assert refused.value.words.zh == "案件由另一受理员办理，可请其移交"
    assert not {"reject", "verify", "file"} & {form.name for form in desk.offered(SECOND)}
    desk.act("file", FIRST)
    assert desk.marks["owner"] == "a1"


def test_a_case_that_nobody_took_is_everybodys(desk: Desk) -> None:
    desk.open()
    assert {"accept", "reject", "file"} <= {form.name for form in desk.offered(SECOND)}


def test_what_the_engine_filed_nobody_has_taken(desk: Desk) -> None:
    desk.open_dispatched()
    assert desk.marks == {}
    desk.act("withdraw", "dispatcher")
    desk.act("return-to-acceptor", "dispatcher")
    desk.act("file", SECOND)
    assert desk.marks["owner"] == "a2"


@pytest.mark.parametrize("by", ["acceptor", "supervisor"])
def test_a_case_is_handed_over_without_a_new_version(desk: Desk, by: str) -> None:
    desk.open()
    desk.act("accept", FIRST)
    handed = desk.act("hand-over", by, account="a2")
    assert (handed.raises_version, desk.marks["owner"]) == (False, "a2")
    with pytest.raises(NotAllowed, match="another acceptor"):
        desk.act("file", FIRST)
    desk.act("file", SECOND)
    with pytest.raises(FieldsMissing, match="account"):
        desk.act("hand-over", by, account=None)


def test_a_likely_duplicate_is_answered_and_the_answer_is_kept(desk: Desk) -> None:
    desk.open()
    compared = desk.act("compare", FIRST, answer="same")
    assert not compared.raises_version
    assert compared.events[0].body["chosen"] == {"answer": "same"}
    for wrong in ({"answer": "perhaps"}, {"answer": None}, {"other": None}):
        with pytest.raises(FieldsMissing):
            desk.act("compare", FIRST, **wrong)
    assert desk.marks == {"compared": 1}
