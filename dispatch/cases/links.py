"""What lies near a case: how far it is looked for, and how events and the contract tell it."""

from grid.linking import HousingLink, LinkRequest, Links
from workflows.categories import Category

NEAREST_M = 30.0
FARTHEST_M = 100.0


def link_request(x: float, y: float, accuracy_m: float, category: Category) -> LinkRequest:
    """What to link a position to; the radius is the rule of design invariant 9."""
    return LinkRequest(
        x=x,
        y=y,
        radius_m=max(NEAREST_M, min(accuracy_m, FARTHEST_M)),
        part_class=category.part_class,
    )


def links_json(links: Links) -> dict[str, list[dict[str, str]]]:
    """Codes with distances in metres, as strings."""
    return {
        "parts": [
            {"code": part.code, "class": part.part_class, "distance_m": f"{part.distance_m:.2f}"}
            for part in links.parts
        ],
        "buildings": [_housing_json(building) for building in links.buildings],
        "dwellings": [_housing_json(dwelling) for dwelling in links.dwellings],
    }


def _housing_json(link: HousingLink) -> dict[str, str]:
    return {"code": link.code, "distance_m": f"{link.distance_m:.2f}"}
