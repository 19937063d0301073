# make up: everything on this machine, with a demo city.  make test: every check.
.PHONY: setup up test test-long check lint

setup:
	@scripts/setup.sh

up: setup
	@exec .venv/bin/wangge up --demo --simulate 1

lint: setup
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	scripts/web.sh run check

check: lint
	scripts/web.sh run test
	.venv/bin/pytest -q tests/unit

test: lint
	scripts/web.sh run test
	.venv/bin/pytest -m "not long" -n 2 --dist loadfile tests/e2e tests/integration tests/unit
	.venv/bin/pytest -m "not long" -n 2 --dist worksteal tests/faults

test-long: setup
	.venv/bin/pytest -m long
