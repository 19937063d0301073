"""`wangge category`: what needs no server."""

import json
from pathlib import Path
from typing import Any

import pytest

from dispatch.embedded.ports import free_port
from tests.commands import run_wangge


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No installation is near."""
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Any:
    return run_wangge("category", *arguments, width=160)


def test_a_code_is_shown_with_its_standard_its_certainty_and_its_rows() -> None:
    shown = run("show", "P0101", "--standard", "2013").stdout
    assert "上水井盖  Water-supply manhole cover" in shown
    assert "GB/T 30428.2-2013, part 0101, sure" in shown
    assert "P0101-1  2 紧急工作时  缺失" in shown
    assert "as shipped (no installation answered)" in shown
    old = json.loads(run("show", "E0501", "--standard", "CJ/T 214-2007", "--json").stdout)
    assert (old["name"]["zh"], old["certainty"]) == ("无照经营游商", "likely")
    assert old["where"] == "shipped"


def test_where_no_installation_answers_the_shipped_rows_are_shown_with_a_word_about_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WANGGE_DATABASE_URL", f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    done = run("show", "P0101", "--standard", "2013")
    assert done.exit_code == 0
    assert "what is stored cannot be seen" in done.stderr
    assert "as shipped (no installation answered)" in done.stdout


def test_a_code_without_its_standard_is_refused() -> None:
    done = run("show", "E0501")
    assert done.exit_code == 1
    assert "CJ/T 214-2007 (E0501 无照经营游商)" in str(done.exception)


def test_standards_and_their_codes_are_listed() -> None:
    rows = json.loads(run("list", "--json").stdout)
    assert {"CJ/T 214-2007", "GB/T 30428.2-2013", "GB/T 47678.5-2026", "GB/T 31000-2015"} <= {
        row["standard"] for row in rows
    }
    assert (
        "P0105  电力井盖  Electricity manhole cover  (likely)"
        in run("list", "--standard", "2013").stdout
    )
    assert {row["stored"] for row in rows} == {0}
    codes = json.loads(run("list", "--standard", "2026", "--json").stdout)
    assert (codes[0]["standard_code"], codes[0]["where"]) == ("06010", "shipped")
    for told in (run("list").stdout, run("list", "--standard", "2013").stdout):
        assert told.endswith("as shipped (no installation answered)\n")
    assert run("list", "--standard", "none").exit_code == 1
