"""An action's id keeps the first answer, so that a retry gets it whatever happened since."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Null for actions of before: their retry shows the case as it is now.
    op.execute("alter table action_key add column answer bytea")


def downgrade() -> None:
    """History is never taken down by a migration: restore a backup instead."""
    raise RuntimeError("Wangge's migrations only go forward; restore a backup to go back")
