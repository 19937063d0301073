"""Reads every history again, page by page, and checks it as `wangge audit verify` does.

One process of an installation does it at a time. It works in a thread beside a role and takes a
connection, a lane and a small share of a processor of its own; whatever happens to it, the role
goes on. Each page is of one snapshot, and the round's place is kept behind each page.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DataError

from dispatch.cases.audit import GONE, Break, Page, Place, Tally, verify_page
from dispatch.cases.case import database_now
from dispatch.process.heartbeat import Unheard
from dispatch.process.lanes import VERIFY, work_lane
from dispatch.process.stopping import Stop
from dispatch.verifying.round import Round, due_in_s, running_round, save

# A page is some milliseconds of work: nobody beside it waits longer for the interpreter.
PAGE_CASES = 20
PAGE_EVENTS = 100
EVERY = timedelta(hours=1)  # from the beginning of a round to that of the next, at the earliest
ASK_S = 5.0
AGAIN_S = 60.0
ENDING_S = 1.0
SNAPSHOT = "set transaction isolation level repeatable read, read only"
# The next case, whether it has a row, or events, or both.
NEXT = text("""
    (select opened_month, id, number from "case" where (opened_month, id) > (:month, :id)
     order by opened_month, id limit 1)
    union all
    (select opened_month, case_id, null from case_event
     where opened_month >= :month and (opened_month, case_id) > (:month, :id)
     order by opened_month, case_id limit 1)
    order by opened_month, id, number limit 1
""")
log = structlog.get_logger("verify")

Count = Callable[[str, float], None]


def rest_s(took_s: float, share: float) -> float:
    """How long to rest after work that took so long, so that work is `share` (0–1) of the time."""
    return took_s * (1 / share - 1)


class Verifier:
    """Works round after round whenever it has the lane, in a thread beside a role."""

    def __init__(
        self,
        database: Engine,
        *,
        share: float,
        count: Count = lambda _metric, _amount: None,
        page: tuple[int, int] = (PAGE_CASES, PAGE_EVENTS),
        every: timedelta = EVERY,
    ) -> None:
        self._database = database
        self._share = share
        self._count = count
        self._page = page
        self._every = every
        self._is_careful = False

    @contextmanager
    def beside(self, stop: Stop) -> Iterator[None]:
        """Works while the block runs, in a thread that dies with the process; share 0: not at all.

        The end of the block is the end of the role: `stop` is set then.
        """
        if self._share == 0:
            yield
            return
        thread = threading.Thread(target=self._run, args=(stop,), name="verify", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(ENDING_S)

    def _run(self, stop: Stop) -> None:
        work = partial(self._work, stop=stop)
        while not stop.is_set():
            try:
                work_lane(self._database, VERIFY, 0, work, Unheard(), stop)
            except Exception as error:  # noqa: BLE001  the role beside it goes on, whatever it is
                log.error("histories cannot be read again now", error=error)
                stop.wait(AGAIN_S)
        self._database.dispose()

    def _work(self, connection: Connection, stop: Stop) -> None:
        # A page that is lost with the server is read again.
        connection.exec_driver_sql("set synchronous_commit = off")
        connection.commit()
        while not stop.is_set():
            began = time.monotonic()
            idle_s = self.turn(connection)
            took_s = time.monotonic() - began
            rest(connection, max(idle_s, rest_s(took_s, self._share)), stop)

    def turn(self, connection: Connection) -> float:
        """Reads one page, if a round runs or may begin; answers for how long nothing is to do."""
        connection.exec_driver_sql(SNAPSHOT)
        round_ = running_round(connection)
        if round_ is None:
            due_s = due_in_s(connection, self._every)
            if due_s > 0:
                connection.commit()
                return min(due_s, ASK_S)
            round_ = Round(began_at=database_now(connection))
        page, tally = self._read(connection, round_.place)
        connection.commit()
        round_.count(tally, page.breaks)
        if page.upto is None and not (round_.cases or round_.broken):
            return ASK_S  # there is no case yet: the round begins with the first
        self._keep(connection, round_, tally, page)
        return 0

    def _read(self, connection: Connection, after: Place) -> tuple[Page, Tally]:
        """A page; a case that cannot even be read is passed over and counts as broken."""
        cases, events = (1, 1) if self._is_careful else self._page
        tally = Tally()
        try:
            page = verify_page(connection, tally, after, cases=cases, events=events)
        except DataError as error:
            connection.rollback()
            if self._is_careful:
                found = _unreadable(connection, after, error)
                upto = Place(found.opened_month, found.case_id)
                return Page(breaks=(found,), upto=upto), Tally(cases=int(found.number != GONE))
            # Again case by case, to know which it is.
            self._is_careful = True
            return Page(breaks=(), upto=after), Tally()
        self._is_careful = False
        return page, tally

    def _keep(self, connection: Connection, round_: Round, tally: Tally, page: Page) -> None:
        if page.upto is not None:
            round_.place = page.upto
        save(connection, round_, is_over=page.upto is None)
        connection.commit()
        self._count("chain_verified_cases_total", tally.cases)
        self._count("chain_verify_failures_total", len(page.breaks))
        tell(page.breaks)
        if page.upto is None:
            log.info("all histories were read again", cases=round_.cases,
                     events=round_.events, broken=round_.broken)  # fmt: skip


def _unreadable(connection: Connection, after: Place, error: DataError) -> Break:
    """The case behind `after`, of which something cannot be read."""
    row = connection.execute(NEXT, {"month": after.opened_month, "id": after.case_id}).one_or_none()
    if row is None:
        raise error
    return Break(number=row.number or GONE, opened_month=row.opened_month, case_id=row.id, seq=1,
                 wrong=f"it cannot be read: {type(error.orig).__name__}")  # fmt: skip


def rest(connection: Connection, seconds: float, stop: Stop) -> None:
    """Rests for so long, or until told to stop; the session that holds the lane stays alive."""
    until = time.monotonic() + seconds
    while (left_s := until - time.monotonic()) > 0 and not stop.wait(min(left_s, ASK_S)):
        if left_s > ASK_S:
            connection.execute(text("select 1"))
            connection.commit()


def tell(breaks: Sequence[Break]) -> None:
    """Says in the log which case is broken, and where."""
    for one in breaks:
        case = one.case_id.hex if one.number == GONE else one.number
        log.error("a history is broken", case=case, seq=one.seq, reason=one.wrong)
