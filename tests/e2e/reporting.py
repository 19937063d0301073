"""What the tests of the HTTP doors send, do and wait for."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx

from tests.waiting import eventually

AT = {"lon": 111.6075, "lat": 26.4203, "crs": "wgs84", "accuracy_m": 8.0}


def a_report(**fields: Any) -> dict[str, Any]:
    return {"id": str(uuid.uuid4()), "category": "E0110", "location": AT, "text": "垃圾"} | fields


def attached_case(http: httpx.Client, accepted: Any) -> str:
    """The id of the case that an accepted report came to."""
    receipt = {"Wangge-Receipt": accepted["receipt"]}

    def look() -> str | None:
        state = http.get(f"/reports/{accepted['id']}", headers=receipt).json()
        return state["case"]["id"] if state["state"] == "attached" else None

    return str(eventually(look))


def act(
    http: httpx.Client, headers: dict[str, str], case: str, name: str, **fields: Any
) -> httpx.Response:
    """Does an action on the case as it is now."""
    version = http.get(f"/cases/{case}", headers=headers).json()["version"]
    return http.post(
        f"/cases/{case}/actions/{name}", json={"version": version, **fields}, headers=headers
    )


def read_event(lines: Iterator[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        if not line and "event" in found:
            return found
        name, _, value = line.partition(": ")
        if name:
            found[name] = value
    raise AssertionError("the stream ended")
