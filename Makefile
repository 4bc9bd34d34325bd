# Each target makes its environment first if it is not there: .venv, or with PYTHON=python3.12 .venv-3.12.
PYTHON ?= python3
VENV ?= .venv$(patsubst python%,-%,$(filter-out python python3,$(notdir $(PYTHON))))
BIN = $(VENV)/bin

help: ## says what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/.runtime ## serves the page on http://127.0.0.1:7860
	$(BIN)/python app.py

test: $(VENV)/.dev ## runs the tests
	$(BIN)/python -m pytest

lint: $(VENV)/.dev ## checks Python, and JavaScript where Node.js is there
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory lint-js; \
	else echo "assets/ is not checked: install Node.js and npm (apt-get install nodejs npm)."; test -z "$$CI"; fi

lint-js: node_modules/.package-lock.json
	node_modules/.bin/biome check --error-on-warnings
	node_modules/.bin/tsc

check: lint test ## is what CI runs

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

.PHONY: help run test lint lint-js check
