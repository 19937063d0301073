"""Importing and exporting areas: all or nothing, dated, and what goes out comes in unchanged."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from geo.crs import Crs
from geo.partition import is_coverage
from grid.areas import Level, Place, load_map, map_versions
from grid.errors import NoMapError
from grid.importing.areas import ImportReport, export_areas, import_areas


def box(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def feature(code: str, level: str, parent: str | None, *corners: float) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": code, "level": level, "parent": parent, "name_zh": f"名{code}"},
        "geometry": {"type": "Polygon", "coordinates": box(*corners)},
    }


def city() -> list[dict[str, Any]]:
    """A city of one district with two communities side by side."""
    return [
        feature("431100", "city", None, 111.60, 26.20, 111.62, 26.21),
        feature("431102", "district", "431100", 111.60, 26.20, 111.62, 26.21),
        feature("431102001001", "community", "431102", 111.60, 26.20, 111.61, 26.21),
        feature("431102001002", "community", "431102", 111.61, 26.20, 111.62, 26.21),
    ]


def write(folder: Path, features: list[dict[str, Any]]) -> Path:
    path = folder / "areas.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def run(
    connection: Connection,
    folder: Path,
    features: list[dict[str, Any]],
    effective_at: datetime | None = None,
) -> ImportReport:
    return import_areas(connection, write(folder, features), effective_at, lambda *_: None)


def now(connection: Connection) -> datetime:
    moment: datetime = connection.execute(text("select clock_timestamp()")).scalar_one()
    return moment


def rows(connection: Connection) -> list[Any]:
    return list(
        connection.execute(
            text("select code, since_version, until_version from area order by code, since_version")
        )
    )


def test_the_first_map_takes_effect_at_once(connection: Connection, tmp_path: Path) -> None:
    report = run(connection, tmp_path, city())
    assert report.refused == ()
    assert (len(report.added), report.version) == (4, 1)
    loaded = load_map(connection)
    assert loaded.version == 1
    assert [area.code for area in loaded.areas.values() if area.level is Level.COMMUNITY] == [
        "431102001001",
        "431102001002",
    ]
    assert loaded.areas["431102"].bbox == pytest.approx((111.60, 26.20, 111.62, 26.21), abs=1e-6)


def test_what_is_exported_comes_in_unchanged(connection: Connection, tmp_path: Path) -> None:
    run(connection, tmp_path, city())
    out = tmp_path / "out.geojson"
    assert export_areas(connection, out) == 4
    steps: dict[str, list[int]] = {}
    report = import_areas(connection, out, None, lambda what, *at: steps.update({what: [*at]}))
    assert (len(report.unchanged), report.added, report.changed) == (4, (), ())
    # Each step that began is told to its end, also where nothing is to be written.
    assert steps == {"reading": [1, 1], "checking": [1, 1]}
    assert report.version is None
    assert [v.version for v in map_versions(connection)] == [1]
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_a_changed_border_takes_effect_at_its_moment_and_not_before(
    connection: Connection, tmp_path: Path
) -> None:
    run(connection, tmp_path, city())
    later = now(connection) + timedelta(hours=1)
    moved = city()
    moved[2] = feature("431102001001", "community", "431102", 111.60, 26.20, 111.605, 26.21)
    moved[3] = feature("431102001002", "community", "431102", 111.605, 26.20, 111.62, 26.21)
    report = run(connection, tmp_path, moved, later)
    # The city's and the district's borders have their corner elsewhere now, too.
    assert report.changed == ("431100", "431102", "431102001001", "431102001002")
    spot = load_map(connection).projection.forward_one(111.607, 26.205)
    before, after = load_map(connection), load_map(connection, later)
    assert (before.version, after.version) == (1, 2)
    assert before.cells.codes[before.cells.locate_one(*spot)] == "431102001001"
    assert after.cells.codes[after.cells.locate_one(*spot)] == "431102001002"
    assert rows(connection)[4:] == [
        ("431102001001", 1, 2),
        ("431102001001", 2, None),
        ("431102001002", 1, 2),
        ("431102001002", 2, None),
    ]


def test_a_file_may_add_areas_to_those_of_the_register(
    connection: Connection, tmp_path: Path
) -> None:
    run(connection, tmp_path, city()[:3])
    report = run(connection, tmp_path, city()[3:])
    assert report.added == ("431102001002",)
    assert report.version == 2


def wide() -> list[dict[str, Any]]:
    """A degree of ground: its long borders bend by metres between the corners of its parts."""
    features = [feature("431100", "city", None, 111.0, 26.0, 112.0, 27.0)]
    for district, west, east, middle in (
        ("431102", 111.0, 111.4, 26.3),
        ("431103", 111.4, 112.0, 26.5),
    ):
        features.append(feature(district, "district", "431100", west, 26.0, east, 27.0))
        for code, south, north in (("001001", 26.0, middle), ("001002", middle, 27.0)):
            spot = (west, south, east, north)
            features.append(feature(f"{district}{code}", "community", district, *spot))
    return features


@pytest.mark.parametrize("steps", [[7], [2, 2, 2, 1], [5, 2]])
def test_areas_that_part_the_ground_in_degrees_part_it_in_metres(
    connection: Connection, tmp_path: Path, steps: list[int]
) -> None:
    features = wide()
    # Levels from above, so that each import finds its parents.
    features.sort(key=lambda f: ["city", "district", "community"].index(f["properties"]["level"]))
    for count in steps:
        report = run(connection, tmp_path, features[:count])
        assert report.refused == ()
        features = features[count:]
    connection.commit()
    newest = map_versions(connection)[-1].effective_at
    shapes = connection.execute(
        text("select level, ST_AsBinary(geom) from area where until_version is null")
    ).all()
    for level in ("district", "community"):
        assert is_coverage([bytes(shape) for name, shape in shapes if name == level])
    city_map = load_map(connection, newest)
    line = [111.0 + i / 1000 for i in range(1, 1000)]
    places = city_map.place_many(line, [26.4] * 999, [Crs.WGS84] * 999, [None] * 999)
    assert all(isinstance(place, Place) for place in places)


def test_ground_left_uncovered_is_told_and_allowed(connection: Connection, tmp_path: Path) -> None:
    report = run(connection, tmp_path, city()[:3])
    assert report.refused == ()
    assert report.gaps == {"431102": pytest.approx(1000 * 1108, rel=0.01)}


@pytest.mark.parametrize("seconds", [-3600, 0, 30, 59])
def test_a_second_map_less_than_a_minute_ahead_is_refused(
    connection: Connection, tmp_path: Path, seconds: int
) -> None:
    run(connection, tmp_path, city()[:3])
    soon = now(connection) + timedelta(seconds=seconds)
    report = run(connection, tmp_path, city(), soon)
    assert [r.field for r in report.refused] == ["effective_at"]
    assert [v.version for v in map_versions(connection)] == [1]


def test_a_map_before_one_that_is_already_planned_is_refused(
    connection: Connection, tmp_path: Path
) -> None:
    run(connection, tmp_path, city()[:3])
    planned = now(connection) + timedelta(days=2)
    assert run(connection, tmp_path, city(), planned).version == 2
    renamed = city()
    renamed[0]["properties"]["name_zh"] = "新名"
    report = run(connection, tmp_path, renamed, planned - timedelta(days=1))
    assert [r.field for r in report.refused] == ["effective_at"]


def test_a_moment_without_a_zone_is_a_mistake_of_the_caller(
    connection: Connection, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="no zone"):
        run(connection, tmp_path, city(), datetime(2027, 1, 1))  # noqa: DTZ001


def overlapping() -> list[dict[str, Any]]:
    wide = feature("431102001002", "community", "431102", 111.605, 26.20, 111.62, 26.21)
    return [*city()[:3], wide]


def twice() -> list[dict[str, Any]]:
    return [*city(), city()[3]]


def orphaned() -> list[dict[str, Any]]:
    return [*city(), feature("x", "community", "nowhere", 111.0, 26.0, 111.1, 26.1)]


def unclosed() -> list[dict[str, Any]]:
    features = city()
    features[3]["geometry"]["coordinates"][0].pop()
    return features


@pytest.mark.parametrize(
    ("features", "row", "field"),
    [
        (overlapping(), 4, "geometry"),
        (twice(), 5, "code"),
        (orphaned(), 5, "parent"),
        (unclosed(), 4, "geometry.coordinates[0]"),
    ],
)
def test_one_bad_row_refuses_the_whole_file(
    connection: Connection,
    tmp_path: Path,
    features: list[dict[str, Any]],
    row: int,
    field: str,
) -> None:
    report = run(connection, tmp_path, features)
    assert [(r.row, r.field) for r in report.refused] == [(row, field)]
    assert report.version is None
    assert rows(connection) == []
    assert map_versions(connection) == []


def test_there_is_no_map_before_the_first(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(NoMapError, match="register import"):
        load_map(connection)
    with pytest.raises(NoMapError, match="no area to export"):
        export_areas(connection, tmp_path / "out.geojson")
    run(connection, tmp_path, city(), datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(NoMapError):
        load_map(connection, datetime(2019, 1, 1, tzinfo=UTC))
