"""Bad files: each is answered with what is wrong and where, never with an exception."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.geojson import read_features

RING = [[111.0, 26.0], [111.1, 26.0], [111.1, 26.1], [111.0, 26.0]]


def file_of(*geometries: object, **members: object) -> bytes:
    features = [
        {"type": "Feature", "properties": {"code": str(i)}, "geometry": geometry}
        for i, geometry in enumerate(geometries)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features, **members}).encode()


def polygon(*rings: object) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def test_a_good_file_has_features_and_no_faults() -> None:
    many = {"type": "MultiPolygon", "coordinates": [[RING], [RING]]}
    reading = read_features(file_of(polygon(RING), many, None))
    assert reading.faults == ()
    assert [feature.row for feature in reading.features] == [1, 2, 3]
    assert reading.features[2].geometry is None


def test_a_byte_order_mark_an_altitude_and_wgs84_by_name_are_accepted() -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    high = [[*position, 80.5] for position in RING]
    assert read_features(b"\xef\xbb\xbf" + file_of(polygon(high), crs=crs)).faults == ()


FOREIGN = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4546"}}


@pytest.mark.parametrize(
    ("data", "field", "reason"),
    [
        (b"", "file", "empty"),
        (b"  \n", "file", "empty"),
        (b"{", "file", "not JSON"),
        (b"[" * 100_000, "file", "not JSON"),
        (b"\xff\xfe{}", "file", "not UTF-8"),
        ('{"名": "'.encode("gbk"), "file", "not UTF-8"),
        (b'{"type": NaN}', "file", "no such number"),
        (b'{"type": -Infinity}', "file", "no such number"),
        (b'{"n": ' + b"1" * 5000 + b"}", "file", "not JSON"),
        (b"[]", "file", "an object"),
        (b"null", "file", "an object"),
        (b'{"type": "Feature"}', "type", "FeatureCollection"),
        (b'{"type": "FeatureCollection"}', "features", "list of features"),
        (b'{"type": "FeatureCollection", "features": {}}', "features", "list of features"),
        (b'{"type": "FeatureCollection", "features": []}', "features", "no features"),
        (file_of(polygon(RING), crs=FOREIGN), "crs", "EPSG:4326"),
        (file_of(polygon(RING), crs="EPSG:4326"), "crs", "EPSG:4326"),
        (file_of(polygon(RING), crs={"properties": {"name": [1]}}), "crs", "EPSG:4326"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_fault_of_the_file(
    data: bytes, field: str, reason: str
) -> None:
    (fault,) = read_features(data).faults
    assert (fault.row, fault.field) == (0, field)
    assert reason in fault.reason


@pytest.mark.parametrize(
    ("geometry", "field", "reason"),
    [
        (7, "geometry", "Polygon or MultiPolygon"),
        ({"type": "Point", "coordinates": [1, 2]}, "geometry.type", "Polygon"),
        ({"type": ["Polygon"], "coordinates": [RING]}, "geometry.type", "Polygon"),
        ({"type": "Polygon"}, "geometry.coordinates", "rings"),
        (polygon(), "geometry.coordinates", "rings"),
        ({"type": "MultiPolygon", "coordinates": [[RING], []]}, "geometry.coordinates[1]", "rings"),
        (polygon(RING[:3]), "geometry.coordinates[0]", "four positions"),
        (polygon(RING, [*RING[:3], [5.0, 5.0]]), "geometry.coordinates[1]", "not closed"),
        (polygon([[111, 26], "x", *RING]), "geometry.coordinates[0][1]", "[longitude, latitude]"),
        (polygon([[1, 2, 3, 4], *RING]), "geometry.coordinates[0][0]", "[longitude, latitude]"),
        (polygon([[True, 26], *RING]), "geometry.coordinates[0][0]", "numbers"),
        (polygon([["111", 26], *RING]), "geometry.coordinates[0][0]", "numbers"),
        (polygon([[10**400, 26], *RING]), "geometry.coordinates[0][0]", "finite"),
        (polygon([[26.0, 111.0], *RING]), "geometry.coordinates[0][0]", "swapped"),
        (polygon([[561957.0, 2901356.0], *RING]), "geometry.coordinates[0][0]", "convert"),
    ],
)
def test_a_bad_geometry_is_named_with_its_place_in_the_file(
    geometry: object, field: str, reason: str
) -> None:
    reading = read_features(file_of(polygon(RING), geometry))
    (fault,) = reading.faults
    assert (fault.row, fault.field) == (2, field)
    assert reason in fault.reason
    assert [feature.row for feature in reading.features] == [1]


def test_a_number_too_large_for_a_float_is_not_finite() -> None:
    data = file_of(polygon(RING)).replace(b"111.1", b"1e400", 1)
    (fault,) = read_features(data).faults
    assert "finite" in fault.reason


@pytest.mark.parametrize(
    "feature", [1, None, {}, {"type": "Feature"}, {"type": "Feature", "properties": []}]
)
def test_what_is_no_feature_is_named(feature: object) -> None:
    data = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
    assert {fault.row for fault in read_features(data).faults} == {1}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(st.one_of(st.binary(max_size=60), JSON.map(lambda value: file_of(value, polygon(value)))))
def test_no_file_raises(data: bytes) -> None:
    reading = read_features(data)
    assert reading.faults or reading.features
