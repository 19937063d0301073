"""The live map: vector tiles of the registers, and cases in a box of degrees."""

import time
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from dispatch.api import schemas
from dispatch.api.answers import answer, tagged
from dispatch.api.context import Context, Ctx, Who, context_of
from dispatch.api.filters import check_filters, filters_of, unusable
from dispatch.cases import access
from dispatch.cases.history import moment, moment_or_none
from dispatch.reading import mapping
from dispatch.reading.reading import Filters
from dispatch.storage.database import transaction
from dispatch.tokens import Principal
from grid.areas import AreaMap
from grid.tiles import (
    DEEPEST,
    MARGIN,
    REGISTERS_FROM,
    Bounds,
    Tile,
    area_tile,
    overlap,
    register_tile,
)

router = APIRouter(prefix="/api/v1", tags=["map"])
MVT = "application/vnd.mapbox-vector-tile"
REGISTERS_KEPT_S = 60
"""Registers have no version: a kept tile of them is made anew after this."""

Make = Callable[[Connection, Tile, Bounds], bytes]


@router.get(
    "/tiles/areas/{z}/{x}/{y}",
    response_model=None,
    responses={200: {"content": {MVT: {}}}, **schemas.problems(401, 403, 422, 503)},
)
def get_area_tile(request: Request, z: int, x: int, y: int, context: Ctx, who: Who) -> Response:
    """Areas of the caller's scope: their borders (layer `areas`) and label points (`labels`)."""
    in_force, codes = _map_of(context, who)
    mark = f"areas-{in_force.version}-{in_force.effective_at.timestamp():.6f}"

    def make(connection: Connection, tile: Tile, bounds: Bounds) -> bytes:
        return area_tile(connection, tile, bounds, in_force.version, codes)

    return _tile_answer(request, Tile(z, x, y), (mark, who.scope), in_force, make)


@router.get(
    "/tiles/registers/{z}/{x}/{y}",
    response_model=None,
    responses={200: {"content": {MVT: {}}}, **schemas.problems(401, 403, 422, 503)},
)
def get_register_tile(request: Request, z: int, x: int, y: int, context: Ctx, who: Who) -> Response:
    """City parts, buildings and dwellings of the caller's scope, from zoom 15 on."""
    in_force, codes = _map_of(context, who)
    tile = Tile(z, x, y)
    if z < REGISTERS_FROM:
        raise unusable("z", f"must be {REGISTERS_FROM} or more: registers are shown from there")
    mark = f"registers-{in_force.version}-{time.time() // REGISTERS_KEPT_S:.0f}"

    def make(connection: Connection, tile: Tile, bounds: Bounds) -> bytes:
        return register_tile(connection, tile, bounds, codes)

    return _tile_answer(request, tile, (mark, who.scope), in_force, make)


def _map_of(context: Context, who: Principal) -> tuple[AreaMap, frozenset[str]]:
    """The map in force, and the areas of it that the caller may see."""
    access.require(who, access.SEES_MAP, "see the map")
    in_force = context.known().in_force
    return in_force, access.area_scope(who, in_force.areas)


def _tile_answer(
    request: Request, tile: Tile, mark: tuple[str, str], in_force: AreaMap, make: Make
) -> Response:
    """The tile, from what is kept or made now; 304 when the client has it already."""
    context = context_of(request)
    key = (*mark, tile)
    bounds = overlap(tile.bounds(MARGIN), in_force.city.bbox, 0.01)
    made = b"" if bounds is None else context.tiles.get(key)
    if made is None and bounds is not None:
        with transaction(context.database) as connection:
            made = make(connection, tile, bounds)
        context.tiles.put(key, made)
    headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
    return tagged(request, made or b"", MVT, headers)


@router.get("/map/cases", response_model=None, responses=schemas.problems(401, 403, 422, 503))
def get_map_cases(
    context: Ctx,
    who: Who,
    filters: Annotated[Filters, Depends(filters_of)],
    zoom: Annotated[float, Query(ge=0, le=DEEPEST + 2, allow_inf_nan=False)],
) -> Response:
    """The cases in `bbox`: `kind` is `cluster` (with its number of cases) or `case`."""
    access.require(who, access.READS_CASES, "read cases")
    if filters.bbox is None:
        raise unusable("bbox", "is needed: west,south,east,north in degrees")
    known = context.known()
    check_filters(known, who, filters)
    in_force = known.in_force
    bounds = overlap(filters.bbox, in_force.city.bbox, 0.01)
    scope = access.case_scope(who, in_force.areas)
    with transaction(context.database) as connection:
        seen = mapping.picture(connection, scope, filters, zoom, bounds)
    items = [*map(cluster_row, seen.clusters), *map(spot_row, seen.spots)]
    total = sum(one.count for one in seen.clusters) + len(seen.spots)
    body = {"items": items, "next": None, "total": total, "at": moment(seen.at)}
    return answer(body, {"Cache-Control": "no-store", "Vary": "Authorization"})


def cluster_row(cluster: mapping.Cluster) -> dict[str, Any]:
    """Several cases as one mark."""
    return {
        "kind": "cluster",
        "count": cluster.count,
        "late": cluster.late,
        "states": dict(cluster.states),
        "location": {"lon": round(cluster.lon, 6), "lat": round(cluster.lat, 6)},
        "bbox": [round(edge, 6) for edge in cluster.bounds],
    }


def spot_row(spot: mapping.Spot) -> dict[str, Any]:
    """One case, with the names that `GET /cases` has."""
    return {
        "kind": "case",
        "id": spot.id,
        "number": spot.number,
        "line": spot.line,
        "category": spot.category,
        "state": spot.state,
        "version": spot.version,
        "seq": spot.seq,
        "areas": {"city": spot.city, "district": spot.district, "community": spot.community},
        "location": {"lon": round(spot.lon, 7), "lat": round(spot.lat, 7)},
        "opened_at": moment(spot.opened_at),
        "closed_at": moment_or_none(spot.closed_at),
        "due_at": moment_or_none(spot.due_at),
        "department": spot.department,
    }
