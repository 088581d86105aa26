# Everything is installed into .venv in this checkout, from the versions in requirements.lock.
# Required: Python 3.11 or later with venv, make, and a Python package index.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
INSTALLED := .venv/.installed
# Two checks run side by side. GNU make 4 prints each one whole; older ones mix their lines.
OUTPUT_SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-all check types lint layers keys prose format ui bench clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo 'ARGS go to the command: make run ARGS="--set train.epochs=2", make test ARGS="-k store".'
	@echo 'PYTHON picks the interpreter that .venv is made with: make run PYTHON=python3.12.'

run: $(INSTALLED) ## do the main job on real reviews, ending with the path of the report
	@$(BIN)/reviewflow run $(ARGS)

test: check ## everything in check, then every test but the slow ones (about ten minutes on two cores)
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

test-all: check ## everything in check, then every test, the slow ones too (much longer)
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder -m "slow or not slow" \
	    --hypothesis-profile thorough $(ARGS)

check: $(INSTALLED) ## lint, format, types, layers, code that a key can follow, prose
	@$(MAKE) --no-print-directory --jobs 2 $(OUTPUT_SYNC) types lint layers keys prose

types:
	$(BIN)/mypy

lint:
	$(BIN)/ruff check
	$(BIN)/ruff format --check

layers:
	$(BIN)/lint-imports

keys:
	$(BIN)/python -m reviewflow.jobs.check_code

prose:
	$(BIN)/python -m tests.prose

format: $(INSTALLED) ## mend what ruff can mend, and format the code
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

ui: $(INSTALLED) ## serve Prefect's UI with the schedule and a worker, until Ctrl-C
	@$(BIN)/reviewflow ui $(ARGS)

bench: $(INSTALLED) ## measure speed and memory against the yardsticks
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove what was produced: artifacts and caches (keeps .venv, data and published models)
	find artifacts -mindepth 1 -maxdepth 1 ! -name README.md ! -name models -exec rm -rf {} +
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(wildcard flows tasks reviewflow tests benchmarks) -name __pycache__ -prune -exec rm -rf {} +

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed, and this is " + sys.version.split()[0] + "; name another one: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@echo "Installing into .venv, about 2 GB; the first time this takes two to five minutes."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --config-settings editable_mode=compat -e .
	@touch $@
