"""The duty roster by command: brought in, taken out, and looked at for hours without anybody."""

import json
from pathlib import Path

from tests.conftest import TestDatabase
from tests.integration.dispatch.test_register_files import (  # noqa: F401  the fixture
    Run,
    query,
    read,
    wangge,
    write,
)


def test_the_roster_comes_in_goes_out_and_its_gaps_are_named(
    wangge: Run,  # noqa: F811
    city: TestDatabase,
    tmp_path: Path,
) -> None:
    centres = [
        code
        for (code,) in query(city, "select code from department where kind = 'centre' order by 1")
    ]
    empty = wangge("check", "roster")
    assert empty.returncode == 1
    assert "nobody on duty 无人值班" in empty.stdout
    turns = [
        {"department": code, "account": f"u-{code}", "starts": "周一 08:00", "ends": "周一 08:00"}
        for code in centres
    ]
    turns[0]["ends"] = "周日 20:00"
    done = wangge("import", "roster", str(write(tmp_path / "roster.csv", turns)))
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out.csv"
    assert wangge("export", "roster", str(out)).returncode == 0
    assert read(out)[0] == {
        "department": centres[0], "account": f"u-{centres[0]}", "role": "officer",
        "starts": "mon 08:00", "ends": "sun 20:00",
    }  # fmt: skip
    checked = wangge("check", "roster", "--json", "--days", "14")
    assert checked.returncode == 1
    gaps = json.loads(checked.stdout)["gaps"]
    assert {gap["department"] for gap in gaps} == {centres[0]}
    assert len(gaps) in (2, 3)  # the third begins where the check begins within a gap
    stranger = write(tmp_path / "stranger.csv", [{**turns[0], "department": "nobody"}])
    refused = wangge("import", "roster", str(stranger))
    assert refused.returncode == 1
    assert "no department has this code" in refused.stdout + refused.stderr
    whole = write(tmp_path / "whole.csv", [{**turn, "ends": turn["starts"]} for turn in turns])
    assert wangge("import", "roster", str(whole), "--complete").returncode == 0
    assert wangge("check", "roster").returncode == 0
    assert query(city, "select count(*) from roster") == [(len(centres),)]
