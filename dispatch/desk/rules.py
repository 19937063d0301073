"""What the desk decides by: definitions, calendars, and what the process knows of the city."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from dispatch.catalogue.knowledge import Known
from workflows.calendar import Calendars
from workflows.categories import Line
from workflows.definition import Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRules:
    """One consistent state for one action. New cases are numbered with `number_prefix` and the
    day of `zone`. `inspection` says which member verifies and inspects, see its module."""

    definitions: Mapping[str, Definition]
    calendars: Calendars
    known: Known
    opening: Mapping[Line, Definition]
    number_prefix: str
    zone: ZoneInfo
    inspection: str

    def opens_under(self, line: Line) -> Definition:
        """The definition under which a new case of a line is opened."""
        return self.opening[line]
