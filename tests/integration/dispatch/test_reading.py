"""What is read of cases, on a real PostGIS."""

from sqlalchemy import Engine

from dispatch.access import Clause
from dispatch.database import transaction
from dispatch.reading import similar_cases
from tests.integration.dispatch.conftest import Feeder, Located


def test_similar_cases_are_the_open_ones_of_the_category_nearby(
    feeder: Feeder, located: Located, engine: Engine
) -> None:
    here = located()
    feeder.store(here, located(lat=26.4300), located(category="E0112"))
    everything = Clause(sql="true", values={})
    with transaction(engine) as connection:
        found = similar_cases(connection, everything, here.x, here.y, "E0110")
    assert [(case.category, distance) for case, distance in found] == [("E0110", 0.0)]
