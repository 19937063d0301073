"""Tokens as an operator handles them: issued and revoked by command, closed on open streams too."""

import base64
import json
import time
import uuid

import httpx

from tests.e2e.reporting import a_report, read_event
from tests.installation import Installation, bearer


def jti_of(token: str) -> str:
    body = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["jti"])


def test_a_revoked_token_opens_nothing_and_its_open_stream_ends_within_a_minute(
    installation: Installation, http: httpx.Client
) -> None:
    token = installation.token("--role", "supervisor")
    with http.stream("GET", "/feed", headers=bearer(token)) as stream:
        lines = stream.iter_lines()
        assert read_event(lines)["event"] == "hello"
        assert installation.wangge("token", "revoke", jti_of(token)).returncode == 0
        revoked = time.monotonic()
        for _ in lines:
            assert time.monotonic() - revoked < 60
    refused = http.get("/cases", headers=bearer(token))
    assert refused.status_code == 401
    assert "revoked" in refused.json()["detail"]


def test_a_token_that_expires_opens_nothing_and_its_open_stream_ends(
    installation: Installation, http: httpx.Client
) -> None:
    token = installation.token("--role", "auditor", "--expires", "8s")
    with http.stream("GET", "/feed", headers=bearer(token)) as stream:
        lines = stream.iter_lines()
        assert read_event(lines)["event"] == "hello"
        opened = time.monotonic()
        for _ in lines:
            assert time.monotonic() - opened < 30
    refused = http.get("/cases", headers=bearer(token))
    assert refused.status_code == 401
    assert "expired" in refused.json()["detail"]


def test_a_token_sees_its_own_area_and_nothing_beside_it(
    installation: Installation, http: httpx.Client
) -> None:
    placed = http.post(
        "/reports",
        json=a_report(id=str(uuid.uuid4())),
        headers=installation.headers("member"),
    ).json()
    mine, other = placed["areas"]["district"], "431121"
    assert mine != other
    outside = bearer(installation.token("--role", "supervisor", "--scope", other))
    assert http.get("/cases", headers=outside).json()["items"] == []
    assert http.get("/cases", params={"district": mine}, headers=outside).status_code == 403
    assert http.get("/feed", params={"district": mine}, headers=outside).status_code == 403
    inside = http.get("/cases", headers=installation.headers("supervisor")).json()["items"]
    assert inside
    for what in ("", "/events"):
        answer = http.get(f"/cases/{inside[0]['id']}{what}", headers=outside)
        assert answer.status_code == 404, what
