"""What the console's tests do and look at."""

import uuid
from typing import Any

import httpx
from playwright.sync_api import Page

from tests.e2e.conftest import AXE
from tests.installation import Installation
from tests.waiting import eventually

LENGSHUITAN, LINGLING = "431103", "431102"
SHEET_STATE = "#sheet-state"


def report_something(
    installation: Installation, lon: float, lat: float = 26.4555, role: str = "member", **more: Any
) -> str:
    """Reports dirt on the road and answers the number of its case."""
    body = {
        "id": str(uuid.uuid4()),
        "category": "E0112",
        "location": {"lon": lon, "lat": lat, "accuracy_m": 5.0},
        **more,
    }
    with httpx.Client(base_url=f"{installation.url}/api/v1") as http:
        sent = http.post("/reports", json=body, headers=installation.headers(role))
        assert sent.status_code == 202, sent.text
        receipt = {"Wangge-Receipt": sent.json()["receipt"]}

        def number() -> str | None:
            found = http.get(f"/reports/{body['id']}", headers=receipt).json()
            return str(found["case"]["number"]) if found["state"] == "attached" else None

        opened = eventually(number)
        assert opened is not None
        return opened


def act(installation: Installation, role: str, number: str, name: str, **fields: Any) -> None:
    """Does an action from another desk."""
    headers = installation.headers(role)
    with httpx.Client(base_url=f"{installation.url}/api/v1") as http:
        seen = http.get(f"/cases/{number}", headers=headers).json()
        body = {"version": seen["version"], **fields}
        done = http.post(f"/cases/{number}/actions/{name}", json=body, headers=headers)
        assert done.status_code == 200, done.text


def sign_in(page: Page, installation: Installation, token: str, fragment: str = "") -> None:
    """Signs in through the form and waits until list and map are there."""
    page.goto(f"{installation.url}/{fragment}")
    page.get_by_label("访问令牌").fill(token)
    page.get_by_role("button", name="进入").click()
    ready(page)


def open_at(page: Page, installation: Installation, token: str, fragment: str) -> None:
    """Opens a page other than the map, signed in; a token in the address reloads what is open."""
    page.goto("about:blank")
    page.goto(f"{installation.url}/#token={token}&{fragment}")
    page.wait_for_selector("#pages a[aria-current=page]")


def ready(page: Page) -> None:
    page.wait_for_selector("#map[data-ready]", timeout=30_000)


def row(page: Page, number: str) -> Any:
    return page.locator(f'#list [data-number="{number}"]')


def drawn(page: Page, layer: str) -> list[dict[str, Any]]:
    """What the map draws of a layer now."""
    found: list[dict[str, Any]] = page.evaluate(
        """layer => document.getElementById('map').cityMap.map
            .queryRenderedFeatures({layers: [layer]}).map(one => one.properties)""",
        layer,
    )
    return found


def wait_drawn(page: Page, layer: str, wanted: str) -> None:
    """Waits until the map draws something of a layer for which `wanted` (of `one`) holds."""
    page.wait_for_function(
        f"""() => document.getElementById('map').cityMap.map
            .queryRenderedFeatures({{layers: ['{layer}']}})
            .some(feature => {{ const one = feature.properties; return {wanted}; }})""",
        timeout=20_000,
    )


def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it stands."""
    page.evaluate(AXE.read_text("utf-8"))
    found: list[dict[str, Any]] = page.evaluate("axe.run().then(result => result.violations)")
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found]
