"""What an acceptor took is found by the account, so that a whole desk can be handed over."""

from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""create index case_taken on "case" ((marks ->> 'owner'), opened_at, id)
        where closed_at is null and marks ? 'owner'""")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("Wangge's migrations only go forward; restore a backup to go back")
