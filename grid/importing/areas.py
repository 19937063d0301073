"""Areas from and to GeoJSON: all or nothing, as a new version of the map.

A file adds and changes the areas it names; areas it does not name stay as they are.
"""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, text

from geo import ewkb
from geo.crs import Projection
from geo.geojson import shown
from geo.shapes import areas_m2, to_degrees
from geo.systems import WGS84, GivenSystem
from grid import tables
from grid.areas import Level, load_map
from grid.columns import SRID
from grid.copying import copy_rows
from grid.errors import NoMapError, RegisterError
from grid.files.delimited import Encoding
from grid.files.opening import Form
from grid.files.writing import Outgoing, write_tables
from grid.importing.area_files import COLUMNS, AreaSource, form_or_geojson, read_areas
from grid.importing.checks import gaps_m2, map_refusals
from grid.importing.exporting import polygon_out
from grid.importing.rows import AreaRow, Judged, Refusal, judge
from grid.importing.upserting import Difference

LEAD = timedelta(seconds=60)
"""How far ahead a new map takes effect at least, so that all processes change together."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or why it did nothing: with any refusal nothing was changed.

    `noded` are areas that the file does not name whose border gained a corner from a neighbour in
    it. `gaps` are square metres of an area that the areas below it leave uncovered (allowed).
    `version` is the new map's and `effective_at` its moment, None when nothing changed.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    noded: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    gaps: Mapping[str, float]
    version: int | None = None
    effective_at: datetime | None = None
    differences: tuple[Difference, ...] = ()

    @property
    def fields(self) -> Mapping[str, int]:
        """How many areas change in each field."""
        return Counter(one.field for one in self.differences if one.kind == "changed")


def import_areas(
    connection: Connection,
    path: Path,
    effective_at: datetime | None,
    progress: Progress,
    source: AreaSource = AreaSource(),  # noqa: B008  frozen
) -> ImportReport:
    """Imports areas in the connection's transaction, which the caller commits.

    `effective_at` must be at least `LEAD` ahead of the database's clock and after every other
    version; None means as soon as that allows. The first map may take effect at once. A naive
    time raises ValueError; a file that cannot be opened raises OSError; everything else that is
    wrong is a refusal in the report.
    """
    if effective_at is not None and effective_at.tzinfo is None:
        raise ValueError(f"effective_at {effective_at} has no zone; say +08:00 or Z")
    reading = read_areas(path, source, progress)
    # One import at a time: each builds on the newest version.
    connection.execute(text("lock table map_version in share row exclusive mode"))
    held = _held(connection)
    progress("checking", 0, 1)
    judged = judge(reading.features, list(held.values()), Projection())
    progress("checking", 1, 1)
    moment = _moment(connection, effective_at)
    refused = [*reading.faults, *judged.refused]
    if isinstance(moment, Refusal):
        refused.append(moment)
    if refused or isinstance(moment, Refusal):
        refused.sort(key=lambda refusal: (refusal.row, refusal.field))
        return ImportReport(refused=tuple(refused), gaps={})
    report = _compare(held, judged)
    if report.refused or not (report.added or report.changed):
        return report
    progress("writing", 0, 1)
    rows = {row.code: row for row in (*judged.rows, *judged.noded)}
    version = _write(connection, report, rows, moment)
    progress("writing", 1, 1)
    return replace(report, version=version, effective_at=moment)


def export_areas(
    connection: Connection,
    path: Path,
    system: GivenSystem = WGS84,
    encoding: Encoding = Encoding.UTF8,
) -> int:
    """Writes the areas of the newest version, which may still lie in the future, as the file's name
    says (GeoJSON where it says nothing); returns how many.

    What it writes, an import into the same register finds unchanged. The file appears whole or
    not at all. Raises NoMapError when there is no map.
    """
    held = _held(connection)
    if not held:
        raise NoMapError("there is no area to export; import areas or load the demo city first")
    projection = Projection()
    if not (system.is_plain and form_or_geojson(path) is Form.GEOJSON):
        write_tables(path, [_outgoing(held, projection, system)], system, encoding)
        return len(held)
    lines = [_feature(row, projection) for row in held.values()]
    body = '{"type": "FeatureCollection", "features": [\n' + ",\n".join(lines) + "\n]}\n"
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(body, encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return len(lines)


def _compare(held: Mapping[str, AreaRow], judged: Judged) -> ImportReport:
    known = [row for row in judged.rows if row.code in held]
    same = {row.code for row in known if row.says_same(held[row.code])}
    # What stays as it is was checked when it came in; the register's row stands for it.
    new = [row for row in (*judged.noded, *judged.rows) if row.code not in same]
    after = {**held, **{row.code: row for row in new}}
    return ImportReport(
        added=tuple(row.code for row in judged.rows if row.code not in held),
        changed=tuple(row.code for row in known if row.code not in same),
        unchanged=tuple(row.code for row in known if row.code in same),
        noded=tuple(row.code for row in judged.noded),
        refused=tuple(map_refusals(after)),
        gaps=gaps_m2(after),
        differences=tuple(_differences(held, [r for r in judged.rows if r.code not in same])),
    )


_FIELDS = ("level", "parent", "name_zh", "name_en", "made", "shape")


def _differences(held: Mapping[str, AreaRow], new: Sequence[AreaRow]) -> Iterator[Difference]:
    for row in new:
        old = held.get(row.code)
        if old is None:
            yield Difference(kind="added", key=row.code)
            continue
        for name in _FIELDS:
            before, after = getattr(old, name), getattr(row, name)
            if before == after:
                continue
            field = name
            if name == "shape":
                field = "geometry"
                before, after = (f"{m2:.0f} m²" for m2 in areas_m2([before, after]))
            yield Difference(
                kind="changed", key=row.code, field=field, old=str(before), new=str(after)
            )


def _outgoing(held: Mapping[str, AreaRow], projection: Projection, system: GivenSystem) -> Outgoing:
    names = tuple(column.name for column in COLUMNS)
    return Outgoing(
        name="areas",
        columns=names,
        rows=[tuple(getattr(row, name) for name in names) for row in held.values()],
        geometries=[polygon_out(row.shape, projection, system) for row in held.values()],
        kind="MultiPolygon",
    )


def _moment(connection: Connection, asked: datetime | None) -> datetime | Refusal:
    now, newest = connection.execute(
        text("select clock_timestamp(), max(effective_at) from map_version")
    ).one()
    clock: datetime = now
    if newest is None:
        return asked or clock
    earliest: datetime = max(clock + LEAD, newest + timedelta(microseconds=1))
    if asked is None:
        return earliest + timedelta(seconds=1)
    if asked < earliest:
        return Refusal(
            row=0,
            field="effective_at",
            value=shown(asked.isoformat()),
            reason="a new map takes effect at least 60 s ahead and after every other version; "
            f"the earliest moment now is {earliest.astimezone(UTC).isoformat()}",
        )
    return asked


def _held(connection: Connection) -> dict[str, AreaRow]:
    rows = connection.execute(
        text(
            "select code, level, parent, name_zh, name_en, made, ST_AsBinary(geom, 'NDR') as shape"
            " from area where until_version is null order by code"
        )
    )
    held = [
        AreaRow(
            row=0,
            code=row.code,
            level=Level(row.level),
            parent=row.parent,
            name_zh=row.name_zh,
            name_en=row.name_en,
            made=row.made,
            shape=bytes(row.shape),
        )
        for row in rows
    ]
    ranks = list(Level)
    return {row.code: row for row in sorted(held, key=lambda r: (ranks.index(r.level), r.code))}


def _write(
    connection: Connection,
    report: ImportReport,
    rows: Mapping[str, AreaRow],
    effective_at: datetime,
) -> int:
    version = int(
        connection.execute(
            text(
                "insert into map_version (version, effective_at, note)"
                " select coalesce(max(version), 0) + 1, :effective_at, 'import'"
                " from map_version returning version"
            ),
            {"effective_at": effective_at},
        ).scalar_one()
    )
    connection.execute(
        text(
            "update area set until_version = :version"
            " where until_version is null and code = any(:codes)"
        ),
        {"version": version, "codes": [*report.changed, *report.noded]},
    )
    copy_rows(
        connection,
        tables.area,
        ("code", "since_version", "level", "parent", "name_zh", "name_en", "made", "geom"),
        (
            (r.code, version, r.level, r.parent, r.name_zh, r.name_en, r.made,
             ewkb.from_wkb(r.shape, SRID))
            for r in (rows[code] for code in (*report.added, *report.changed, *report.noded))
        ),
    )  # fmt: skip
    _read_back(connection, effective_at)
    return version


def _read_back(connection: Connection, effective_at: datetime) -> None:
    # A map that no process could load must not be committed.
    try:
        load_map(connection, effective_at)
    except RegisterError as error:
        raise RegisterError(f"the imported areas are no map that can be used: {error}") from error


def _feature(row: AreaRow, projection: Projection) -> str:
    return json.dumps(
        {
            "type": "Feature",
            "properties": {
                "code": row.code,
                "level": row.level,
                "parent": row.parent,
                "name_zh": row.name_zh,
                "name_en": row.name_en,
                "made": row.made,
            },
            "geometry": to_degrees(row.shape, projection),
        },
        ensure_ascii=False,
    )
