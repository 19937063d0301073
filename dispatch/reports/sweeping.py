"""Photos that no report and no action names go after seven days (design §5, "Intake")."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from dispatch.errors import DispatchError
from dispatch.process.stopping import Stop
from dispatch.reports.photos import PhotoStore
from dispatch.storage.database import transaction
from streams.errors import StreamError

KEPT = timedelta(days=7)
EVERY_S = 3600.0
FIRST_S = 60.0
AT_ONCE = 500
log = structlog.get_logger("photos")

# A dead letter may yet be put in again, with the photos that it names.
UNNAMED = text("""
    select photo from unnest(cast(:photos as uuid[])) as photo
    where not exists (select from report_photo where photo_id = photo)
      and not exists (select from case_photo where photo_id = photo)
      and not exists (
        select from dead_letter
        where retried_at is null and position(convert_to(photo::text, 'UTF8') in value) > 0)
""")


def sweep(store: PhotoStore, database: Engine, now: datetime) -> int:
    """Removes what is older than seven days and named by nothing stored; answers how many.

    Every report must be stored by then: call it only when the engine has read all of them.
    Raises Unavailable, and removes nothing, while the database cannot be asked.
    """
    old = store.older_than(now - KEPT)
    removed = 0
    for start in range(0, len(old), AT_ONCE):
        with transaction(database) as connection:
            unnamed = connection.execute(UNNAMED, {"photos": old[start : start + AT_ONCE]})
            photos = list(unnamed.scalars())
        for photo in photos:
            store.remove(photo)
        removed += len(photos)
    return removed


def keep_sweeping(
    store: PhotoStore, database: Engine, lag: Callable[[], int | None], stop: Stop
) -> None:
    """Sweeps every hour in a thread, whenever `lag` says that no report is still unread."""

    def run() -> None:
        wait_s = FIRST_S
        while not stop.wait(wait_s):
            wait_s = EVERY_S
            try:
                if lag() == 0:
                    removed = sweep(store, database, datetime.now(UTC))
                    if removed:
                        log.info("photos that nothing names are gone", photos=removed)
            except (DispatchError, StreamError, SQLAlchemyError, OSError) as error:
                log.warning("photos are swept later", error=error)

    threading.Thread(target=run, name="photos", daemon=True).start()
