# TrialCapture: `make demo` and `make test` are all that one needs. PYTHON=… and PORT=… may be set.
PYTHON ?= python3
BOOTSTRAP := $(PYTHON) trialcapture/runtime/bootstrap.py
BIN := .venv/bin
WORKERS ?= 2

.PHONY: help setup demo test check bench soak lock clean messages

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /	/'

setup: ## make .venv, install what is pinned, fetch the pages' libraries, compile the translations
	@$(BOOTSTRAP) --dev

demo: ## run everything here with the five trials in it, until Ctrl-C
	@$(BOOTSTRAP)
	@exec $(BIN)/python manage.py demo

test: ## every test, the browser's too
	@$(BOOTSTRAP) --dev --browser
	@$(BIN)/pytest -n $(WORKERS) $(ARGS)

check: ## what can be said without running it: style, types, layers, templates, migrations
	@$(BOOTSTRAP) --dev
	@$(BIN)/python -m trialcapture.runtime.checks

bench: ## the benchmarks, as ratios to references measured in the same run
	@$(BOOTSTRAP) --dev
	@$(BIN)/python -m bench

soak: ## fifty rounds of kill -9 under load
	@$(BOOTSTRAP) --dev
	@TC_FAULT_ROUNDS=50 $(BIN)/pytest tests/runtime/test_kill_nine.py -m faults $(ARGS)

messages: ## compile the translations
	@$(BIN)/python -m trialcapture.runtime.messages

lock: ## the short lists requirements*.in to pinned versions with hashes; package.json likewise
	@$(BIN)/python -m trialcapture.runtime.lock

clean: ## remove what is made and fetched; data under var/ stays
	@rm -rf .venv node_modules static/vendor staticfiles .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './var/*' -prune -exec rm -rf {} +
