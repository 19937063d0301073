"""What a decision on a stored case writes, whoever decided: a person, or the clock."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dispatch.cases.case import Case
from dispatch.cases.ledger import Ledger
from workflows.case import Decision
from workflows.definition import Definition


def take(
    definition: Definition, ledger: Ledger, case: Case, decision: Decision, now: datetime
) -> Mapping[str, Any]:
    """Takes the decision over into the case, and returns what its event says besides.

    A case that came to its end is closed now, and one that was over and is open again is not.
    """
    was = definition.states[case.state].final
    ledger.decided(case, decision)
    over = definition.states[case.state].final
    if was == over:
        return {}
    case.closed_at = now if over else None
    return {"closed": over}
