# `make run` serves the page, `make test` runs the tests; both make .venv first if it is not there.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

run: $(VENV)/.runtime
	$(BIN)/python app.py

test: $(VENV)/.dev
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-js; \
	else echo "assets/ is not checked: install Node.js and npm (apt-get install nodejs npm)."; test -z "$$CI"; fi

lint-js: node_modules/.package-lock.json
	node_modules/.bin/biome check --error-on-warnings
	node_modules/.bin/tsc

check: lint test

$(VENV)/.runtime: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	touch $@

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --silent --no-audit --no-fund
	touch $@

.PHONY: run test lint lint-js check
