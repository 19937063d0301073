"""The guards of the definitions: what must hold beyond state and role."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from workflows.applying import may_inspect
from workflows.calendar import Calendars
from workflows.case import SYSTEM, Actor, CaseView
from workflows.definition import Action, ClockGuard
from workflows.errors import NotAllowed, NotPossible
from workflows.labels import Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """`holds` decides; `about_actor` tells a refusal for the person (403) from one for the case.

    `asks_time`: it holds at some times of the day only, and is asked with the local moment.
    """

    holds: Callable[..., bool]
    about_actor: bool
    refusal: Label | Callable[[CaseView], Label]
    asks_time: bool = False

    def words(self, view: CaseView) -> Label:
        """What is said when it does not hold for the case."""
        return self.refusal if isinstance(self.refusal, Label) else self.refusal(view)


def _condition_chosen(view: CaseView, _actor: Actor) -> bool:
    return view.condition is not None


def _not_handler(view: CaseView, actor: Actor) -> bool:
    """Invariant 7: those who judge a case are not those who repaired it (supervision and command
    are apart, 建城〔2009〕119号).
    """
    mine = actor.department
    return mine is None or (mine != view.department and mine not in view.handled_by)


def _assistants_done(view: CaseView, _actor: Actor) -> bool:
    return all(view.assistants.values())


def _part_open(view: CaseView, actor: Actor) -> bool:
    return not view.assistants.get(actor.department or "", False)


def _in_band(view: CaseView, _actor: Actor, local: datetime) -> bool:
    return view.condition is None or may_inspect(view.condition, local)


def _band_words(view: CaseView) -> Label:
    band = view.condition.band if view.condition is not None else None
    if band is None:
        return Label(zh="不在核查时段", en="this is not the time for the inspection")
    return Label(
        zh=f"本案须在与上报相同的时段核查：{band.first} 至 {band.last}",
        en=f"the case is inspected in the hours in which it is reported: {band.first} to "
        f"{band.last}",
    )


def _not_reporter(view: CaseView, actor: Actor) -> bool:
    return actor.id not in view.reporters


def _row_follows(view: CaseView, _actor: Actor) -> bool:
    return view.successor is not None


def _last_row(view: CaseView, _actor: Actor) -> bool:
    return view.successor is None


GUARDS: Mapping[str, Guard] = {
    "assistants_done": Guard(
        holds=_assistants_done,
        about_actor=False,
        refusal=Label(
            zh="协办部门尚未全部反馈",
            en="an assisting department has not reported its part done yet",
        ),
    ),
    "part_open": Guard(
        holds=_part_open,
        about_actor=False,
        refusal=Label(
            zh="本部门协办事项已反馈",
            en="the department has reported its part done already",
        ),
    ),
    "condition_chosen": Guard(
        holds=_condition_chosen,
        about_actor=False,
        refusal=Label(
            zh="案件尚无立案条件，请先立案或更正类别",
            en="the case has no filing condition yet; file it or reclassify it with one",
        ),
    ),
    "row_follows": Guard(
        holds=_row_follows,
        about_actor=False,
        refusal=Label(
            zh="本立案条件没有后续条件",
            en="no row follows the filing condition of the case",
        ),
    ),
    "last_row": Guard(
        holds=_last_row,
        about_actor=False,
        refusal=Label(
            zh="尚有后续立案条件未办理，请先转后续条件",
            en="another row follows the filing condition; the case must pass on to it first",
        ),
    ),
    "in_band": Guard(holds=_in_band, about_actor=False, refusal=_band_words, asks_time=True),
    "not_handler": Guard(
        holds=_not_handler,
        about_actor=True,
        refusal=Label(
            zh="处置过本案的部门不得自行评判，须由他人办理",
            en="a department that has handled the case may not judge it; another desk must",
        ),
    ),
    "not_reporter": Guard(
        holds=_not_reporter,
        about_actor=True,
        refusal=Label(
            zh="上报人不得核实、核查本人上报的案件，须由其他网格员办理",
            en="who reported the case may neither verify nor inspect it; another member must",
        ),
    ),
}


def check_guards(
    action: Action, view: CaseView, actor: Actor, now: datetime, calendars: Calendars
) -> None:
    """Raise `NotAllowed` or `NotPossible` when a guard of the action does not hold."""
    for name in action.guards:
        guard = GUARDS[name]
        when = (now.astimezone(calendars.current.zone),) if guard.asks_time else ()
        if not guard.holds(view, actor, *when):
            raise _refused(action, guard.words(view), guard.about_actor)
    for asked in action.when:
        if isinstance(asked, ClockGuard):
            if not _clock_is(asked, view, now, calendars):
                raise _refused(action, asked.refusal, about_actor=False)
        # Nobody's case is taken from the system.
        elif not asked.holds(view.marks, actor.id) and not (asked.same and actor.role == SYSTEM):
            raise _refused(action, asked.refusal, asked.other or asked.same)


def _clock_is(asked: ClockGuard, view: CaseView, now: datetime, calendars: Calendars) -> bool:
    clocks = [one for one in view.deadlines if one.stage in asked.stages]
    most = asked.extended
    if most is not None and any(clock.extensions > most for clock in clocks):
        return False
    if asked.overdue is None:
        return True
    return any(clock.overdue(now, calendars) for clock in clocks) is asked.overdue


def _refused(action: Action, refusal: Label, about_actor: bool) -> NotAllowed | NotPossible:
    message = f"The action {action.name} is refused: {refusal.en}."
    error = NotAllowed(message) if about_actor else NotPossible(message)
    error.words = refusal
    return error
