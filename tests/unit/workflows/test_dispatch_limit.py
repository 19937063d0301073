"""A condition may have a limit of its own for dispatching, in place of the definition's."""

from dataclasses import replace

from tests.unit.workflows.desk import Desk
from workflows import parse_limit


def test_the_dispatchers_clock_runs_by_the_conditions_limit_for_it(desk: Desk) -> None:
    desk.open()
    desk.act("accept", "acceptor")
    row = desk.row()
    desk.act("file", "acceptor", condition=replace(row, dispatch_limit=parse_limit("1.5 工作时")))
    assert desk.clock("dispatch").limit == "1.5 工作时"
    desk.act("dispatch", "dispatcher")
    assert desk.clock("handle").limit == row.limit.text


def test_without_one_it_is_the_definitions(desk: Desk) -> None:
    desk.open()
    desk.act("accept", "acceptor")
    desk.act("file", "acceptor")
    limit = desk.definition.stages["dispatch"].limit
    assert limit is not None
    assert desk.clock("dispatch").limit == limit.text
