"""What the clock fires by: every definition that open cases keep, and who is to be reached."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from dispatch.cases.reaching import Reach
from dispatch.catalogue.definitions import load_definitions
from dispatch.catalogue.stored import load_calendars, load_catalogue
from dispatch.settings import Settings
from grid.departments import Department, DutyTable, load_departments, load_duties
from grid.roster import load_roster
from workflows.calendar import Calendars
from workflows.categories import Category
from workflows.definition import Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class FiringRules:
    """What firing needs: every definition that open cases keep, calendars, categories, and the
    registers that say who stands for a level, and who is reached.
    """

    definitions: Mapping[str, Definition]
    calendars: Calendars
    categories: Mapping[str, Category]
    departments: Mapping[str, Department]
    duties: DutyTable
    reach: Reach


def firing_rules(settings: Settings, connection: Connection) -> FiringRules:
    """What the clock fires by, as the database has it now."""
    calendars = load_calendars(connection, settings.calendar)
    departments, zone = load_departments(connection), settings.timezone
    return FiringRules(
        definitions=load_definitions(settings.definitions_dir),
        calendars=calendars,
        categories=load_catalogue(connection).categories,
        departments=departments,
        duties=load_duties(connection),
        reach=Reach(departments, load_roster(connection, zone), calendars, zone),
    )
