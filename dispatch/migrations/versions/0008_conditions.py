"""Conditions by season, hour and area grade; every change of them kept; a case keeps its limit."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
alter table condition
    add column season text,
    add column band text,
    add column inspect_in_band boolean not null default false,
    add column closes_by_notice boolean not null default false,
    add column dispatch_limit text,
    add column successor text,
    add column profiles jsonb not null default '{}',
    add check (band is not null or not inspect_in_band);

-- The limit with which a case was filed: what the table says later does not change it.
alter table "case" add column limit_text text;

create table area_grade (
    area text primary key,
    profile text not null
);

create table catalogue_change (
    id bigint generated always as identity primary key,
    at timestamptz not null default clock_timestamp(),
    actor text not null,
    code text not null,
    before jsonb,
    after jsonb,
    check (before is not null or after is not null)
);
create index catalogue_change_code on catalogue_change (code, id);
"""
RIGHTS = """
grant select, insert, update, delete on area_grade to wangge_service;
grant select, insert on catalogue_change to wangge_service;
grant select on area_grade, catalogue_change to wangge_auditor;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(RIGHTS)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("Wangge's migrations only go forward; restore a backup to go back")
