"""Cases: reports, cases, their append-only history, timers, outbox, offsets, dead letters."""

from alembic import op

from dispatch.storage.bulk import driver_connection

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
create schema personal;

create table installation (
    one boolean primary key default true check (one),
    id uuid not null default gen_random_uuid(),
    epoch bigint not null default 1,
    catalogue_version bigint not null default 1,
    created_at timestamptz not null default now()
);
insert into installation default values;

create table category (
    code text primary key,
    standard text not null,
    kind text not null check (kind in ('part', 'event', 'matter')),
    standard_code text not null,
    name_zh text not null,
    name_en text not null,
    class_zh text not null,
    class_en text not null,
    line text not null,
    certainty text not null,
    part_class text,
    join_radius_m integer not null default 50,
    join_hours integer not null default 24,
    unique (standard, kind, standard_code)
);

create table condition (
    code text primary key,
    category text not null references category,
    ordinal smallint not null,
    limit_text text not null,
    text_zh text not null,
    text_en text not null,
    closing_zh text not null,
    closing_en text not null,
    urgent boolean not null,
    made boolean not null,
    unique (category, ordinal)
);

create table calendar (
    name text not null,
    version integer not null,
    document jsonb not null,
    loaded_at timestamptz not null default now(),
    primary key (name, version)
);

create table "case" (
    id uuid not null,
    opened_month date not null,
    number text not null,
    line text not null,
    definition text not null,
    category text not null,
    condition text,
    state text not null,
    version integer not null,
    seq integer not null,
    head_hash bytea not null,
    last_at timestamptz not null,
    city text not null,
    district text not null,
    community text not null,
    map_version integer not null,
    geom geometry(Point, 4546) not null,
    lon double precision not null,
    lat double precision not null,
    accuracy_m real not null,
    department text,
    source text not null,
    part text,
    opened_at timestamptz not null,
    closed_at timestamptz,
    due_at timestamptz,
    deadlines jsonb not null,
    links jsonb not null,
    report_count integer not null,
    handled_by text[] not null,
    possible_duplicate_of uuid,
    primary key (id, opened_month)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);

create unique index case_number on "case" (number);
create index case_open_near on "case" (category, community, opened_at) where closed_at is null;
create index case_open_part on "case" (part) where part is not null and closed_at is null;
create index case_by_district on "case" (district, opened_at, id);
create index case_by_department on "case" (department, opened_at, id) where department is not null;
create index case_by_opening on "case" (opened_at, id);
create index case_geom on "case" using gist (geom);

create table case_event (
    opened_month date not null,
    case_id uuid not null,
    seq integer not null,
    type text not null,
    at timestamptz not null,
    actor text not null,
    body jsonb not null,
    previous_hash bytea not null,
    hash bytea not null,
    primary key (opened_month, case_id, seq),
    foreign key (case_id, opened_month) references "case" (id, opened_month)
) partition by range (opened_month);
create index case_event_at on case_event using brin (at);

create table case_text (
    case_id uuid not null,
    seq integer not null,
    name text not null,
    salt bytea not null,
    text text not null,
    primary key (case_id, seq, name)
);

create table report (
    id uuid primary key,
    case_id uuid not null,
    fingerprint bytea not null,
    subject text not null,
    reporter text not null,
    source text not null,
    category text not null,
    condition text,
    lon double precision not null,
    lat double precision not null,
    crs text not null,
    original_lon double precision not null,
    original_lat double precision not null,
    accuracy_m real not null,
    community text not null,
    candidates text[] not null,
    map_version integer not null,
    part text,
    text text,
    text_salt bytea,
    photos uuid[] not null,
    confidential boolean not null,
    observed_at timestamptz,
    observed_ahead boolean not null,
    received_at timestamptz not null,
    stored_at timestamptz not null
);
create index report_of_case on report (case_id);

create table report_photo (
    photo_id uuid not null,
    report_id uuid not null,
    case_id uuid not null,
    subject text not null,
    primary key (photo_id, report_id)
);

create table report_refusal (
    report_id uuid not null,
    fingerprint bytea not null,
    subject text not null,
    reason text not null,
    at timestamptz not null default clock_timestamp(),
    primary key (report_id, fingerprint, subject)
);

create table outbox (
    id bigint generated always as identity primary key,
    lane smallint not null default 0,
    topic_district text not null,
    case_id uuid not null,
    opened_month date not null,
    first_seq integer not null,
    last_seq integer not null
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);

create table timer (
    case_id uuid not null,
    stage text not null,
    opened_month date not null,
    rung smallint not null,
    generation integer not null,
    due_at timestamptz not null,
    lane smallint not null default 0,
    primary key (case_id, stage)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01);
create index timer_due on timer (lane, due_at);

create table consumed_offset (
    consumer text not null,
    topic text not null,
    partition integer not null,
    topic_id uuid not null,
    next_offset bigint not null,
    epoch bigint not null,
    updated_at timestamptz not null default clock_timestamp(),
    primary key (consumer, topic, partition)
);

create table dead_letter (
    id uuid primary key default gen_random_uuid(),
    topic text not null,
    partition integer not null,
    record_offset bigint not null,
    topic_id uuid not null,
    report_id uuid,
    key bytea,
    value bytea,
    headers jsonb not null,
    reason_class text not null,
    reason text not null,
    attempts integer not null,
    at timestamptz not null default clock_timestamp(),
    mirrored_at timestamptz,
    retried_at timestamptz,
    unique (topic_id, partition, record_offset)
);
create index dead_letter_unmirrored on dead_letter (at) where mirrored_at is null;
create index dead_letter_report on dead_letter (report_id) where report_id is not null;

create table action_key (
    case_id uuid not null,
    id uuid not null,
    actor text not null,
    fingerprint bytea not null,
    seq integer not null,
    at timestamptz not null default clock_timestamp(),
    primary key (case_id, id)
);

create table number_counter (
    day date primary key,
    next_serial integer not null
);

create table token_revocation (
    jti text primary key,
    revoked_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz
);

create table personal.contact (
    report_id uuid primary key,
    contact bytea,
    on_behalf bytea,
    stored_at timestamptz not null default clock_timestamp()
);
alter table personal.contact enable row level security;
alter table personal.contact force row level security;
create policy contact_is_only_written on personal.contact for insert to wangge_service
    with check (true);
"""

MONTHS = """
create function make_case_event_months(first_month date, last_month date) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    month date := date_trunc('month', first_month)::date;
    made integer := 0;
begin
    if last_month > first_month + interval '30 years' then
        raise exception 'at most 30 years of months at once';
    end if;
    while month <= last_month loop
        if to_regclass(format('public.case_event_%s', to_char(month, 'YYYY_MM'))) is null then
            execute format(
                'create table case_event_%s partition of case_event for values from (%L) to (%L)',
                to_char(month, 'YYYY_MM'), month, (month + interval '1 month')::date);
            made := made + 1;
        end if;
        month := (month + interval '1 month')::date;
    end loop;
    return made;
end $$;
revoke all on function make_case_event_months(date, date) from public;

create function case_event_months_ahead() returns integer
language sql stable security definer set search_path = public, pg_temp as $$
    select count(*)::integer
    from pg_inherits
    join pg_class child on child.oid = inhrelid
    where inhparent = 'public.case_event'::regclass
      and to_date(right(child.relname, 7), 'YYYY_MM') > date_trunc('month', now())
$$;

select make_case_event_months(
    (date_trunc('month', now()) - interval '1 month')::date,
    (date_trunc('month', now()) + interval '24 months')::date);
"""

RIGHTS = """
grant usage on schema public, personal to wangge_service;
grant usage on schema public to wangge_auditor;

grant select on installation, category, condition, calendar to wangge_service;
grant insert, update, delete on category, condition to wangge_service;
grant insert on calendar to wangge_service;
grant update (catalogue_version) on installation to wangge_service;

grant select, insert, update on "case" to wangge_service;
grant select, insert on case_event, case_text, report, report_photo, report_refusal,
    action_key to wangge_service;
grant select, insert, update, delete on outbox, timer, consumed_offset to wangge_service;
grant select, insert, update on dead_letter, number_counter to wangge_service;
grant select, insert on token_revocation to wangge_service;
grant insert on personal.contact to wangge_service;
grant execute on function make_case_event_months(date, date) to wangge_service;
grant execute on function case_event_months_ahead() to wangge_service;

grant select on installation, category, condition, calendar, "case", case_event, case_text
    to wangge_auditor;
"""


def upgrade() -> None:
    for script in (TABLES, MONTHS, RIGHTS):
        # psycopg itself, for SQLAlchemy would read the % of format() as a placeholder.
        driver_connection(op.get_bind()).execute(script.encode())


def downgrade() -> None:
    """History is never taken down by a migration: restore a backup instead."""
    raise RuntimeError("Wangge's migrations only go forward; restore a backup to go back")
