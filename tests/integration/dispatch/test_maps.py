"""The live map's tiles and clusters, on a real PostGIS through the real door."""

import math
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import mapbox_vector_tile
import pytest
from shapely.geometry import Point, shape
from sqlalchemy import Engine, text

from dispatch.storage.database import transaction
from tests.integration.dispatch.conftest import AT, Feeder, Located
from tests.integration.dispatch.live import Live
from tests.waiting import eventually

WORLD = "-180,-90,180,90"
CITY = "110.5,24.5,112.5,27"
LENGSHUITAN, LINGLING = "431103", "431102"
Layers = dict[str, list[dict[str, Any]]]


@pytest.fixture
def api(live: Live) -> Iterator[httpx.Client]:
    with live.start_api() as client:
        yield client


def tile_at(zoom: int, lon: float = AT[0], lat: float = AT[1]) -> tuple[int, int, int]:
    """The tile that holds a point, by the formula of slippy maps."""
    n = 2**zoom
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n
    return zoom, int((lon + 180) / 360 * n), int(y)


def spot_in(tile: tuple[int, int, int], lon: float, lat: float) -> Point:
    """A point in the tile's own units, `y` from the south as the decoder has it."""
    zoom, x, y = tile
    n = 2**zoom
    down = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * n
    return Point(((lon + 180) / 360 * n - x) * 4096, (1 - (down - y)) * 4096)


def layers_of(answer: httpx.Response) -> Layers:
    assert answer.status_code == 200, answer.text
    found = mapbox_vector_tile.decode(answer.content) if answer.content else {}
    return {name: layer["features"] for name, layer in found.items()}


def get_tile(
    api: httpx.Client, who: dict[str, str], tile: tuple[int, int, int], kind: str = "areas"
) -> httpx.Response:
    return api.get(f"/tiles/{kind}/{tile[0]}/{tile[1]}/{tile[2]}", headers=who)


def codes(features: list[dict[str, Any]], level: str | None = None) -> set[str]:
    rows = [feature["properties"] for feature in features]
    return {row["code"] for row in rows if level in (None, row.get("level"))}


def test_three_levels_of_areas_come_as_the_map_is_entered(live: Live, api: httpx.Client) -> None:
    who = live.token("supervisor")
    world = layers_of(get_tile(api, who, (0, 0, 0)))
    assert codes(world["areas"]) == {"431100"}
    far = layers_of(get_tile(api, who, tile_at(7)))
    assert {f["properties"]["level"] for f in far["areas"]} == {"city", "district"}
    assert {LENGSHUITAN, LINGLING} <= codes(far["areas"], "district")
    near_tile = tile_at(13)
    near = layers_of(get_tile(api, who, near_tile))
    assert {f["properties"]["level"] for f in near["areas"]} == {"city", "district", "community"}
    # The community that intake would name is the one whose border holds the point.
    community = live.one(
        """select code from area where level = 'community' and ST_Covers(geom,
            ST_Transform(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), 4546))""",
        lon=AT[0],
        lat=AT[1],
    )
    here = spot_in(near_tile, *AT)
    holding = [f for f in near["areas"] if shape(f["geometry"]).covers(here)]
    assert codes(holding, "community") == {community}


def test_each_area_has_one_label_that_lies_inside_it(live: Live, api: httpx.Client) -> None:
    who = live.token("supervisor")
    zoom, x, y = tile_at(12)
    seen: list[str] = []
    for dx in (0, 1):
        found = layers_of(get_tile(api, who, (zoom, x + dx, y)))
        shapes = {f["properties"]["code"]: shape(f["geometry"]) for f in found["areas"]}
        for label in found["labels"]:
            code = label["properties"]["code"]
            seen.append(code)
            assert shapes[code].buffer(2).covers(shape(label["geometry"])), code
            assert label["properties"]["name_zh"]
    assert len(seen) == len(set(seen)) > 4


def test_a_tile_holds_nothing_beyond_the_scope(live: Live, api: httpx.Client) -> None:
    whole = layers_of(get_tile(api, live.token("supervisor"), tile_at(10)))
    own = layers_of(get_tile(api, live.token("supervisor", scope=LINGLING), tile_at(10)))
    assert {c[:6] for c in codes(own["areas"])} == {LINGLING}
    assert codes(own["areas"]) == {c for c in codes(whole["areas"]) if c.startswith(LINGLING)}
    assert codes(own["labels"]) <= codes(own["areas"])
    nowhere = get_tile(api, live.token("supervisor", scope="999999"), tile_at(10))
    assert layers_of(nowhere) == {}


def test_a_known_tile_is_not_sent_again_and_a_new_map_is_seen(
    live: Live, api: httpx.Client, engine: Engine
) -> None:
    who = live.token("auditor")
    first = get_tile(api, who, tile_at(9))
    assert first.headers["vary"] == "Authorization"
    assert first.headers["cache-control"] == "private, no-cache"
    known = {**who, "If-None-Match": first.headers["etag"]}
    assert get_tile(api, known, tile_at(9)).status_code == 304
    other = {**live.token("auditor", scope=LINGLING), "If-None-Match": first.headers["etag"]}
    assert get_tile(api, other, tile_at(9)).status_code == 200
    with transaction(engine) as connection:
        connection.execute(
            text("insert into map_version (version, effective_at) values (2, clock_timestamp())")
        )
        connection.execute(
            text("update area set until_version = 2 where code = :code"), {"code": LINGLING}
        )
        connection.execute(
            text("""insert into area (code, since_version, level, parent, name_zh, name_en, made,
                geom) select code, 2, level, parent, '新零陵', 'New Lingling', made, geom
                from area where code = :code"""),
            {"code": LINGLING},
        )

    def names() -> set[str]:
        found = layers_of(get_tile(api, who, tile_at(7)))
        return {f["properties"]["name_zh"] for f in found["areas"]}

    eventually(lambda: "新零陵" in names())
    assert "零陵区" not in names()


def test_parts_and_housing_come_from_zoom_15_within_the_scope(
    live: Live, api: httpx.Client, engine: Engine
) -> None:
    who = live.token("dispatcher")
    with transaction(engine) as connection:
        lon, lat = connection.execute(
            text("""select ST_X(p), ST_Y(p) from (select ST_Transform(ST_Centroid(b.geom), 4326)
                as p from building b where community like '431103%' order by code limit 1) as x""")
        ).one()
    tile = tile_at(15, lon, lat)
    found = layers_of(get_tile(api, who, tile, "registers"))
    with transaction(engine) as connection:
        for table, layer in (("part", "parts"), ("dwelling", "dwellings")):
            expected = connection.execute(
                text(f"""select code from {table} where ST_Covers(ST_TileEnvelope(:z, :x, :y),
                    ST_Transform(geom, 3857))"""),  # noqa: S608
                {"z": tile[0], "x": tile[1], "y": tile[2]},
            ).scalars()
            assert codes(found.get(layer, [])) == set(expected), layer
    here = spot_in(tile, lon, lat)
    assert any(shape(f["geometry"]).covers(here) for f in found["buildings"])
    elsewhere = live.token("dispatcher", scope=LINGLING)
    assert layers_of(get_tile(api, elsewhere, tile, "registers")) == {}


BAD_TILES = [
    ("/tiles/areas/23/0/0", "z"), ("/tiles/areas/-1/0/0", "z"), ("/tiles/areas/3/8/0", "x"),
    ("/tiles/areas/3/0/8", "y"), ("/tiles/areas/a/0/0", "z"), ("/tiles/areas/1/0.5/0", "x"),
    ("/tiles/areas/5/99999999999999999999999999/0", "x"), ("/tiles/registers/14/13000/7000", "z"),
    ("/tiles/areas/1/0/nan", "y"),
    ("/map/cases?zoom=8", "bbox"), ("/map/cases?zoom=8&bbox=1,2,3", "bbox"),
    ("/map/cases?zoom=8&bbox=9,0,1,1", "bbox"), (f"/map/cases?bbox={CITY}", "zoom"),
    (f"/map/cases?bbox={CITY}&zoom=-1", "zoom"), (f"/map/cases?bbox={CITY}&zoom=nan", "zoom"),
    (f"/map/cases?bbox={CITY}&zoom=99", "zoom"), (f"/map/cases?bbox={CITY}&zoom=x", "zoom"),
    (f"/map/cases?bbox={CITY}&zoom=8&district=431100", "district"),
    (f"/map/cases?bbox={CITY}&zoom=8&open=maybe", "open"),
]  # fmt: skip


def test_what_is_wrong_with_an_address_is_said_by_its_field(live: Live, api: httpx.Client) -> None:
    who = live.token("supervisor")
    for path, field in BAD_TILES:
        answer = api.get(path, headers=who)
        assert answer.status_code == 422, (path, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert [error["field"] for error in answer.json()["errors"]] == [field], path
    assert api.get("/tiles/roads/1/0/0", headers=who).status_code == 404
    for box in (WORLD, "0,0,1,1", "-180,-90,-180,-90", "179,89,180,90", "111,-90,111.1,90"):
        answer = api.get(f"/map/cases?zoom=3&bbox={box}", headers=who)
        assert (answer.status_code, answer.json()["items"]) == (200, []), box


@pytest.mark.parametrize("path", ["/tiles/areas/0/0/0", "/tiles/registers/15/26540/13900"])
def test_who_sees_no_cases_sees_no_tiles(live: Live, api: httpx.Client, path: str) -> None:
    assert api.get(path).status_code == 401
    for role in ("reporter", "gateway"):
        assert api.get(path, headers=live.token(role)).status_code == 403, role
    seeing = "member acceptor dispatcher supervisor auditor admin"
    for role in seeing.split():
        assert api.get(path, headers=live.token(role)).status_code == 200, role
    handler = live.token("handler", department="431103-urban")
    assert api.get(path, headers=handler).status_code == 200


def look(api: httpx.Client, who: dict[str, str], zoom: float = 8, **asked: Any) -> dict[str, Any]:
    answer = api.get("/map/cases", params={"bbox": CITY, "zoom": zoom, **asked}, headers=who)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def numbers(seen: dict[str, Any]) -> set[str]:
    return {item["number"] for item in seen["items"] if item["kind"] == "case"}


def test_cases_are_clustered_far_off_and_single_near_by(
    live: Live, api: httpx.Client, feeder: Feeder, located: Located
) -> None:
    near = [located(lon=AT[0] + n * 0.002, category="E0112") for n in range(6)]
    feeder.store(*near, located(lon=111.62, lat=26.22))
    who = live.token("supervisor")
    cases = api.get("/cases?limit=100", headers=who).json()["items"]
    assert len(cases) == 7
    far = look(api, who, zoom=8)
    (cluster,) = [item for item in far["items"] if item["kind"] == "cluster"]
    assert cluster["count"] == 6
    assert cluster["states"] == {"dispatched": 6}
    west, south, east, north = cluster["bbox"]
    assert west <= cluster["location"]["lon"] <= east
    assert south <= cluster["location"]["lat"] <= north
    assert len(numbers(far)) == 1
    assert far["total"] == 7
    single = look(api, who, zoom=15)
    assert numbers(single) == {case["number"] for case in cases}
    mine = {case["number"]: case for case in cases}
    for item in single["items"]:
        listed = mine[item["number"]]
        assert {name: listed[name] for name in item if name != "kind"} == {
            name: value for name, value in item.items() if name != "kind"
        }


def test_the_map_obeys_the_scope_and_the_filters(
    live: Live, api: httpx.Client, feeder: Feeder, located: Located, engine: Engine
) -> None:
    feeder.store(located(), located(lon=111.62, lat=26.22), located(lat=26.44, category="E0112"))
    who = live.token("supervisor")
    everything = {c["number"]: c for c in api.get("/cases", headers=who).json()["items"]}

    def those(**wanted: str) -> set[str]:
        return {n for n, c in everything.items() if wanted.items() <= (c | c["areas"]).items()}

    for asked in ({"district": LINGLING}, {"category": "E0112"}, {"state": "dispatched"}):
        assert numbers(look(api, who, 16, **asked)) == those(**asked), asked
        listed = api.get("/cases", params=asked, headers=who).json()["items"]
        assert {case["number"] for case in listed} == those(**asked), asked
    own = live.token("acceptor", scope=LINGLING)
    assert numbers(look(api, own, 16)) == those(district=LINGLING)
    assert look(api, own, 5)["total"] == 1
    answer = api.get(f"/map/cases?bbox={CITY}&zoom=8&district={LENGSHUITAN}", headers=own)
    assert answer.status_code == 403
    (one,) = those(category="E0112")
    handler = live.token("handler", department=everything[one]["department"])
    assert numbers(look(api, handler, 16)) == those(department=everything[one]["department"])
    for role in ("reporter", "gateway", "admin"):
        refused = api.get(f"/map/cases?bbox={CITY}&zoom=8", headers=live.token(role))
        assert refused.status_code == 403, role
    with transaction(engine) as connection:
        connection.execute(
            text("""update "case" set closed_at = now() where number = :n"""), {"n": one}
        )
        connection.execute(
            text("""update "case" set due_at = now() - interval '1 h' where category = 'E0110'
                and district = :d"""),
            {"d": LINGLING},
        )
    assert numbers(look(api, who, 16, open="true")) == everything.keys() - {one}
    assert numbers(look(api, who, 16, open="false")) == {one}
    assert numbers(look(api, who, 16, overdue="true")) == those(district=LINGLING)
    listed = api.get("/cases?open=false", headers=who).json()["items"]
    assert [case["number"] for case in listed] == [one]
    late = [i for i in look(api, who, 5)["items"] if i["kind"] == "cluster" and i["late"]]
    assert [item["late"] for item in late] == [1]


def test_a_case_at_the_middle_of_a_wide_boxs_southern_edge_is_found(
    live: Live, api: httpx.Client, feeder: Feeder, located: Located
) -> None:
    """A parallel is bent in the projected system: 98 m between here and the corners."""
    feeder.store(located(lon=111.62, lat=26.2201))
    who = live.token("supervisor")
    for box in ("110.2,26.22,111.8,27", "111.619,26.22,111.621,26.23"):
        assert len(numbers(look(api, who, 16, bbox=box))) == 1, box
        assert len(api.get(f"/cases?bbox={box}", headers=who).json()["items"]) == 1, box
    assert numbers(look(api, who, 16, bbox="110.2,26.2202,111.8,27")) == set()


def test_ten_thousand_cases_in_view_come_as_clusters_that_lose_none(
    live: Live, api: httpx.Client, feeder: Feeder, located: Located, engine: Engine
) -> None:
    feeder.store(located())
    copy_the_case(engine, 9_999)
    who = live.token("supervisor")
    seen = look(api, who, zoom=16)
    assert seen["total"] == 10_000
    assert sum(item.get("count", 1) for item in seen["items"]) == 10_000
    assert len(seen["items"]) < 3_000
    inside = look(api, who, zoom=17, bbox="111.60,26.40,111.605,26.405")
    assert {item["kind"] for item in inside["items"]} == {"case"}
    assert 0 < inside["total"] < 2_000


def copy_the_case(engine: Engine, count: int) -> None:
    """Makes `count` more cases from the only one, spread over some kilometres."""
    with transaction(engine) as connection:
        columns = connection.execute(
            text("""select string_agg(quote_ident(column_name), ', ' order by ordinal_position)
                from information_schema.columns where table_name = 'case'
                and column_name not in ('id', 'number', 'lon', 'lat', 'geom')""")
        ).scalar_one()
        connection.execute(
            text(f"""
                insert into "case" (id, number, lon, lat, geom, {columns})
                select gen_random_uuid(), 'T' || n, lon_, lat_,
                    ST_Transform(ST_SetSRID(ST_MakePoint(lon_, lat_), 4326), 4546), {columns}
                from "case", generate_series(1, :count) as n,
                    lateral (select 111.59 + (n % 100) * 0.0004 as lon_,
                                    26.39 + (n / 100) * 0.0004 as lat_) as spot
            """),  # noqa: S608
            {"count": count},
        )


def test_the_feed_obeys_the_filter_of_open_cases(
    live: Live, api: httpx.Client, located: Located
) -> None:
    live.start("engine")
    live.start("relay")
    who = live.token("supervisor")
    action = {"version": 1, "reason": "误报", "id": str(uuid.uuid4())}
    with api.stream("GET", "/feed?open=false", headers=who) as response:
        lines = response.iter_lines()
        live.send(located())

        number = eventually(
            lambda: [c["number"] for c in api.get("/cases", headers=who).json()["items"]]
        )[0]
        done = api.post(f"/cases/{number}/actions/void", json=action, headers=who)
        assert done.status_code == 200, done.text
        told = [line for line in lines_until(lines, "voided") if line.startswith("event: ")]
    assert told == ["event: hello", "event: wangge.case.voided.v1"]


def lines_until(lines: Iterator[str], wanted: str) -> list[str]:
    found = []
    for line in lines:
        found.append(line)
        if wanted in line:
            return found
    raise AssertionError("the stream ended")
