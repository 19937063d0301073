"""Open cases near a report are found by a strip of their community, not by all of it.

A storm brings thousands of reports of one category to one community within an hour; each of them
looked at every open case that those before had left.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("drop index case_open_near")
    op.execute(
        """create index case_open_near on "case" (category, community, ST_X(geom), opened_at)
            where closed_at is null"""
    )


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("Wangge's migrations only go forward; restore a backup to go back")
