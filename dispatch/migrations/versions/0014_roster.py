"""Who is on duty at a department or centre, and in which hours only what is urgent notifies it."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

CHANGES = """
alter table department add column quiet text not null default '';

create table roster (
    department text not null references department,
    account text not null,
    role text not null default 'officer' check (role in ('officer', 'leader')),
    starts text not null,
    ends text not null,
    primary key (department, account, starts, ends)
);
grant select, insert, update, delete on roster to wangge_service;
grant select on roster to wangge_auditor;
"""


def upgrade() -> None:
    op.execute(CHANGES)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("Wangge's migrations only go forward; restore a backup to go back")
