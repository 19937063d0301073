"""A small city for tests of register files: one district, two communities, a department."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from grid.importing.areas import import_areas
from grid.importing.registers import REGISTERS
from grid.importing.upserting import ImportOptions, RegisterReport, import_register

WEST, EAST = "431102001001", "431102001002"
HERE = (111.605, 26.205)  # in WEST
CATEGORIES = ("E0110", "E0128", "P0101", "P0137")
CLASSES = ("P0101", "P0137")
COLUMNS = ("code", "part_class", "name", "lon", "lat")
LAMP = ("4311020137000001", "P0137", "路灯", "111.605", "26.205")


def box(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def area(code: str, level: str, parent: str | None, *corners: float) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": code, "level": level, "parent": parent, "name_zh": f"名{code}"},
        "geometry": {"type": "Polygon", "coordinates": box(*corners)},
    }


def city(middle: float = 111.61) -> list[dict[str, Any]]:
    """A city of one district; its two communities part at a meridian."""
    return [
        area("431100", "city", None, 111.60, 26.20, 111.62, 26.21),
        area("431102", "district", "431100", 111.60, 26.20, 111.62, 26.21),
        area(WEST, "community", "431102", 111.60, 26.20, middle, 26.21),
        area(EAST, "community", "431102", middle, 26.20, 111.62, 26.21),
    ]


def collection(features: Sequence[dict[str, Any]]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


def found(connection: Connection, folder: Path) -> None:
    """Loads the city, a department and a building."""
    path = folder / "city.geojson"
    path.write_text(collection(city()))
    assert import_areas(connection, path, None, quiet).refused == ()
    connection.execute(
        text("insert into department values ('d1', '城管局', 'Urban', '431102', 'centre')")
    )
    connection.execute(
        text("""insert into building values ('4311020012001000100000', '东岳宫1栋', 6, :west,
            ST_SnapToGrid(ST_Transform(
                ST_MakeEnvelope(111.604, 26.204, 111.6042, 26.2041, 4326), 4546), 1 / 1024.0))"""),
        {"west": WEST},
    )
    connection.commit()


def quiet(_what: str, _done: int, _total: int) -> None:
    """A progress that nobody watches."""


def bring(connection: Connection, name: str, path: Path, **options: Any) -> list[RegisterReport]:
    """Imports a file into a register."""
    given = ImportOptions(categories=CATEGORIES, part_classes=CLASSES, **options)
    return import_register(connection, REGISTERS[name], path, given, quiet)


def held(connection: Connection) -> dict[str, list[Any]]:
    """Everything that the registers hold."""
    names = ("area", "map_version", *(register.table.name for register in REGISTERS.values()))
    return {
        name: connection.execute(text(f"select * from {name} order by 1, 2")).all()  # noqa: S608
        for name in names
    }
