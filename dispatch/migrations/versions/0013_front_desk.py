"""Who saw whose contact is kept, and the database shows a contact only to a view that is kept.

Members may belong to a department, and take turns in verifying and inspecting.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# The service reads a contact only in the transaction that noted the view of it, and only after
# naming the case whose contacts it is about to show (design decision 4, invariant 11).
CHANGES = (
    """create table personal.contact_view (
        id bigint generated always as identity primary key,
        at timestamptz not null default clock_timestamp(),
        xact xid8 not null default pg_current_xact_id(),
        viewer text not null,
        role text not null,
        case_id uuid not null,
        report_id uuid not null,
        purpose text not null check (purpose in ('call_back', 'verify', 'dispute', 'other')),
        reason text check (purpose <> 'other' or reason is not null),
        masked boolean not null
    )""",
    "create index contact_view_of_case on personal.contact_view (case_id, id)",
    "create index contact_view_of_report on personal.contact_view (report_id)",
    "alter table personal.contact_view enable row level security",
    "alter table personal.contact_view force row level security",
    """create policy contact_view_is_noted on personal.contact_view for insert to wangge_service
        with check (true)""",
    """create policy contact_view_of_the_named_case on personal.contact_view for select
        to wangge_service
        using (cast(case_id as text) = current_setting('wangge.case', true))""",
    """create policy contact_view_is_audited on personal.contact_view for select
        to wangge_auditor using (true)""",
    """create policy contact_is_seen_once_noted on personal.contact for select to wangge_service
        using (exists (
            select from personal.contact_view as noted
            where noted.report_id = contact.report_id
                and cast(noted.case_id as text) = current_setting('wangge.case', true)
                and noted.xact = pg_current_xact_id()
                and noted.at >= transaction_timestamp()
        ))""",
    """grant insert (viewer, role, case_id, report_id, purpose, reason, masked)
        on personal.contact_view to wangge_service""",
    "grant select on personal.contact_view, personal.contact to wangge_service",
    "grant usage on schema personal to wangge_auditor",
    "grant select on personal.contact_view to wangge_auditor",
    "alter table member add column department text not null default ''",
    """create table member_turn (
        subject text primary key,
        at timestamptz not null default clock_timestamp()
    )""",
    "grant select, insert, update on member_turn to wangge_service",
    """create index case_inspected on "case" ((marks ->> 'inspector'), opened_at, id)
        where closed_at is null and marks ? 'inspector'""",
)


def upgrade() -> None:
    for change in CHANGES:
        op.execute(change)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("Wangge's migrations only go forward; restore a backup to go back")
