# latentsweep: every target sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
PORT ?= 5000
URI ?= sqlite:///mlflow.db
export MLFLOW_DISABLE_TELEMETRY := true

.DEFAULT_GOAL := help
.PHONY: help setup train dashboard pictures benchmark test lint format clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED)  ## create .venv with the pinned dependencies
	@echo ".venv is ready"

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "latentsweep needs Python 3.11 or newer, found $$($(PYTHON) --version 2>&1): make PYTHON=python3.11" >&2; exit 2; }
	@echo "setting up .venv (about two minutes the first time)"
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv || \
	  { echo "cannot make a virtual environment: on Debian, apt-get install python3-venv" >&2; exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[dev]'
	@touch $@

train: $(INSTALLED)  ## train one model; Hydra overrides in ARGS="model=vae seed=1"
	@$(BIN)/python pipelines/train.py $(ARGS)

dashboard: $(INSTALLED)  ## open MLflow on this machine; URI= another store, PORT= another port
	@echo "dashboard: http://127.0.0.1:$(PORT)/#/experiments?workflowType=machine_learning (Ctrl-C ends it)"
	@exec env MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false MLFLOW_ALLOW_PICKLE_DESERIALIZATION=false \
	  PYTHONWARNINGS=ignore $(BIN)/mlflow server --backend-store-uri '$(URI)' --host 127.0.0.1 --port $(PORT) \
	  --allowed-hosts "127.0.0.1:$(PORT),localhost:$(PORT)" --workers 1

pictures: $(INSTALLED)  ## train the default run and make the README's picture of it
	@$(BIN)/python pipelines/train.py
	@$(BIN)/python pipelines/pictures.py

benchmark: $(INSTALLED)  ## measure what a training step spends on loading
	@$(BIN)/python pipelines/benchmark.py

test: $(INSTALLED)  ## run all tests
	@$(BIN)/python -m pytest $(ARGS)

lint: $(INSTALLED)  ## check formatting, lint, types and floors
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(INSTALLED)  ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:  ## remove the environment and caches; runs and data stay
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
