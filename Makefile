# Every target makes the environment that it needs first. Python 3.11 and make are all that must be there.

bin := .venv/bin
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

.PHONY: help run test faults conformance bench schema reset fmt lock run-environment develop-environment

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: run-environment ## start everything and serve on PORT (default 8000)
	@$(bin)/kontant run

test: develop-environment ## everything that must hold: style, types, layers, schema drift, tests (under 5 minutes)
	$(bin)/ruff check
	$(bin)/ruff format --check
	$(bin)/basedpyright
	$(bin)/lint-imports
	$(bin)/kontant schema --check
	$(bin)/pytest -n 2

faults: develop-environment ## the long proofs: planted bugs, kills, storms (at most 25 minutes)
	timeout --kill-after=30 25m $(bin)/pytest -m faults --timeout=600 tests/faults

conformance: develop-environment ## the suites and clients that others wrote
	tests/conformance/run

bench: develop-environment ## home screen and top-up against their floors
	$(bin)/python -m bench

schema: run-environment ## write schema.graphql anew
	$(bin)/kontant schema --write

reset: run-environment ## delete the development data
	@$(bin)/kontant reset

fmt: develop-environment ## put the code into its style
	$(bin)/ruff check --fix
	$(bin)/ruff format

lock: develop-environment ## pin versions and hashes anew; ARGS=--upgrade takes the newest
	tools/lock $(ARGS)

run-environment:
	@tools/environment run

develop-environment:
	@tools/environment develop
