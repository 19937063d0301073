"""Who would get a case, asked before and seen afterwards: the two are one."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.integration.dispatch.conftest import AT
from tests.integration.dispatch.live import Live
from tests.waiting import eventually

HERE, THERE = "431103", "431102"
# What is asked beside the place, and what is answered: department, reason, why it waits.
ASKED: list[tuple[dict[str, Any], str | None, str, list[str]]] = [
    ({"category": "E0110"}, "431103-sanitation", "exact", []),
    ({"category": "E0110", "source": "department"}, "431103-sanitation", "exact", []),
    ({"category": "E0110", "source": "public"}, "431103-sanitation", "exact",
     ["source-not-trusted"]),
    ({"category": "P0101"}, "431103-housing", "exact", ["condition-ambiguous"]),
    ({"category": "P0101", "condition": "P0101-1"}, "431103-housing", "exact", []),
    ({"category": "E0110", "part": "no-such-part"}, "431103-sanitation", "exact",
     ["part-unknown"]),
    ({"category": "P0101", "condition": "P0101-1", "part": "A PART"}, "431103-housing", "exact",
     []),
    ({"category": "E0128"}, None, "ambiguous", ["condition-none", "duty-ambiguous"]),
    ({"category": "E0133"}, None, "none", ["condition-none", "duty-none", "ownerless"]),
]  # fmt: skip


@pytest.fixture
def api(live: Live) -> Iterator[httpx.Client]:
    with live.start_api() as client:
        yield client


def ask(api: httpx.Client, who: dict[str, str], **body: Any) -> httpx.Response:
    return api.post("/duty/explain", json=body, headers=who)


def filed(live: Live, report: str) -> tuple[dict[str, Any], str | None, str]:
    """What the event that opened a case for the report says, and where the case went."""
    opened = "from case_event where body ->> 'report' = :report and seq = 1"
    body = live.one(f"select body {opened}", report=report)
    return body["filing"], body["department"], body["state"]


def test_what_is_explained_is_what_the_engine_then_does(live: Live, api: httpx.Client) -> None:
    live.start("engine")
    part = live.one("select code from part where community like :here limit 1", here=f"{HERE}%")
    told = {}
    for number, (asked, department, reason, why) in enumerate(ASKED):
        # 330 m apart, so that none joins another's case.
        location = {"lon": AT[0], "lat": AT[1] + 0.003 * number, "crs": "wgs84"}
        body = {**asked, "location": location}
        if asked.get("part") == "A PART":
            body["part"] = part
        answer = ask(api, live.token("acceptor"), **body)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert (found["department"], found["reason"]) == (department, reason), asked
        assert [name for name in found["filing"]["why"] if name != "condition-ambiguous"] == [
            name for name in why if name != "condition-ambiguous"
        ]
        assert (found["outcome"] == "acceptors-pool") == bool(found["filing"]["why"])
        sent = {"source": "member", **body, "id": str(uuid.uuid4())}
        posted = api.post("/reports", json=sent, headers=live.token("gateway"))
        assert posted.status_code == 202, posted.text
        assert posted.json()["areas"] == found["place"]["areas"]
        told[sent["id"]] = found
    eventually(lambda: live.count("report") == len(ASKED))
    for report, found in told.items():
        filing, department, state = filed(live, report)
        assert filing == found["filing"]
        went = found["outcome"] == "filed-and-dispatched"
        assert (state, department) == (
            ("dispatched", found["department"]) if went else ("reported", None)
        )


def test_every_row_that_applies_is_told_in_the_order_of_the_search(
    live: Live, api: httpx.Client
) -> None:
    who = live.token("dispatcher", scope=HERE)
    community = live.one(
        "select min(code) from area where level = 'community' and code like :here", here=f"{HERE}%"
    )
    found = ask(api, who, category="E0128", community=community).json()
    assert found["place"]["location"] is None
    assert found["place"]["areas"]["community"] == community
    assert [(row["category"], row["area"], row["decides"]) for row in found["duties"]] == [
        ("E0128", HERE, True), ("E0128", HERE, True),
    ]  # fmt: skip
    assert found["filing"]["duties"] == [row["id"] for row in found["duties"]]
    assert ask(api, who, category="E0133", community=community).json()["duties"] == []


PLACE = {"lon": AT[0], "lat": AT[1]}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"location": PLACE}, "category"),
    ({"category": "X9", "location": PLACE}, "category"),
    ({"category": "a\0b", "location": PLACE}, "category"),
    ({"category": 7, "location": PLACE}, "category"),
    ({"category": "E0110"}, "location"),
    ({"category": "E0110", "location": None, "community": None}, "location"),
    ({"category": "E0110", "location": PLACE, "community": "431103001001"}, "community"),
    ({"category": "E0110", "community": "nowhere"}, "community"),
    ({"category": "E0110", "community": HERE}, "community"),
    ({"category": "E0110", "location": {"lon": 100.0, "lat": 26.4}}, "location"),
    ({"category": "E0110", "location": {"lon": 26.4, "lat": 111.6}}, "location.lat"),
    ({"category": "E0110", "location": {**PLACE, "crs": "utm"}}, "location.crs"),
    ({"category": "E0110", "location": {**PLACE, "accuracy_m": -1}}, "location.accuracy_m"),
    ({"category": "E0110", "location": PLACE, "condition": "P0101-1"}, "condition"),
    ({"category": "E0110", "location": PLACE, "source": "rumour"}, "source"),
    ({"category": "E0110", "location": PLACE, "part": ""}, "part"),
    ({"category": "E0110", "location": PLACE, "observed_at": "soon"}, "observed_at"),
    ({"category": "E0110", "location": PLACE, "observed_at": "2026-09-16T12:00"}, "observed_at"),
    (
        {"category": "E0110", "location": PLACE, "observed_at": "0001-01-01T00:00:00Z"},
        "observed_at",
    ),
    (
        {"category": "E0110", "location": PLACE, "observed_at": "9999-12-31T23:59:59-12:00"},
        "observed_at",
    ),
    ({"category": "E0110", "location": PLACE, "colour": "red"}, "colour"),
]


def test_what_cannot_be_asked_is_refused_naming_the_field(live: Live, api: httpx.Client) -> None:
    who = live.token("supervisor")
    for body, field in WRONG:
        answer = ask(api, who, **body)
        assert answer.status_code == 422, body
        assert [error["field"] for error in answer.json()["errors"]] == [field], body
    for raw in (b"", b"[]", b"\xff", b'{"category": "\\ud800"}'):
        answer = api.post("/duty/explain", content=raw, headers=who)
        assert answer.status_code == 422, raw
    outside = ask(api, who, category="E0110", location={"lon": 100.0, "lat": 26.4}).json()
    assert outside["nearest"]["code"].startswith("4311")


def test_only_who_may_ask_is_answered_and_only_in_the_own_scope(
    live: Live, api: httpx.Client
) -> None:
    body = {"category": "E0110", "location": PLACE}
    for role in ("acceptor", "dispatcher", "supervisor", "auditor", "admin"):
        assert ask(api, live.token(role, scope=HERE), **body).status_code == 200, role
        assert ask(api, live.token(role, scope=THERE), **body).status_code == 403, role
    for role in ("reporter", "member", "gateway"):
        # Whoever may not ask hears of nothing else.
        assert ask(api, live.token(role), category=7).status_code == 403, role
    handler = live.token("handler", department="431103-sanitation")
    assert ask(api, handler, **body).status_code == 403
    assert api.post("/duty/explain", json=body).status_code == 401
    large = b'{"category":"' + b"x" * 100_000 + b'"}'
    posted = api.post("/duty/explain", content=large, headers=live.token("admin"))
    assert posted.status_code == 413
