import pytest

from tests.unit.workflows.desk import Desk
from workflows import CaseView, Definition, NotPossible


@pytest.mark.parametrize(
    ("state", "action"), [("reported", "fly"), ("limbo", "void"), ("closed", "void")]
)
def test_a_step_that_the_definition_lacks_leaves_the_view_as_it_is(
    definition: Definition, state: str, action: str
) -> None:
    view = CaseView(state=state, category="E0110")
    with pytest.raises(NotPossible, match=action):
        definition.machine.move(action, view)
    assert view.state == state


def test_one_machine_serves_many_cases(desk: Desk, definition: Definition) -> None:
    one, other = (CaseView(state="reported", category="E0110") for _ in range(2))
    assert definition.machine.move("accept", one) == "accepted"
    assert other.state == "reported"
    assert definition.machine.move("urge", other) == "reported"
