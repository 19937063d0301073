"""The page about register files names every column as the code does."""

from pathlib import Path

import pytest

from grid.importing.area_files import COLUMNS
from grid.importing.registers import REGISTERS

PAGE = (Path(__file__).parents[3] / "docs" / "registers.md").read_text("utf-8")
LISTED = {"areas": COLUMNS, **{name: one.columns for name, one in REGISTERS.items()}}


@pytest.mark.parametrize("register", LISTED)
def test_a_register_is_described_with_its_columns(register: str) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{register}` |")]
    for column in LISTED[register]:
        name = f"**{column.name}**" if column.required else column.name
        assert f"{name} ({column.zh})" in row
