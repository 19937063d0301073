"""How far the system has read its own histories again, and what it found broken.

There are at most two rows: the round that runs, with its place, and the last that is over.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

CHANGES = """
create table chain_round (
    is_over boolean primary key,
    began_at timestamptz not null,
    ended_at timestamptz check (is_over = (ended_at is not null)),
    opened_month date not null,
    case_id uuid not null,
    cases bigint not null,
    events bigint not null,
    broken bigint not null,
    first_number text,
    first_case uuid,
    first_seq integer,
    first_wrong text
);
grant select, insert, update, delete on chain_round to wangge_service;
grant select on chain_round to wangge_auditor;

create index case_by_month on "case" (opened_month, id);
"""


def upgrade() -> None:
    op.execute(CHANGES)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("Wangge's migrations only go forward; restore a backup to go back")
