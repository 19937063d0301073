"""Ninety seconds in which everything dies once, and nothing is lost, doubled or out of order."""

import pytest

from tests.faults.bad_builds import command
from tests.faults.checker import Verdict, check
from tests.faults.nemesis import freeze, kill, kill_at_work, restart_database
from tests.faults.recorded import Outcome
from tests.faults.run import Plan, play

FAULTS = (
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
    outcome = play(Plan(seconds=90, rate=30, faults=FAULTS, quiet_s=60, more_engines=1))
    verdict = Verdict(violations=check(outcome.recorded))
    assert not verdict.violations, f"{verdict.text()}\n{outcome.account}"
    assert outcome.unfinished is None, outcome.account
    assert outcome.untrue == [], outcome.untrue[:8]
    recorded = outcome.recorded
    accepted = {c.report for c in recorded.report_calls if c.outcome is Outcome.OK}
    acted = {c.event_type for c in recorded.action_calls if c.outcome is Outcome.OK}
    rungs = [e for e in recorded.events if "rung" in e.body]
    print(outcome.account)
    print(
        f"{len(recorded.cases)} cases, {len(recorded.events)} events, {len(rungs)} rungs, "
        f"{len(recorded.case_records)} case records, {len(recorded.refusals)} refusals"
    )
    # A run in which nothing happened would prove nothing.
    assert len(accepted) > 800
    assert len(acted) >= 10, acted
    assert len(rungs) > 200
    assert recorded.refusals
    assert len(recorded.letters) == 5


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
    ("cursor-relay", "C4", Plan(seconds=12, rate=40, faults=(), quiet_s=6, more_engines=1)),
)


@pytest.mark.parametrize(("build", "expected", "plan"), KNOWN_BAD, ids=lambda one: str(one)[:24])
def test_a_build_with_a_known_mistake_fails_the_run(build: str, expected: str, plan: Plan) -> None:
    outcome = play(plan, command(build))
    verdict = Verdict(violations=check(outcome.recorded))
    print(verdict.text(2))
    assert verdict.of(expected), f"{build} was not found out\n{verdict.text()}\n{outcome.account}"
