"""Who is reached when a rung or an action tells somebody, and when: duty roster and quiet hours.

Nothing is sent here. The event says whom a message is for, so that whoever sends messages need not
ask again. Pure.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any

from dispatch.cases.case import Case
from grid.departments import Department, DepartmentKind
from grid.roster import Roster, who_is_reached
from workflows.calendar import Calendars
from workflows.definition import Tell
from workflows.errors import CalendarError, SeasonError
from workflows.seasons import Band
from workflows.worktime import utc_text


class Reach:
    """Finds the parties that are told, and who is on duty there. Immutable."""

    def __init__(
        self,
        departments: Mapping[str, Department],
        roster: Roster,
        calendars: Calendars,
        zone: tzinfo,
    ) -> None:
        self._roster = roster
        self._calendars = calendars
        self._zone = zone
        self._quiet = {code: band for code, band in map(_band, departments.values()) if band}
        # A pass of the clock has one moment, and many cases of each party.
        self._party = lru_cache(maxsize=2048)(self._reached)
        self._centres: dict[str, str] = {}
        for one in departments.values():
            if one.kind is DepartmentKind.CENTRE:
                self._centres.setdefault(one.area, one.code)

    def told(
        self, tell: Tell, case: Case, holder: str | None, now: datetime, *, urgent: bool
    ) -> list[Mapping[str, Any]]:
        """What an event says of each party that is told (`event_parts.Reached`).

        `holder` is the department that answers for the clock, or that holds the case; its
        district's centre stands in for nobody. What is not urgent waits for the end of the party's
        quiet hours; whoever is on duty then is reached.
        """
        return [
            self._party(party, now, urgent)
            for party in dict.fromkeys(self._parties(tell, case, holder))
        ]

    def _parties(self, tell: Tell, case: Case, holder: str | None) -> Iterator[str]:
        if tell in (Tell.HOLDER, Tell.DEPARTMENT):
            yield from _known(holder or self._centres.get(case.district))
        if tell in (Tell.DISTRICT_CENTRE, Tell.BOTH_CENTRES):
            yield from _known(self._centres.get(case.district))
        if tell in (Tell.CITY_CENTRE, Tell.BOTH_CENTRES):
            yield from _known(self._centres.get(case.city))

    def _reached(self, party: str, now: datetime, urgent: bool) -> Mapping[str, Any]:
        band = None if urgent else self._quiet.get(party)
        later = None if band is None else band.ends_after(now, self._zone)
        moment = later or now
        told: dict[str, Any] = {
            "department": party,
            "accounts": list(who_is_reached(self._roster, party, moment)),
            "post": not self._works(party, moment),
        }
        if later is not None:
            told["notify_at"] = utc_text(later)
        return told

    def _works(self, party: str, moment: datetime) -> bool:
        try:
            return self._calendars.of(party).is_working(moment)
        except CalendarError:  # no clock may stop for want of a calendar so far ahead
            return False


def _known(party: str | None) -> Iterator[str]:
    if party is not None:
        yield party


def _band(department: Department) -> tuple[str, Band | None]:
    try:
        return department.code, Band.from_text(department.quiet) if department.quiet else None
    except SeasonError:  # the import refuses it; a table may have been restored
        return department.code, None
