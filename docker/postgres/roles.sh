#!/bin/bash
# Runs once, when the database is made: the two roles that are not its owner.
set -euo pipefail

make_role() {
    psql --set ON_ERROR_STOP=1 --set role="$1" --set password="$2" \
        --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role :"role" login password :'password';
SQL
}

make_role wangge_service "$WANGGE_SERVICE_PASSWORD"
make_role wangge_auditor "$WANGGE_AUDITOR_PASSWORD"
