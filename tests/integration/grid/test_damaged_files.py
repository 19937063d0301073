"""Damaged register files: refused with what is wrong and where, and never half applied."""

from pathlib import Path

import pytest
from sqlalchemy import Connection

from grid.importing.areas import import_areas
from tests.integration.grid.corpus import CORPUS, Case, csv
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


def test_one_bad_row_among_good_ones_refuses_all_and_is_named_by_its_row(
    town: Connection, tmp_path: Path
) -> None:
    rows = [(f"4311020137{i:06d}", *LAMP[1:]) for i in range(1, 30)]
    rows[16] = (rows[16][0], "P0101", *LAMP[2:])
    csv(*rows)(tmp_path / "p.csv")
    (report,) = bring(town, "parts", tmp_path / "p.csv")
    assert [(f.row, f.field, f.value) for f in report.refused] == [(18, "part_class", "P0101")]
    assert held(town)["part"] == []
