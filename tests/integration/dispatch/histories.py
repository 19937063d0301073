"""Checks every history of an installation after its roles have stopped: invariants 3 to 7."""

from collections.abc import Mapping
from datetime import timedelta

from dispatch.cases.audit import Tally, verify
from dispatch.cases.case import database_now
from dispatch.storage.database import transaction
from tests.faults.checker import by_case, check_effects, check_histories
from tests.faults.ladders import check_ladders
from tests.faults.pairs import check_judges, check_pairs
from tests.faults.reading import read_histories
from tests.faults.recorded import Recorded
from tests.integration.dispatch.live import Live
from workflows.definition import Definition

GRACE = timedelta(seconds=5)


def histories_of(
    live: Live, definitions: Mapping[str, Definition], staff: Mapping[str, str]
) -> Recorded:
    """Everything that the database keeps of cases; nothing may change it meanwhile."""
    with transaction(live.database) as connection:
        now = database_now(connection)
    return read_histories(live.settings.database_url, definitions, staff, now - GRACE)


def what_is_wrong(live: Live, recorded: Recorded) -> list[str]:
    """Every violation; the row is also rebuilt from its events and compared."""
    checks = (check_effects, check_pairs, check_histories, check_judges)
    found = [str(one) for check in checks for one in check(recorded)]
    found += [str(one) for one in check_ladders(recorded, by_case(recorded.events))]
    with transaction(live.database) as connection:
        found += [f"{one.number} {one.seq}: {one.wrong}" for one in verify(connection, Tally())]
    return found
