"""Filing conditions as rows, snapshots and changes hold them: one form, written and read here."""

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import text

from workflows.conditions import Condition
from workflows.limits import parse_limit
from workflows.seasons import Band, Season

_PLAIN = (
    "code", "text_zh", "text_en", "closing_zh", "closing_en", "urgent", "made", "inspect_in_band",
    "closes_by_notice", "successor",
)  # fmt: skip

STORE = text("""
    insert into condition as kept (code, category, ordinal, limit_text, text_zh, text_en,
        closing_zh, closing_en, urgent, made, season, band, inspect_in_band, closes_by_notice,
        dispatch_limit, successor, profiles)
    values (:code, :category, :ordinal, :limit, :text_zh, :text_en, :closing_zh, :closing_en,
        :urgent, :made, :season, :band, :inspect_in_band, :closes_by_notice, :dispatch_limit,
        :successor, cast(:profiles as jsonb))
""")
READ = text("""
    select code, category, limit_text as "limit", text_zh, text_en, closing_zh, closing_en, urgent,
        made, season, band, inspect_in_band, closes_by_notice, dispatch_limit, successor, profiles
    from condition order by category, ordinal
""")


def condition_json(condition: Condition) -> dict[str, Any]:
    """A condition as plain values; limits, seasons and bands are texts."""
    return {
        **{name: getattr(condition, name) for name in _PLAIN},
        "limit": condition.limit.text,
        "season": _text(condition.season),
        "band": _text(condition.band),
        "dispatch_limit": condition.dispatch_limit and condition.dispatch_limit.text,
        "profiles": {name: limit.text for name, limit in condition.profiles},
    }


def read_condition(row: Mapping[str, Any]) -> Condition:
    """A condition from what `condition_json` made, or from a row of READ."""
    season, band, dispatch = row["season"], row["band"], row["dispatch_limit"]
    profiles = sorted(row["profiles"].items())
    return Condition(
        **{name: row[name] for name in _PLAIN},
        limit=parse_limit(row["limit"]),
        season=Season.from_text(season) if season else None,
        band=Band.from_text(band) if band else None,
        dispatch_limit=parse_limit(dispatch) if dispatch else None,
        profiles=tuple((name, parse_limit(limit)) for name, limit in profiles),
    )


def stored_values(condition: Condition, ordinal: int) -> dict[str, Any]:
    """What STORE takes."""
    values = condition_json(condition)
    return {
        **values,
        "profiles": orjson.dumps(values["profiles"]).decode(),
        "category": condition.category,
        "ordinal": ordinal,
    }


def _text(value: Season | Band | None) -> str | None:
    return None if value is None else str(value)
