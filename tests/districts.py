"""A map with one more district: the eastern half of a district becomes one of its own."""

import json
from pathlib import Path

import shapely
from shapely.geometry import mapping, shape
from sqlalchemy import Connection

from grid.importing.areas import export_areas

OLD, NEW = "431103", "431199"


def split_district(connection: Connection, folder: Path) -> Path:
    """A file for the import of areas, in which half of OLD's communities are of the district NEW.

    The communities keep their codes.
    """
    path = folder / "areas.geojson"
    export_areas(connection, path)
    features = json.loads(path.read_text("utf-8"))["features"]
    (old,) = (one for one in features if one["properties"]["code"] == OLD)
    below = [one for one in features if one["properties"]["parent"] == OLD]
    below.sort(key=lambda one: shape(one["geometry"]).centroid.x)
    leaving = below[len(below) // 2 :]
    ground = shapely.union_all([shape(one["geometry"]) for one in leaving])
    new = {
        "type": "Feature",
        "properties": {**old["properties"], "code": NEW, "name_zh": "新设区", "name_en": "New"},
        "geometry": mapping(ground),
    }
    rest = {**old, "geometry": mapping(shape(old["geometry"]).difference(ground))}
    moved = [{**one, "properties": {**one["properties"], "parent": NEW}} for one in leaving]
    document = {"type": "FeatureCollection", "features": [new, rest, *moved]}
    path.write_text(json.dumps(document), "utf-8")
    return path
