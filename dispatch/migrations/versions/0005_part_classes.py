"""Categories of parts name the class as the register of parts writes it: P0137, not 0137.

Without the letter a report about a lamp was linked to no lamp.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("update category set part_class = code where kind = 'part'")
    op.execute("update installation set catalogue_version = catalogue_version + 1")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("Wangge's migrations only go forward; restore a backup to go back")
