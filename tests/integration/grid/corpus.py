"""Damaged files for the registers, each with the field that its refusal must name.

A case is (what is wrong, register, name of the file, how to write it, field, words of the reason).
"""

import io
import sqlite3
import warnings
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from openpyxl import Workbook
from pyogrio.raw import write

from tests.integration.grid.registers import COLUMNS, HERE, LAMP, WEST, area, city, collection

Write = Callable[[Path], None]
Case = tuple[str, str, str, Write, str, str]
LAMP_2 = ("4311020137000002", *LAMP[1:])
BUILDING = ("4311020012001000200000", "东岳宫2栋", "6")
BORDER = "POLYGON ((111.604 26.204, 111.605 26.204, 111.605 26.205, 111.604 26.204))"


def lines(rows: Sequence[Sequence[str]], columns: Sequence[str] = COLUMNS) -> str:
    return "\n".join(",".join(row) for row in (columns, *rows)) + "\n"


def csv(*rows: Sequence[str], columns: Sequence[str] = COLUMNS, codec: str = "utf-8") -> Write:
    return lambda path: path.write_bytes(lines(rows, columns).encode(codec)) and None


def raw(data: bytes) -> Write:
    return lambda path: path.write_bytes(data) and None


def changed(at: int, value: str) -> list[str]:
    row = list(LAMP)
    row[at] = value
    return row


def xlsx(*rows: Sequence[Any], columns: Sequence[str] = COLUMNS) -> Write:
    def make(path: Path) -> None:
        book = Workbook()
        for row in (columns, *rows):
            book.active.append(list(row))
        book.save(path)

    return make


def cell(at: int, value: object) -> Write:
    row: list[Any] = [*LAMP[:3], *HERE]
    row[at] = value
    return xlsx(row)


def archive(**members: bytes) -> Write:
    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for name, data in members.items():
                made.writestr(name.replace("__", "/"), data)

    return make


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", "<Types/>")
        with made.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            for _ in range(300):
                sheet.write(b" " * 1_000_000)


def entities(path: Path) -> None:
    xlsx(LAMP)(path)
    data = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(data, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.endswith("sheet1.xml"):
                text = b'<!DOCTYPE lolz [<!ENTITY lol "lol">]>' + text
            new.writestr(name, text)
    path.write_bytes(data.getvalue())


def cut(write_whole: Write, share: float) -> Write:
    def make(path: Path) -> None:
        write_whole(path)
        data = path.read_bytes()
        path.write_bytes(data[: int(len(data) * share)])

    return make


def gpkg(
    lon: float = HERE[0],
    lat: float = HERE[1],
    *,
    crs: str | None = "EPSG:4326",
    layer: str = "parts",
    shapes: Any = None,
    count: int = 1,
) -> Write:
    def make(path: Path) -> None:
        codes = [f"4311020137{i:06d}" for i in range(1, count + 1)]
        points = shapely.to_wkb(shapely.points([lon] * count, [lat] * count))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a layer without a system is of little use
            write(
                path,
                geometry=points if shapes is None else np.array(shapes, dtype=object),
                field_data=[
                    np.array(codes, dtype=object),
                    np.array(["P0137"] * count, dtype=object),
                    np.array(["路灯"] * count, dtype=object),
                ],
                fields=["code", "part_class", "name"],
                crs=crs,
                geometry_type="Unknown",
                driver="GPKG",
                layer=layer,
            )

    return make


def scribbled(path: Path) -> None:
    """A GeoPackage with a damaged page in its middle, where rows lie."""
    gpkg(count=3000)(path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 8192] = b"\xff" * 8192
    path.write_bytes(data)


def sqlite(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("create table parts (code text)")
        database.commit()


def two_layers(path: Path) -> None:
    gpkg(layer="old")(path)
    gpkg(layer="new")(path)


def geojson(*features: dict[str, Any]) -> Write:
    return lambda path: path.write_text(collection(features)) and None


def lamp(**changes: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": LAMP[0], "part_class": "P0137", "name": "路灯"},
        "geometry": {"type": "Point", "coordinates": list(HERE)},
        **changes,
    }


def point(*coordinates: Any) -> dict[str, Any]:
    return lamp(geometry={"type": "Point", "coordinates": list(coordinates)})


def crossing() -> list[dict[str, Any]]:
    return [*city()[:3], area("431102001002", "community", "431102", 111.605, 26.2, 111.62, 26.21)]


def house(wkt: str, **more: str) -> Write:
    row = {"code": BUILDING[0], "address": BUILDING[1], "floors": BUILDING[2], "wkt": f'"{wkt}"'}
    row |= more
    return csv(list(row.values()), columns=list(row))


DUTY = ("department", "category", "area")
MEMBER = ("subject", "name", "area")
OFFICE = ("code", "name_zh", "name_en", "area", "kind")
HOME = ("code", "building", "unit", "floor", "room", "lon", "lat")
AREA = ("code", "level", "parent", "name_zh", "wkt")
HOME_ROW = ("4311020012001000110101", "4311020012001000100000", "1", "1", "101", "111.6041")

CORPUS: Sequence[Case] = [
    # The file itself.
    ("empty", "parts", "p.csv", raw(b""), "file", "empty"),
    ("only blanks", "parts", "p.csv", raw(b" \n\n \n"), "file", "empty"),
    ("only a header", "parts", "p.csv", csv(), "file", "no rows"),
    ("unknown ending", "parts", "p.pdf", raw(b"%PDF-1.4"), "file", "must end in"),
    ("an archive named CSV", "parts", "p.csv", archive(a=b"x"), "file", ".xlsx"),
    ("a database named CSV", "parts", "p.csv", sqlite, "file", ".gpkg"),
    ("UTF-16", "parts", "p.csv", csv(LAMP, codec="utf-16"), "file", "UTF-8"),
    ("neither UTF-8 nor GB18030", "parts", "p.csv", raw(b"code\n\xff\xff\xff\n"), "file", "not"),
    (
        "UTF-8 with a damaged byte",
        "parts",
        "p.csv",
        raw(lines([LAMP, LAMP_2]).encode()[:-1] + b"\xe8\xb7\n"),
        "file",
        "not UTF-8",
    ),
    ("quotation mark left open", "parts", "p.csv", raw(b'code,name\n"1,a\n2,b\n'), "file", "quot"),
    ("a row too short", "parts", "p.csv", csv(LAMP[:3]), "row", "3 cells"),
    ("a row too long", "parts", "p.csv", csv((*LAMP, "x")), "row", "6 cells"),
    (
        "two columns of one name",
        "parts",
        "p.csv",
        csv((*LAMP, "x"), columns=(*COLUMNS, "name")),
        "header",
        "two columns",
    ),
    (
        "a missing column",
        "parts",
        "p.csv",
        csv(LAMP[1:], columns=COLUMNS[1:]),
        "code",
        "column is missing",
    ),
    ("no coordinates", "parts", "p.csv", csv(LAMP[:3], columns=COLUMNS[:3]),
     "lon and lat", "missing"),
    ("no border", "buildings", "b.csv", csv(BUILDING, columns=HOME[:1]), "row", "cells"),
    (
        "hundreds of columns",
        "parts",
        "p.csv",
        raw(b",".join(b"c%d" % i for i in range(300)) + b"\n"),
        "header",
        "columns",
    ),
    # Text and codes.
    ("NUL in a code", "parts", "p.csv", csv(changed(0, "43110201\0")), "code", "letters"),
    ("NUL in a name", "parts", "p.csv", csv(changed(2, "a\0b")), "name", "printed"),
    ("blank code", "parts", "p.csv", csv(changed(0, " ")), "code", "give a value"),
    ("code of 15 digits", "parts", "p.csv", csv(changed(0, "431102013700001")), "code", "16"),
    ("code rounded by Excel", "parts", "p.csv", csv(changed(0, "4.3E+15")), "code", "rounded"),
    ("code and class differ", "parts", "p.csv", csv(changed(1, "P0101")), "part_class", "P0137"),
    ("class not in the catalogue", "parts", "p.csv",
     csv(("4311020199000001", "P0199", "?", *LAMP[3:])), "part_class", "no such class"),
    ("code given twice", "parts", "p.csv", csv(LAMP, LAMP), "code", "row 2"),
    ("name of 300 characters", "parts", "p.csv", csv(changed(2, "长" * 300)), "name", "at most"),
    ("unknown standard", "parts", "p.csv",
     csv((*LAMP, "CJ/T 214"), columns=(*COLUMNS, "standard")), "standard", "one of"),
    # Coordinates.
    ("not a number", "parts", "p.csv", csv(changed(3, "east")), "lon", "number"),
    ("NaN", "parts", "p.csv", csv(changed(3, "nan")), "lon", "finite"),
    ("infinite", "parts", "p.csv", csv(changed(4, "inf")), "lat", "finite"),
    ("swapped", "parts", "p.csv", csv((*LAMP[:3], "26.2", "111.6")), "geometry", "swapped"),
    ("metres", "parts", "p.csv", csv((*LAMP[:3], "560000", "2900000")), "geometry", "--crs"),
    ("another city", "parts", "p.csv", csv((*LAMP[:3], "112.9", "28.2")), "geometry", "outside"),
    ("nowhere", "parts", "p.csv", csv((*LAMP[:3], "0", "0")), "geometry", "outside"),
    ("position in another community", "parts", "p.csv",
     csv((*LAMP, "431102001002"), columns=(*COLUMNS, "community")), "community", WEST),
    ("unknown community", "parts", "p.csv",
     csv((*LAMP, "431102001999"), columns=(*COLUMNS, "community")), "community", "no community"),
    # Workbooks.
    ("no workbook", "parts", "p.xlsx", raw(b"code,name\n"), "file", "no workbook"),
    ("an old workbook", "parts", "p.xlsx", raw(b"\xd0\xcf\x11\xe0" + b"\0" * 99), "file", ".xls"),
    ("an archive of something", "parts", "p.xlsx", archive(a=b"x"), "file", "no workbook"),
    ("workbook cut short", "parts", "p.xlsx", cut(xlsx(LAMP), 0.6), "file", "whole"),
    ("zip bomb", "parts", "p.xlsx", bomb, "file", "unpacks"),
    ("entities in a workbook", "parts", "p.xlsx", entities, "file", "entities"),
    ("workbook without a sheet", "parts", "p.xlsx",
     archive(**{"[Content_Types].xml": b"<Types/>"}), "file", "damaged"),
    ("formula", "parts", "p.xlsx", cell(2, '=CONCATENATE("a","b")'), "name", "formula"),
    ("date in a name", "parts", "p.xlsx", cell(2, date(2026, 1, 2)), "name", "date"),
    ("date in a coordinate", "parts", "p.xlsx", cell(3, date(2026, 1, 2)), "lon", "date"),
    ("code as a number", "parts", "p.xlsx", cell(0, 4311020137000001), "code", "as text"),
    ("error in a cell", "parts", "p.xlsx", cell(2, "#N/A"), "name", "error"),
    ("truth in a code", "parts", "p.xlsx", cell(0, True), "code", "true or false"),
    ("empty workbook", "parts", "p.xlsx", xlsx(columns=()), "file", "empty"),
    # GeoPackages.
    ("no GeoPackage", "parts", "p.gpkg", raw(b"PK\x03\x04"), "file", "no GeoPackage"),
    ("another database", "parts", "p.gpkg", sqlite, "file", "no GeoPackage"),
    ("GeoPackage cut short", "parts", "p.gpkg", cut(gpkg(count=500), 0.6), "file", "damaged"),
    ("GeoPackage cut to its head", "parts", "p.gpkg", cut(gpkg(), 0.01), "file", "damaged"),
    ("a damaged page", "parts", "p.gpkg", scribbled, "file", "damaged"),
    ("two layers, neither meant", "parts", "p.gpkg", two_layers, "layer", "new, old"),
    ("layer without a system", "parts", "p.gpkg", gpkg(crs=None), "crs", "--crs"),
    ("layer in a datum nobody can convert", "parts", "p.gpkg", gpkg(crs="EPSG:4610"), "crs",
     "Xian"),
    ("line for a point", "parts", "p.gpkg",
     gpkg(shapes=[shapely.to_wkb(shapely.LineString([(0, 0), (1, 1)]))]), "geometry", "a point"),
    ("no geometry", "parts", "p.gpkg", gpkg(shapes=[None]), "geometry", "a point"),
    # GeoJSON.
    ("no JSON", "parts", "p.geojson", raw(b"{"), "file", "not JSON"),
    ("GeoJSON cut short", "parts", "p.geojson", cut(geojson(lamp()), 0.7), "file", "not JSON"),
    ("no collection", "parts", "p.geojson", raw(b'{"type":"Point"}'), "type", "Collection"),
    ("number as a position", "parts", "p.geojson", geojson(point(111, "x")), "geometry",
     "numbers"),
    ("NaN in JSON", "parts", "p.geojson", raw(b'{"a": NaN}'), "file", "no such number"),
    ("integer of 400 digits", "parts", "p.geojson", geojson(point(10**400, 26)), "geometry",
     "finite"),
    ("properties are a list", "parts", "p.geojson", geojson(lamp(properties=[])), "properties",
     "object"),
    ("half a surrogate pair", "parts", "p.geojson",
     geojson(lamp(properties={"code": LAMP[0], "part_class": "P0137", "name": "\ud800"})), "name",
     "printed"),
    ("list as a code", "parts", "p.geojson",
     geojson(lamp(properties={"code": [1], "part_class": "P0137", "name": "x"})), "code", "text"),
    # Polygons.
    ("ring left open", "buildings", "b.csv",
     house("POLYGON ((111.604 26.204, 111.605 26.204, 111.605 26.205, 111.6045 26.2045))"),
     "geometry", "closed"),
    ("no WKT", "buildings", "b.csv", house("a house"), "geometry", "WKT"),
    ("border that crosses itself", "buildings", "b.csv",
     house("POLYGON ((111.604 26.204, 111.605 26.205, 111.605 26.204, 111.604 26.205, "
           "111.604 26.204))"), "geometry", "Self-intersection"),
    ("a house of two parts", "buildings", "b.csv",
     house("MULTIPOLYGON (((111.604 26.204, 111.605 26.204, 111.605 26.205, 111.604 26.204)), "
           "((111.606 26.206, 111.607 26.206, 111.607 26.207, 111.606 26.206)))"), "geometry",
     "one polygon"),
    ("floors in words", "buildings", "b.csv", house(BORDER, floors="六"), "floors", "whole"),
    ("no floor", "buildings", "b.csv", house(BORDER, floors="0"), "floors", "from 1"),
    ("dwelling's code for a building", "buildings", "b.csv",
     house(BORDER, code="4311020012001000210101"), "code", "dwelling's code"),
    ("unknown building", "dwellings", "h.csv",
     csv((HOME_ROW[0], "nowhere", *HOME_ROW[2:], "26.2041"), columns=HOME), "building",
     "no building"),
    ("dwelling of another building", "dwellings", "h.csv",
     csv(("4311020012001000310101", *HOME_ROW[1:], "26.2041"), columns=HOME), "building",
     "belongs to"),
    ("ring left open in an area", "areas", "a.csv",
     csv(("x", "community", "431102", "名",
          '"POLYGON ((111.6 26.2, 111.61 26.2, 111.61 26.21, 111.6 26.205))"'), columns=AREA),
     "geometry", "closed"),
    ("overlapping areas", "areas", "a.geojson", geojson(*crossing()), "geometry", "overlaps"),
    ("areas in metres", "areas", "a.csv",
     csv(("x", "community", "431102", "名",
          '"POLYGON ((560000 2900000, 560100 2900000, 560100 2900100, 560000 2900000))"'),
         columns=AREA), "geometry.coordinates[0][0]", "EPSG:4326"),
    # References.
    ("unknown department", "duties", "d.csv", csv(("d9", "E01", "431102"), columns=DUTY),
     "department", "no department"),
    ("unknown category", "duties", "d.csv", csv(("d1", "E99", "431102"), columns=DUTY),
     "category", "no category"),
    ("unknown area", "members", "m.csv", csv(("m1", "王", "431199"), columns=MEMBER), "area",
     "no area"),
    ("unknown kind", "departments", "o.csv",
     csv(("d2", "局", "Office", "431102", "ministry"), columns=OFFICE), "kind", "one of"),
]  # fmt: skip
