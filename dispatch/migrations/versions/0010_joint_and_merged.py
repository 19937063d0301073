"""Departments that assist in a case; cases merged into another, and split off from one."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

CHANGES = (
    """alter table "case"
        add column assistants jsonb not null default '{}',
        add column merged_into uuid,
        add column split_from uuid""",
    """create index case_by_assistant on "case" using gin (assistants) where assistants <> '{}'""",
    """create index case_merged_into on "case" (merged_into) where merged_into is not null""",
)


def upgrade() -> None:
    for change in CHANGES:
        op.execute(change)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("Wangge's migrations only go forward; restore a backup to go back")
