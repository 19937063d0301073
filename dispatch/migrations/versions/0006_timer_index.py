"""What is due is found by its moment alone, so that counting it does not read what is pending."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("drop index timer_due")
    op.execute("create index timer_due on timer (due_at, lane)")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("Wangge's migrations only go forward; restore a backup to go back")
