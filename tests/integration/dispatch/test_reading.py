"""What is read of cases, on a real PostGIS."""

from pathlib import Path

from sqlalchemy import Engine, text

from dispatch.cases.access import Clause
from dispatch.reading.duplicates import comparisons, likely_duplicates, similar_cases
from dispatch.reading.reading import find_case
from dispatch.storage.database import transaction
from tests.integration.dispatch.conftest import Feeder, Located
from tests.integration.dispatch.office import Office, who

EVERYWHERE = Clause(sql="true")


def test_similar_cases_are_the_open_ones_of_the_category_nearby(
    feeder: Feeder, located: Located, engine: Engine
) -> None:
    here = located()
    feeder.store(here, located(lat=26.4300), located(category="E0112"))
    everything = Clause(sql="true", values={})
    with transaction(engine) as connection:
        found = similar_cases(connection, everything, here.x, here.y, "E0110")
    assert [(case.category, distance) for case, distance in found] == [("E0110", 0.0)]


def test_likely_duplicates_of_a_case_tell_what_was_answered_and_those_that_differ_come_last(
    feeder: Feeder, located: Located, engine: Engine, tmp_path: Path
) -> None:
    """Five cases in a row, 10 m apart; the sixth is of another category, the seventh older."""
    kinds = ["E0110"] * 5 + ["E0112", "E0110"]
    for n, category in enumerate(kinds):
        said = {"source": "public", "category": category}
        feeder.store(located(lon=111.6075 + n / 100, **said))
    with transaction(engine) as connection:
        ids = [
            str(one)
            for one in connection.execute(text('select id from "case" order by lon')).scalars()
        ]
        connection.execute(
            text("""update "case" set geom = ST_Translate((select geom from "case" where id = :at),
                10 * cast(array_position(cast(:ids as uuid[]), id) - 1 as float8), 0)"""),
            {"at": ids[0], "ids": ids},
        )
        connection.execute(
            text("""update "case" set opened_at = opened_at - interval '25 hours'
                where id = :old"""),
            {"old": ids[6]},
        )
    first, second, third, fourth, fifth = ids[:5]
    for of, other, answer in (
        (first, second, "different"),
        (first, third, "same"),
        (fourth, first, "different"),
        (fourth, first, "same"),
        (third, fourth, "different"),
    ):
        Office(engine, tmp_path, of).act(who("acceptor"), "compare", other=other, answer=answer)
    with transaction(engine) as connection:
        case = find_case(connection, first)
        assert case is not None
        found = likely_duplicates(connection, EVERYWHERE, case)
        nowhere = likely_duplicates(connection, Clause(sql="false"), case)
        told = comparisons(connection, case)
    assert nowhere == []
    assert [
        (str(one.case.id), round(one.distance_m), one.compared and one.compared.answer)
        for one in found
    ] == [(third, 20, "same"), (fourth, 30, "same"), (fifth, 40, None), (second, 10, "different")]
    assert {one.compared.by for one in found if one.compared} == {"a-acceptor"}
    assert [(str(one.other), one.answer) for one in told] == [
        (second, "different"),
        (third, "same"),
    ]
