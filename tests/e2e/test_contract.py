"""The OpenAPI document held against the running service, by requests that schemathesis makes up.

Every check is on. One is told more: a request that fits the document may still be answered 422,
for a document cannot say which codes there are, where the city ends, or that west lies west of
east. `/feed` never ends, so it is not asked here; the feed has tests of its own.
"""

import os
import subprocess
import sysconfig
from pathlib import Path

import httpx
import pytest

from tests.e2e.reporting import a_report, attached_case
from tests.installation import ROOT, Installation

HOOKS = "tests.e2e.contract.hooks"
SCHEMATHESIS = Path(sysconfig.get_path("scripts")) / "schemathesis"
CONFIG = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 413, 415, 422, 429, "5xx"]

[parameters]
"path.key" = "{case}"
"path.definition" = "urban_management@2"
"path.name" = "yongzhou"
"""
# Whoever may do it asks, so that more than a refusal is seen.
WHO = {
    "gateway": "^/api/v1/(reports|photos)",
    "supervisor": "^/api/v1/(areas|categories|departments|cases|duty|map|tiles|photos"
    "|queues|workflows|calendars)",
    "acceptor": "^/api/v1/(cases|duty)",
    "reporter": "^/api/v1/(reports|cases|map|tiles)",
}


@pytest.fixture(scope="module")
def case(installation: Installation) -> str:
    """The id of a case that is there."""
    with httpx.Client(base_url=f"{installation.url}/api/v1", timeout=20) as http:
        answer = http.post("/reports", json=a_report(), headers=installation.headers("member"))
        return attached_case(http, answer.json())


@pytest.mark.parametrize(
    "role",
    [pytest.param(role, marks=[pytest.mark.long] if role == "reporter" else []) for role in WHO],
)
def test_the_service_does_what_its_document_says(
    installation: Installation, case: str, role: str, tmp_path: Path
) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.format(case=case), encoding="utf-8")
    command = [
        str(SCHEMATHESIS), "--config-file", str(config), "run",
        f"{installation.url}/api/v1/openapi.json",
        "--header", f"Authorization: Bearer {installation.tokens[role]}",
        "--include-path-regex", WHO[role], "--exclude-path-regex", "/feed$",
        "--phases", "examples,coverage,fuzzing", "--max-examples", "15", "--seed", "20261125",
        "--continue-on-failure", "--no-color", "--warnings", "off", "--request-timeout", "30",
    ]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
