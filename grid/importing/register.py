"""What a register is to a file: columns, key, geometry and rules."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Table

from grid.importing.cells import Parse, Value

Wrong = tuple[str, str, str]
"""Field, value and reason."""


class Geometry(StrEnum):
    """What kind of place a row has."""

    POINT = "Point"
    POLYGON = "Polygon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a register's file. `zh` is its other name; `default` counts for a new row where
    the cell is empty; a required one may not be empty. `refers` names what its value must be in."""

    name: str
    zh: str
    parse: Parse
    about: str
    required: bool = True
    default: Value = None
    refers: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """One register. `check` judges a row as a whole, before anything else is looked up."""

    name: str
    table: Table
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    geometry: Geometry | None = None
    check: Callable[[Mapping[str, Any]], Iterator[Wrong]] = lambda _row: iter(())

    @property
    def stored(self) -> tuple[str, ...]:
        """The columns of the table that a file decides, geometry last."""
        return (*(c.name for c in self.columns), *(("geom",) if self.geometry else ()))
