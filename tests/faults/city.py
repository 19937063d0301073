"""A city whose clocks run out within seconds, so that a short run sees whole ladders."""

from collections.abc import Iterable
from pathlib import Path

import psycopg

# 10.8 seconds for a stage, but 7.2 for an inspection.
STAGE_LIMITS = {"*": "0.003 紧急工作时", "2 工作时": "0.002 紧急工作时"}
# What a level has is over sooner than a department's time, so that some of it is passed up. The
# events of E01 have natural days, 8.6 seconds of one: their ladder is the ordinary one.
CONDITION_LIMITS = {"M": "0.0025 紧急工作时", "E01": "0.0001 天", "": "0.004 紧急工作时"}


def environment(folder: Path, definitions: Iterable[str]) -> dict[str, str]:
    """What the installation of a fault run is started with."""
    return {
        "WANGGE_REFRESH_S": "1",
        "WANGGE_FEED_HEARTBEAT_S": "2",
        "WANGGE_DEFINITIONS_DIR": str(folder),
        "WANGGE_DEFINITION": ",".join(definitions),
    }


SLOW_COMMITS = """
    create function slow_commit() returns trigger language plpgsql as $$
    begin
        if current_setting('test.slept', true) is distinct from txid_current()::text then
            perform set_config('test.slept', txid_current()::text, true);
            perform pg_sleep(greatest(0, random() * 0.12 - 0.06));
        end if;
        return null;
    end $$;
    create constraint trigger slow_commit after insert on outbox
        deferrable initially deferred for each row execute function slow_commit();
"""


def slow_commits(admin_url: str) -> None:
    """Every other commit takes up to 60 ms more, as on a disk that stalls now and then.

    Whoever believes that rows become visible in the order of their ids is then soon wrong.
    """
    with psycopg.connect(admin_url) as connection:
        connection.execute(SLOW_COMMITS)
