"""Duties by the owner of a part, with assisting departments; departments that are a fallback."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = """
-- owner: the row counts only for parts of that owner; assistants: codes with spaces between.
alter table duty
    add column owner text not null default '',
    add column assistants text not null default '',
    drop constraint duty_department_category_area_key,
    add constraint duty_key unique (department, category, area, owner);

-- fallback: who answers in its area where the duty table names nobody.
alter table department add column fallback boolean not null default false;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("update installation set catalogue_version = catalogue_version + 1")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("Wangge's migrations only go forward; restore a backup to go back")
