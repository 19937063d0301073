"""Damaged register files: refused with what is wrong and where, and never half applied."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from grid.importing.areas import import_areas
from tests.integration.grid.corpus import CORPUS, LAMP_2, Case, csv, geojson, gpkg, lamp, xlsx
from tests.integration.grid.registers import LAMP, bring, found, held, quiet


def test_the_corpus_is_large_enough() -> None:
    assert len(CORPUS) >= 40
    assert len({case[0] for case in CORPUS}) == len(CORPUS)


@pytest.fixture
def town(connection: Connection, tmp_path: Path) -> Connection:
    found(connection, tmp_path)
    return connection


@pytest.mark.parametrize("case", CORPUS, ids=[case[0] for case in CORPUS])
def test_a_damaged_file_is_refused_with_its_reason_and_changes_nothing(
    town: Connection, tmp_path: Path, case: Case
) -> None:
    _, register, name, write, field, reason = case
    path = tmp_path / name
    write(path)
    before = held(town)
    if register == "areas":
        refused = import_areas(town, path, None, quiet).refused
    else:
        refused = tuple(f for report in bring(town, register, path) for f in report.refused)
    assert refused, "the file was taken"
    told = [(fault.field, fault.reason) for fault in refused]
    assert any(at == field and reason in why for at, why in told), told
    assert all(fault.reason and fault.row >= 0 for fault in refused)
    assert held(town) == before


WHOLE = {
    "p.csv": csv(LAMP, LAMP_2),
    "p.xlsx": xlsx(LAMP, LAMP_2),
    "p.gpkg": gpkg(count=40),
    "p.geojson": geojson(lamp()),
}
SCARS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 255), st.integers(1, 64)), min_size=1, max_size=8
)


@pytest.mark.long
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=st.sampled_from(sorted(WHOLE)), scars=SCARS, kept=st.floats(0.3, 1.5))
def test_a_file_damaged_anywhere_is_taken_or_refused_and_nothing_else(
    town: Connection,
    tmp_path: Path,
    name: str,
    scars: list[tuple[float, int, int]],
    kept: float,
) -> None:
    path = tmp_path / name
    path.unlink(missing_ok=True)
    WHOLE[name](path)
    data = bytearray(path.read_bytes())
    for share, value, length in scars:
        at = int(share * (len(data) - 1))
        data[at : at + length] = bytes([value]) * min(length, len(data) - at)
    path.write_bytes(data[: int(len(data) * min(kept, 1.0))])
    before = held(town)
    (report,) = bring(town, "parts", path)
    if report.refused:
        assert held(town) == before
    town.rollback()


@pytest.mark.parametrize("shape", [[], 5, "x", {}, {"type": "Polygon"}, {"coordinates": [[[1]]]},
    {"type": "Polygon", "coordinates": "abc"}, {"type": "Polygon", "coordinates": [{"a": 1}]},
    {"type": "Polygon", "coordinates": [[["a", "b"]] * 4]}], ids=str)  # fmt: skip
@pytest.mark.parametrize("crs", [None, "gcj02", "EPSG:4546"])
@pytest.mark.parametrize("register", ["parts", "buildings"])
def test_a_geometry_of_any_form_is_refused_in_words(
    town: Connection, tmp_path: Path, shape: object, crs: str | None, register: str
) -> None:
    path = tmp_path / "g.geojson"
    given = {"code": LAMP[0], "part_class": "P0137", "name": "x", "address": "x", "floors": 1}
    geojson(lamp(geometry=shape, properties=given))(path)
    (report,) = bring(town, register, path, crs=crs)
    assert [fault.field.split(".")[0] for fault in report.refused] == ["geometry"]


def test_one_bad_row_among_good_ones_refuses_all_and_is_named_by_its_row(
    town: Connection, tmp_path: Path
) -> None:
    rows = [(f"4311020137{i:06d}", *LAMP[1:]) for i in range(1, 30)]
    rows[16] = (rows[16][0], "P0101", *LAMP[2:])
    csv(*rows)(tmp_path / "p.csv")
    (report,) = bring(town, "parts", tmp_path / "p.csv")
    assert [(f.row, f.field, f.value) for f in report.refused] == [(18, "part_class", "P0101")]
    assert held(town)["part"] == []
