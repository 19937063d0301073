"""Two minutes in which everything dies or freezes once, and nothing is lost, doubled or disordered.

Three engines, two apis, two relays and two clocks are at work, as on several machines. They share
one machine and one data directory here. A district is added while they run.
"""

from collections import Counter
from collections.abc import Sequence

import pytest

from tests.districts import NEW, OLD
from tests.faults.bad_builds import command
from tests.faults.borders import add_district, move_open_cases
from tests.faults.checker import Verdict, check
from tests.faults.delays import due_to_rung, event_to_topic, report_to_case, worst_around
from tests.faults.diary import Done
from tests.faults.nemesis import (
    freeze,
    freeze_holder,
    kill,
    kill_at_work,
    kill_holder,
    restart_database,
)
from tests.faults.recorded import Outcome, Recorded
from tests.faults.run import Outcome as RunOutcome
from tests.faults.run import Plan, play

MORE = {"engine": 2, "api": 1, "relay": 1, "clock": 1}
LONG_S = 22  # twice what a lane or a share of the reports is kept for a silent holder
FAULTS = (
    add_district(2),  # its map takes effect about a minute later
    kill_at_work(4, "engine"),
    freeze_holder(10, "relay", LONG_S),
    kill(14, "api"),
    kill(26, "engine-2", again_s=18),
    freeze_holder(36, "clock", LONG_S),
    freeze(40, "api-2", LONG_S),
    freeze(50, "engine-3", LONG_S),
    kill_holder(64, "relay", again_s=5),
    kill(80, "kafka"),
    kill_holder(92, "clock", again_s=5),
    kill(94, "api-2"),
    kill(96, "engine-2"),
    move_open_cases(98),
    restart_database(102),
    freeze(104, "api", 4),
    kill_at_work(112, "engine"),
)
TAKEN_OVER_S = 15.0
MEASURED_S = 76  # then Kafka is killed, and everybody waits for it


FEWER = (
    kill_at_work(4, "engine"),
    kill(8, "relay"),
    freeze(12, "clock", 12),  # longer than its lane is kept for a silent holder
    kill(16, "api"),
    freeze(22, "engine", 14),  # longer than its session with Kafka
    kill(28, "clock"),
    freeze(32, "api", 4),
    freeze(38, "relay", 13),
    kill(44, "kafka"),
    kill(54, "engine"),
    restart_database(64),
    kill(72, "relay"),
    kill_at_work(74, "engine"),
    kill(78, "api"),
)


def test_a_run_full_of_faults_loses_and_doubles_nothing() -> None:
    plan = Plan(seconds=90, rate=30, faults=FEWER, quiet_s=60, more={"engine": 1})
    check_run(play(plan))


@pytest.mark.long
def test_several_machines_worth_of_processes_lose_and_double_nothing() -> None:
    plan = Plan(seconds=120, rate=30, faults=FAULTS, quiet_s=60, more=MORE, also_in=OLD)
    outcome = play(plan)
    check_run(outcome)
    assert outcome.troubles == [], "\n".join(outcome.troubles)
    recorded = outcome.recorded
    told = [record for record in recorded.case_records if record.district == NEW]
    print(f"{len(told)} case records of the new district")
    assert len({record.case for record in told if record.seq == 1}) > 20
    for log in recorded.feeds:
        assert 2 <= len(log.segments) < 8, log.reader
        assert sum(len(part.heard) for part in log.segments) > len(recorded.events) / 2
    check_take_overs(recorded, outcome.faults)


def check_run(outcome: RunOutcome) -> None:
    """Nothing lost, doubled or out of order, all at rest, and enough of everything happened."""
    print(outcome.account)
    verdict = Verdict(violations=check(outcome.recorded))
    assert not verdict.violations, verdict.text()
    assert outcome.unfinished is None
    assert outcome.untrue == [], outcome.untrue[:8]
    recorded = outcome.recorded
    accepted = {c.report for c in recorded.report_calls if c.outcome is Outcome.OK}
    acted = {c.event_type for c in recorded.action_calls if c.outcome is Outcome.OK}
    rungs = [e for e in recorded.events if "rung" in e.body]
    by_system = Counter(e.type.split(".")[2] for e in recorded.events if "came_due" in e.body)
    print(
        f"{len(recorded.cases)} cases, {len(recorded.events)} events, {len(rungs)} rungs, "
        f"{len(recorded.case_records)} case records, {len(recorded.refusals)} refusals; "
        f"{len(acted)} sorts of action; by the system: {dict(by_system)}"
    )
    # A run in which nothing happened would prove nothing; how much does depends on the machine.
    assert len(accepted) > 300
    assert len(acted) >= 25, acted
    assert by_system["passed-up"] > 0, by_system
    assert len(rungs) > 100
    assert recorded.refusals
    assert len(recorded.letters) == 5


def check_take_overs(recorded: Recorded, faults: Sequence[Done]) -> None:
    """Where a process died or froze, another one had its work in time."""
    work = {"engine": report_to_case, "relay": event_to_topic, "clock": due_to_rung}
    late = []
    for fault in faults:
        role = fault.whom.partition("-")[0]
        if role in work and fault.elapsed_s < MEASURED_S:
            lasting_s = min(LONG_S, MEASURED_S - fault.elapsed_s)
            seconds = worst_around(work[role](recorded), fault, lasting_s)
            print(f"{fault}: its work was done elsewhere {seconds:.1f} s late at most")
            if seconds > TAKEN_OVER_S:
                late.append(f"{fault}: {seconds:.1f} s")
    assert late == []


KNOWN_BAD = (
    ("without-deduplication", "C2", Plan(seconds=12, rate=30, faults=(), quiet_s=15)),
    (
        "offset-before-the-work",
        "C1",
        Plan(
            seconds=36,
            rate=30,
            faults=[kill_at_work(at_s, "engine") for at_s in (4, 15, 26)],
            quiet_s=15,
        ),
    ),
    ("cursor-relay", "C4", Plan(seconds=12, rate=40, faults=(), quiet_s=6, more={"engine": 1})),
)


@pytest.mark.parametrize(("build", "expected", "plan"), KNOWN_BAD, ids=lambda one: str(one)[:24])
def test_a_build_with_a_known_mistake_fails_the_run(build: str, expected: str, plan: Plan) -> None:
    outcome = play(plan, command(build))
    verdict = Verdict(violations=check(outcome.recorded))
    print(verdict.text(2))
    assert verdict.of(expected), f"{build} was not found out\n{verdict.text()}\n{outcome.account}"
