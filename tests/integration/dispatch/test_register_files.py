"""`wangge register` as an operator runs it: what it changes, what it says, what it refuses."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from geo.crs import Crs, from_wgs84
from tests.conftest import TestDatabase

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def wangge(city: TestDatabase, tmp_path: Path) -> Run:
    """Runs `wangge register` on the city of the test."""

    def run(*arguments: str, url: str = city.url) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "dispatch", "register", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={**os.environ, "WANGGE_DATABASE_URL": url, "COLUMNS": "200"},
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return run


def query(database: TestDatabase, statement: Any, *values: object) -> list[Any]:
    with psycopg.connect(database.admin_url) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, str]], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def parts(wangge: Run, tmp_path: Path) -> Path:
    """The parts of the city, as exported."""
    path = tmp_path / "parts.csv"
    assert wangge("export", "parts", str(path)).returncode == 0
    return path


def test_what_changes_is_told_field_by_field_and_a_dry_run_changes_nothing(
    wangge: Run, city: TestDatabase, parts: Path, tmp_path: Path
) -> None:
    rows = read(parts)
    rows[0]["name"] = "新路灯"
    rows[1]["lat"] = str(float(rows[1]["lat"]) + 1e-6)
    rows.append({**rows[2], "code": rows[2]["code"][:-6] + "999999"})
    write(parts, rows)
    before = query(city, "select * from part order by code")
    listed = tmp_path / "differences.csv"
    rehearsed = wangge("import", "parts", str(parts), "--dry-run", "--differences", str(listed))
    assert rehearsed.returncode == 0, rehearsed.stderr
    assert f"1 added, 2 changed, {len(rows) - 3:,} unchanged" in rehearsed.stdout
    assert "fields that change: geometry 1, name 1" in rehearsed.stdout
    assert query(city, "select * from part order by code") == before
    told = [(row["kind"], row["key"], row["field"]) for row in read(listed)]
    assert told == [
        ("added", rows[-1]["code"], ""),
        ("changed", rows[0]["code"], "name"),
        ("changed", rows[1]["code"], "geometry"),
    ]
    done = wangge("import", "parts", str(parts))
    assert done.stdout.splitlines()[:2] == rehearsed.stdout.splitlines()[:2]
    assert len(query(city, "select * from part")) == len(rows)
    again = wangge("import", "parts", str(parts))
    assert f"0 added, 0 changed, {len(rows):,} unchanged" in again.stdout


def test_a_column_that_the_file_lacks_leaves_the_register_as_it_is(
    wangge: Run, parts: Path
) -> None:
    rows = read(parts)
    for row in rows:
        del row["owner"]
    write(parts, rows)
    done = wangge("import", "parts", str(parts))
    assert f"0 added, 0 changed, {len(rows):,} unchanged" in done.stdout


def test_refused_rows_are_in_a_file_and_nothing_is_imported(
    wangge: Run, city: TestDatabase, parts: Path
) -> None:
    rows = read(parts)
    for number in range(30):
        rows[number]["community"] = "nowhere"
    rows[40]["name"] = "=HYPERLINK(1)"
    rows[41]["name"] = "renamed"
    write(parts, rows)
    done = wangge("import", "parts", str(parts))
    assert done.returncode == 1
    assert "Nothing was imported" in done.stderr
    assert "and 11 more refusals" in done.stderr
    refused = read(parts.with_name("parts.csv.refused.csv"))
    assert [int(row["row"]) for row in refused] == [*range(2, 32), 42]
    assert {row["field"] for row in refused} == {"community", "name"}
    assert refused[-1]["value"].startswith("'=")  # a spreadsheet program must not run it
    assert query(city, "select count(*) from part where name = 'renamed'") == [(0,)]


def test_a_list_of_a_map_service_in_gb18030_with_chinese_headers_is_read(
    wangge: Run, city: TestDatabase, parts: Path, tmp_path: Path
) -> None:
    names = {"code": "编码", "part_class": "部件类别", "name": "名称", "lon": "经度", "lat": "纬度"}
    rows = []
    for row in read(parts)[:50]:
        lon, lat = from_wgs84([float(row["lon"])], [float(row["lat"])], Crs.GCJ02)
        moved = {**row, "lon": repr(float(lon[0])), "lat": repr(float(lat[0]))}
        rows.append({names[key]: moved[key] for key in names})
    path = write(tmp_path / "list.csv", rows, "gb18030")
    done = wangge("import", "parts", str(path), "--crs", "gcj02")
    assert "0 added, 0 changed, 50 unchanged" in done.stdout, done.stderr
    wrong = wangge("import", "parts", str(path))
    assert "50 changed" in wrong.stdout or wrong.returncode == 1


def test_duties_are_replaced_as_a_whole_only_when_asked(
    wangge: Run, city: TestDatabase, tmp_path: Path
) -> None:
    path = tmp_path / "duties.csv"
    assert wangge("export", "duties", str(path)).returncode == 0
    rows = read(path)
    write(path, rows[:-2])
    assert "0 removed" not in wangge("import", "duties", str(path)).stdout
    assert query(city, "select count(*) from duty") == [(len(rows),)]
    done = wangge("import", "duties", str(path), "--complete")
    assert f"0 added, 0 changed, {len(rows) - 2} unchanged, 2 removed" in done.stdout
    assert query(city, "select count(*) from duty") == [(len(rows) - 2,)]
    parts = tmp_path / "parts.csv"
    assert wangge("export", "parts", str(parts)).returncode == 0
    assert "replaced as a whole" in wangge("import", "parts", str(parts), "--complete").stderr


def test_new_duties_are_known_to_every_process(
    wangge: Run, city: TestDatabase, tmp_path: Path
) -> None:
    version = query(city, "select catalogue_version from installation")
    path = write(
        tmp_path / "duties.csv",
        [{"department": "431103-urban", "category": "E0133", "area": "431103"}],
    )
    assert "1 added" in wangge("import", "duties", str(path)).stdout
    assert query(city, "select catalogue_version from installation") > version


def test_buildings_bring_their_dwellings_in_one_workbook_or_not_at_all(
    wangge: Run, city: TestDatabase, tmp_path: Path
) -> None:
    path = tmp_path / "houses.gpkg"
    assert wangge("export", "buildings", str(path)).returncode == 0
    counts = query(city, "select (select count(*) from building), (select count(*) from dwelling)")
    query(city, "delete from dwelling")
    query(city, "delete from building")
    done = wangge("import", "buildings", str(path))
    assert done.returncode == 0, done.stderr
    assert (
        query(city, "select (select count(*) from building), (select count(*) from dwelling)")
        == counts
    )
    only = tmp_path / "dwellings.xlsx"
    assert wangge("export", "dwellings", str(only)).returncode == 0
    query(city, "delete from dwelling")
    query(city, "delete from building")
    alone = wangge("import", "dwellings", str(only))
    assert alone.returncode == 1
    assert "no building has this code" in alone.stderr
    assert query(city, "select count(*) from dwelling") == [(0,)]


def test_an_import_beside_another_one_says_so(wangge: Run, city: TestDatabase, parts: Path) -> None:
    with psycopg.connect(city.admin_url) as other:
        other.execute("lock table part in share row exclusive mode")
        done = wangge("import", "parts", str(parts))
    assert done.returncode == 1
    assert "another import is under way" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("import", "parts", "/nowhere/parts.csv"), "cannot be read or written: No such file"),
        (("import", "parts", "/"), "must end in"),
        (("import", "lamps", "x.csv"), "there is no register 'lamps'"),
        (("export", "parts", "/nowhere/parts.csv"), "cannot be read or written"),
        (("export", "parts", "parts.pdf"), "must end in"),
        (("export", "parts", "parts.csv", "--crs", "EPSG:1"), "no coordinate system"),
        (("import", "parts", "x.csv", "--crs", "mars"), "No such file"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    wangge: Run, arguments: tuple[str, ...], told: str
) -> None:
    done = wangge(*arguments)
    assert done.returncode == 1
    assert told in done.stderr


def test_without_a_database_it_says_so(wangge: Run, parts: Path) -> None:
    done = wangge("import", "parts", str(parts), url="postgresql://nobody@127.0.0.1:9/none")
    assert done.returncode == 1
    assert "PostgreSQL is not available" in done.stderr
