"""What the desk decides by: definitions, calendars, and what the process knows of the city."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dispatch.cases.reaching import Reach
from dispatch.catalogue.knowledge import Known
from dispatch.catalogue.stored import load_calendars
from dispatch.settings import Settings
from grid.departments import load_departments
from grid.roster import load_roster
from workflows.calendar import Calendars
from workflows.categories import Line
from workflows.definition import Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRules:
    """One consistent state for one action. New cases are numbered with `number_prefix` and the
    day of `zone`. `inspection` says which member verifies and inspects, see its module; `reach` who
    is on duty where somebody is told."""

    definitions: Mapping[str, Definition]
    calendars: Calendars
    known: Known
    opening: Mapping[Line, Definition]
    number_prefix: str
    zone: ZoneInfo
    inspection: str
    reach: Reach

    def opens_under(self, line: Line) -> Definition:
        """The definition under which a new case of a line is opened."""
        return self.opening[line]


def desk_reach(settings: Settings, connection: Connection) -> Reach:
    """Who is on duty at each party that an action may tell, as the database has it now."""
    zone = settings.timezone
    calendars = load_calendars(connection, settings.calendar)
    return Reach(load_departments(connection), load_roster(connection, zone), calendars, zone)
