"""What an acceptor took, and what carries a mark, is found without reading every case."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""create index case_marked on "case" (due_at) where marks <> '{}'""")
    op.execute("""create index case_taken on "case" ((marks ->> 'owner'), opened_at, id)
        where closed_at is null and marks ? 'owner'""")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("Wangge's migrations only go forward; restore a backup to go back")
