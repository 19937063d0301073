"""The checker on what several cases do together, and on what the system does when a rung is due."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from dispatch.catalogue.definitions import load_definitions
from tests.faults.checker import CHECKS, check_clocks, recomputed_hash
from tests.faults.histories import Chain, at, clock, record_of, text
from tests.faults.pairs import check_judges, check_pairs
from tests.faults.recorded import CaseRow, Event, Recorded, ReportRow, TimerRow

KEY = "urban_management@2"
DEFINITION = load_definitions()[KEY]
Spoil = Callable[[dict[str, Chain]], None]


def named(case: str) -> dict[str, str]:
    return {"case": case, "number": case}


def begun(case: str, report: str) -> Chain:
    """A case that its department handles."""
    chain = Chain(case)
    steps = [
        {"action": "file", "state": "filed"},
        {"action": "dispatch", "state": "dispatched"},
    ]
    chain.add("opened", 0, state="dispatched", version=1, steps=steps, report=report,
              department="D1", deadlines=[clock("handle", 0)])  # fmt: skip
    act(chain, "started", 10, 2, ("dispatched", "handling"), "handler")
    return chain


def act(
    chain: Chain, name: str, seconds: float, version: int, way: tuple[str, str], role: str,
    **body: Any,
) -> None:  # fmt: skip
    chain.add(name, seconds, state=way[1], version=version, role=role,
              **{"from": way[0], "department": "D1", "deadlines": [], **body})  # fmt: skip


def lives() -> dict[str, Chain]:
    """One is merged into another and taken out again, split, suspended, and resumed by the
    system; the other is inspected by somebody else."""
    one, other, third = begun("one", "r1"), begun("other", "r2"), Chain("third")
    act(one, "merged", 100, 3, ("handling", "merged"), "acceptor", merged_into=named("other"),
        deadlines=[clock("handle", 0, due_at=None, stopped_at=text(100))])  # fmt: skip
    other.add("absorbed", 100, state="handling", version=2, deadlines=[], absorbed=named("one"))
    act(one, "unmerged", 200, 4, ("merged", "handling"), "acceptor",
        was_merged_into=named("other"), reopened=True, deadlines=[clock("handle", 0)])  # fmt: skip
    other.add("released", 200, state="handling", version=2, deadlines=[], released=named("one"))
    act(one, "split", 300, 4, ("handling", "handling"), "acceptor", split_off=named("third"))
    third.add("split-off", 300, state="reported", version=1, split_from=named("one"),
              deadlines=[clock("accept", 300)])  # fmt: skip
    stands = clock("handle", 0, due_at=None, stopped_at=text(400))
    waits = clock("suspend", 400, limit=text(500), clock="until", due_at=text(500))
    act(one, "suspended", 400, 5, ("handling", "suspended"), "dispatcher",
        deadlines=[stands, waits])  # fmt: skip
    waited = {**waits, "due_at": None, "stopped_at": text(501), "rung": 1}
    act(one, "resumed", 501, 6, ("suspended", "handling"), "system",
        came_due={"stage": "suspend", "rung": 0, "at": "1", "due_at": text(500), "late_s": 1},
        deadlines=[waited, clock("handle", 501, due_at=text(3701))])  # fmt: skip
    handled = clock("handle", 0, due_at=None, stopped_at=text(600))
    act(other, "handled", 600, 3, ("handling", "handled"), "handler",
        deadlines=[handled, clock("inspect", 600)])  # fmt: skip
    return {"one": one, "other": other, "third": third}


def inspected(chains: dict[str, Chain], by: str) -> None:
    checked = clock("inspect", 600, due_at=None, stopped_at=text(700))
    act(chains["other"], "inspection-passed", 700, 4, ("handled", "inspecting"), "member",
        deadlines=[checked, clock("close", 700)])  # fmt: skip
    last = chains["other"].events
    last[-1] = replace(last[-1], actor=by)
    last[-1] = replace(last[-1], hash=recomputed_hash(last[-1]))


def row_of(chain: Chain) -> CaseRow:
    last = chain.events[-1]
    clocks: dict[str, Mapping[str, Any]] = {}
    for event in chain.events:
        clocks = {} if event.body.get("reopened") else clocks
        clocks |= {one["stage"]: one for one in event.body["deadlines"]}
    return CaseRow(
        id=chain.case,
        definition=KEY,
        state=last.body["state"],
        version=last.body["version"],
        seq=last.seq,
        head_hash=last.hash,
        last_at=last.at,
        deadlines=list(clocks.values()),
    )


def run_of(chains: Mapping[str, Chain]) -> Recorded:
    rows = [row_of(chain) for chain in chains.values()]
    running = [(row.id, one) for row in rows for one in row.deadlines if one["stopped_at"] is None]
    events = [event for chain in chains.values() for event in chain.events]
    return Recorded(
        definitions={KEY: DEFINITION},
        ended_at=at(800),
        reports=[
            ReportRow(id="r1", case="one", fingerprint="f1", text="one", reporter="member-1"),
            ReportRow(id="r2", case="other", fingerprint="f2", text="two", reporter="member-2"),
        ],
        cases=rows,
        events=events,
        timers=[
            TimerRow(case=case, stage=one["stage"], rung=one["rung"], due_at=at(3600))
            for case, one in running
        ],
        case_records=[record_of(event) for event in events],
        staff={"handler-D1": "D1", "member-D1": "D1"},
    )


def found(chains: Mapping[str, Chain]) -> list[str]:
    return [str(one) for each in CHECKS for one in each(run_of(chains))]


def test_a_good_run_of_several_cases_has_no_violation() -> None:
    chains = lives()
    inspected(chains, "member-3")
    assert found(chains) == []


def changed(chain: Chain, number: int, **body: Any) -> None:
    """One event has always said something else; the chain fits."""
    previous = "0" * 64
    for index, event in enumerate(chain.events):
        new = replace(event, previous_hash=previous)
        if index == number:
            new = replace(new, body={**event.body, **body})
        chain.events[index] = replace(new, hash=recomputed_hash(new))
        previous = chain.events[index].hash


def without(chain: Chain, name: str) -> None:
    kept: list[Event] = [one for one in chain.events if one.type != f"wangge.case.{name}.v1"]
    chain.events[:] = [replace(one, seq=n) for n, one in enumerate(kept, start=1)]
    changed(chain, -1)


SPOILED: tuple[tuple[Spoil, str], ...] = (
    (lambda of: without(of["other"], "absorbed"), "merged 1 times"),
    (lambda of: without(of["other"], "released"), "unmerged 1 times"),
    (lambda of: of.pop("third").events.clear(), "split 1 times"),
    (lambda of: changed(of["one"], 2, merged_into=named("third")), "merged 1 times with third"),
    (lambda of: changed(of["one"], 3, state="dispatched"), "the definition leads to handling"),
    (lambda of: changed(of["one"], 2, role="handler"), "the role handler may not merge"),
    (lambda of: changed(of["one"], 1, role="system"), "nothing had come due"),
    (
        lambda of: changed(of["one"], 6, came_due={"stage": "suspend", "rung": 0,
                                                  "due_at": text(450)}),
        "lies before",
    ),
    (
        lambda of: changed(of["one"], 6, came_due={"stage": "suspend", "rung": 0,
                                                  "due_at": text(502)}),
        "before its due moment",
    ),
    (
        lambda of: changed(of["one"], 6, came_due={"stage": "handle", "rung": 1,
                                                  "due_at": text(500)}),
        "was done without it",
    ),
    (lambda of: changed(of["other"], 2, version=3), "version"),
    (lambda of: changed(of["third"], 0, state="accepted"), "the definition leads to reported"),
    (lambda of: inspected(of, "member-2"), "member-2 reported the case"),
    (lambda of: inspected(of, "member-D1"), "D1 judges a case that it held"),
)  # fmt: skip


@pytest.mark.parametrize(("spoil", "says"), SPOILED)
def test_what_is_wrong_between_cases_is_named(spoil: Spoil, says: str) -> None:
    chains = lives()
    spoil(chains)
    assert any(says in one for one in found(chains)), found(chains)


def test_who_reported_a_case_that_was_merged_or_split_may_not_inspect_its_kin() -> None:
    for by, guilty in (("member-1", False), ("member-2", True)):
        chains = lives()  # `one` was taken out of `other` again
        inspected(chains, by)
        assert (list(check_judges(run_of(chains))) != []) is guilty
    chains = lives()
    del chains["one"].events[3:]
    del chains["third"]
    without(chains["other"], "released")
    inspected(chains, "member-1")
    (wrong,) = check_judges(run_of(chains))
    assert "member-1 reported the case" in wrong.wrong
    assert list(check_pairs(run_of(chains))) == []
    assert list(check_clocks(run_of(chains))) == []
