"""The page about categories names every column of the sheet, and shows what is shown."""

from pathlib import Path

import pytest

from dispatch.catalogue.condition_sheet import COLUMNS
from tests.commands import run_wangge

PAGE = (Path(__file__).parents[3] / "docs" / "categories.md").read_text("utf-8")


def test_every_column_is_described() -> None:
    for column in COLUMNS:
        name = f"**{column.name}**" if column.required else column.name
        assert f"{name} ({column.zh})" in PAGE


def test_the_page_shows_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # no installation is near
    refused = run_wangge("category", "show", "E0501")
    assert f"wangge: {refused.exception}" in PAGE
    assert run_wangge("category", "show", "E0501", "--standard", "2007").stdout in PAGE
