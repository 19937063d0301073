"""Photos that actions name, for those who may see the case."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        create table case_photo (
            photo_id uuid not null,
            case_id uuid not null,
            seq integer not null,
            subject text not null,
            primary key (photo_id, case_id, seq)
        )
    """)
    op.execute("create index case_photo_of_case on case_photo (case_id)")
    op.execute("create index report_photo_of_case on report_photo (case_id)")
    op.execute("grant select, insert on case_photo to wangge_service")
    op.execute("""
        insert into case_photo (photo_id, case_id, seq, subject)
        select distinct cast(photo as uuid), case_id, seq, actor
        from case_event, jsonb_array_elements_text(body -> 'photos') as photo
        where type = 'wangge.case.handled.v1' and jsonb_typeof(body -> 'photos') = 'array'
    """)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("Wangge's migrations only go forward; restore a backup to go back")
