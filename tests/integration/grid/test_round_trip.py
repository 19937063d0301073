"""What is exported comes in unchanged, whatever the form, the system and the texts are."""

import itertools
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from geo.crs import Projection, snap_one
from geo.systems import given_system
from grid.files.delimited import Encoding
from grid.importing.area_files import AreaSource
from grid.importing.areas import export_areas, import_areas
from grid.importing.cells import CellError, words
from grid.importing.exporting import export_register
from grid.importing.registers import REGISTERS
from tests.integration.grid.registers import WEST, bring, found, held, quiet

FORMS = (
    ("x.csv", Encoding.UTF8),
    ("x.csv", Encoding.GB18030),
    ("x.xlsx", Encoding.AUTO),
    ("x.gpkg", Encoding.AUTO),
    ("x.geojson", Encoding.AUTO),
)
SYSTEMS = (
    "wgs84",
    "gcj02",
    "bd09",
    "cgcs2000",
    "EPSG:4546",
    "EPSG:4525",
    "EPSG:3857",
    "EPSG:32649",
)
EVERY = list(itertools.product(FORMS, SYSTEMS))


def is_taken(told: str) -> bool:
    """Whether an import takes the text as it is; the register then may hold it."""
    try:
        return bool(told) and words(200)(told) == told
    except CellError:
        return False


UNSHOWN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs")
LETTERS = st.characters(exclude_categories=UNSHOWN) | st.just(" ")
# What one of the forms might take for something else.
TRAPS = ("007", "1e5", "TRUE", "NULL", "\\N", "_x0041_", "'a", '"a","b";c', "a;b;c", "nan", "-5")
TEXTS = st.text(LETTERS, min_size=1, max_size=40).map(str.strip).filter(is_taken) | (
    st.sampled_from(TRAPS)
)
pytestmark = pytest.mark.long
SPOTS = st.tuples(st.floats(111.6001, 111.6099), st.floats(26.2001, 26.2099))
ROWS = st.lists(st.tuples(TEXTS, TEXTS, SPOTS), min_size=1, max_size=6)


def fill(connection: Connection, rows: Sequence[tuple[str, str, tuple[float, float]]]) -> None:
    """Puts rows of texts and spots into all registers, by no import."""
    for i, (name, more, spot) in enumerate(rows, 1):
        x, y = map(snap_one, Projection().forward_one(*spot))
        values: dict[str, Any] = {
            "n": str(i), "name": name, "more": more, "x": x, "y": y, "west": WEST,
            "building": f"43110200120020{i:03d}00000", "home": f"43110200120020{i:03d}10101",
        }  # fmt: skip
        for statement in INSERTS:
            connection.execute(text(statement), values)


INSERTS = (
    """insert into part values ('4311020137' || lpad(:n, 6, '0'),
        'GB/T 30428.2-2013', 'P0137', :name, :more, :west,
        ST_SetSRID(ST_MakePoint(:x, :y), 4546))""",
    """insert into building values (:building, :name, cast(:n as smallint), :west,
        ST_MakeEnvelope(:x, :y, :x + 12.5, :y + 7.25, 4546))""",
    """insert into dwelling values (:home, :building, cast(:n as smallint), -1,
        left(:more, 20), :west,
        ST_SetSRID(ST_MakePoint(:x, :y), 4546))""",
    "insert into department values ('o-' || :n, :name, :more, '431102', 'station')",
    """insert into duty (department, category, area, owner, assistants)
        values ('o-' || :n, 'P01', :west, :more, '')""",
    "insert into member values ('m.' || :n, :name, :west)",
    """insert into roster values ('o-' || :n, 'm.' || :n, 'leader', 'fri 18:00',
        'mon 08:00')""",
    "insert into area_grade values (:west, 'A') on conflict do nothing",
)


@pytest.fixture
def town(connection: Connection, tmp_path: Path) -> Connection:
    found(connection, tmp_path)
    return connection


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS, form=st.sampled_from(EVERY))
def test_every_register_comes_back_unchanged(
    town: Connection, rows: list[tuple[str, str, tuple[float, float]]], form: Any
) -> None:
    (name, encoding), crs = form
    folder = Path(tempfile.mkdtemp(prefix="wangge-test-"))
    try:
        fill(town, rows)
        before = held(town)
        for register in REGISTERS.values():
            path = folder / f"{register.name}-{name}"
            export_register(town, register, path, given_system(crs), encoding)
            reports = bring(town, register.name, path, crs=crs)
            for report in reports:
                assert report.refused == ()
                assert list(report.differences()) == []
                assert report.judged.unchanged > 0
        assert held(town) == before
    finally:
        town.rollback()
        shutil.rmtree(folder)


@pytest.mark.parametrize("form", EVERY, ids=[f"{f[0][0]}-{f[0][1]}-{f[1]}" for f in EVERY])
def test_areas_come_back_unchanged(town: Connection, tmp_path: Path, form: Any) -> None:
    (name, encoding), crs = form
    before = held(town)
    path = tmp_path / name
    assert export_areas(town, path, given_system(crs), encoding) == 4
    report = import_areas(town, path, None, quiet, AreaSource(crs=crs))
    assert report.refused == ()
    assert (len(report.unchanged), report.added, report.changed) == (4, (), ())
    assert report.version is None
    assert held(town) == before
