"""Every code block of the quickstart, as a reader would run them, one after the other."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.installation import ROOT, Installation
from tests.waiting import eventually

PAGE = ROOT / "docs" / "quickstart.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FEED_S = 5


@pytest.fixture(scope="module")
def place(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like the checkout of somebody who has run `make up`."""
    folder = tmp_path_factory.mktemp("quickstart")
    (folder / ".wangge").symlink_to(installation.data_dir)
    for name in (".venv", "dispatch", "workflows", "data", "Makefile"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def blocks() -> list[str]:
    return BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def run(place: Path, script: str) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_the_quickstart_works_as_it_is_written(place: Path) -> None:
    up, tools, report, state, newest, feed, verify = blocks()
    assert up == "make up\n"  # the installation of this test stands for it
    answer = json.loads(run(place, tools + report))
    assert set(answer["areas"]) == {"city", "district", "community"}
    given = f"status_url={answer['status_url']} receipt={answer['receipt']}\n"
    eventually(lambda: json.loads(run(place, tools + given + state))["state"] == "attached")
    (case,) = json.loads(run(place, tools + newest))["items"]
    assert {"number", "state", "areas"} <= set(case)
    heard = run(place, tools + f"timeout {FEED_S} {feed.strip()} || [ $? = 124 ]")
    assert "event: hello" in heard
    assert run(place, verify).strip().endswith(" 0 broken")
