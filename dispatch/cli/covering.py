"""What a check of the duty table tells: on the screen, and as JSON."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from grid.areas import Area
from grid.coverage import Coverage, Hole
from workflows.categories import Category

SHOWN = 20


def coverage_json(found: Coverage, areas: Mapping[str, Area]) -> str:
    """Counts, and every gap and overlap."""
    return json.dumps(
        {
            "categories": found.categories,
            "communities": found.communities,
            "gaps": _holes_json(found.gaps, areas),
            "overlaps": _holes_json(found.overlaps, areas),
            "fallbacks": found.fallbacks,
            "unknown_owners": list(found.unowned),
            "several_fallbacks": list(found.rivals),
        }
    )


def show_coverage(
    found: Coverage, areas: Mapping[str, Area], categories: Mapping[str, Category]
) -> None:
    """Counts, and the first gaps and overlaps."""
    console = Console(highlight=False)
    console.print(
        f"{found.categories:,} categories in {found.communities:,} communities: "
        f"{_pairs(found.gaps):,} without a duty, {_pairs(found.overlaps):,} with several"
    )
    for holes, what in (
        (found.gaps, "no duty 无责任单位"),
        (found.overlaps, "several 多个责任单位"),
    ):
        if holes:
            console.print(_table(holes, what, areas, categories))
            if len(holes) > SHOWN:
                console.print(f"… and {len(holes) - SHOWN:,} more: --json has them all")
    for line in _remarks(found):
        console.print(line)


def _remarks(found: Coverage) -> Iterator[str]:
    """What is told beside the gaps and overlaps, where there is something to tell."""
    if found.fallbacks:
        yield f"{found.fallbacks:,} go to the fallback of their area"
    if found.rivals:
        yield f"more than one fallback, so none answers: {', '.join(found.rivals)}"
    if found.unowned:
        yield f"owners that no part has: {', '.join(found.unowned)}"


def _pairs(holes: Sequence[Hole]) -> int:
    return sum(hole.communities for hole in holes)


def _holes_json(holes: Sequence[Hole], areas: Mapping[str, Area]) -> dict[str, Any]:
    return {
        "count": _pairs(holes),
        "items": [
            {
                "category": hole.category,
                "area": hole.area,
                "level": areas[hole.area].level.value,
                "communities": hole.communities,
                "owner": hole.owner,
                "owners": list(hole.owners),
                "duties": [
                    {
                        "id": row.id,
                        "department": row.department,
                        "category": row.category,
                        "area": row.area,
                        "owner": row.owner,
                    }
                    for row in hole.duties
                ],
            }
            for hole in holes
        ],
    }


def _table(
    holes: Sequence[Hole],
    what: str,
    areas: Mapping[str, Area],
    categories: Mapping[str, Category],
) -> Table:
    table = Table(box=None, pad_edge=False, title=what, title_justify="left")
    for heading in ("category", "类别", "area", "网格", "communities", "owner", "duties"):
        right = heading == "communities"
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for hole in holes[:SHOWN]:
        table.add_row(
            hole.category,
            categories[hole.category].name_zh,
            hole.area,
            areas[hole.area].name_zh,
            f"{hole.communities:,}",
            hole.owner or ", ".join(f"({one})" for one in hole.owners) or "-",
            ", ".join(row.department for row in hole.duties) or "-",
        )
    return table
