"""A city whose clocks run out within seconds, so that a short run sees whole ladders."""

import re
from pathlib import Path

import psycopg

from workflows.definition import Definition
from workflows.documents import read_document
from workflows.loading import DEFINITIONS, load_definition

KEY = "fault_run@1"
STAGE_LIMITS = {"0.25 工作时": "0.003 紧急工作时", "2 工作时": "0.002 紧急工作时"}
CONDITION_LIMIT = "0.004 紧急工作时"  # 14.4 seconds


def write_definition(folder: Path) -> Definition:
    """The shipped workflow with limits of seconds, as a city would bring its own."""
    text = (DEFINITIONS / "urban_management.yaml").read_text("utf-8")
    for shipped, short in STAGE_LIMITS.items():
        text = text.replace(f'"{shipped}"', f'"{short}"')
    text = re.sub(r"^name: .*$", "name: fault_run", text, count=1, flags=re.MULTILINE)
    path = folder / "fault_run.yaml"
    path.write_text(text, "utf-8")
    return load_definition(read_document(path))


def environment(folder: Path) -> dict[str, str]:
    """What the installation of a fault run is started with."""
    return {
        "WANGGE_REFRESH_S": "1",
        "WANGGE_FEED_HEARTBEAT_S": "2",
        "WANGGE_DEFINITIONS_DIR": str(folder),
        "WANGGE_DEFINITION": KEY,
    }


def shorten_conditions(admin_url: str) -> None:
    """Every filing condition gives a few seconds; processes read it within their refresh time."""
    with psycopg.connect(admin_url) as connection:
        connection.execute("update condition set limit_text = %s", [CONDITION_LIMIT])
        connection.execute("update installation set catalogue_version = catalogue_version + 1")


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
