"""What the engine decides by: definitions, calendars, categories and duties."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dispatch.catalogue.definitions import check_lines, load_definitions, opening_definitions
from dispatch.catalogue.stored import load_calendars, load_catalogue
from dispatch.settings import Settings
from grid.departments import DutyTable, load_duties
from workflows.calendar import Calendars
from workflows.categories import Category, Line
from workflows.definition import Definition


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the engine decides by; read once a batch, so that a batch sees one state of it."""

    opening: Mapping[Line, Definition]
    calendars: Calendars
    categories: Mapping[str, Category]
    grades: Mapping[str, str]
    duties: DutyTable
    trusted_sources: frozenset[str]
    zone: ZoneInfo

    def definition_of(self, category: str) -> Definition:
        """The definition under which a case of this category is opened: its line's."""
        return self.opening[self.categories[category].line]


def engine_rules(settings: Settings, connection: Connection) -> Rules:
    """What the engine decides by, as the database has it now."""
    opening = opening_definitions(settings, load_definitions(settings.definitions_dir))
    catalogue = load_catalogue(connection)
    check_lines(opening, catalogue.categories.values())
    return Rules(
        opening=opening,
        calendars=load_calendars(connection, settings.calendar),
        categories=catalogue.categories,
        grades=catalogue.grades,
        duties=load_duties(connection),
        trusted_sources=settings.trusted_sources,
        zone=settings.timezone,
    )
