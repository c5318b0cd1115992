# latentsweep: every target sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
export MLFLOW_DISABLE_TELEMETRY := true

# make would pass over a misspelt variable, and over a setting outside of ARGS, in silence.
KNOWN := PYTHON ARGS WORKERS STUDY DIRECTORY CLUSTER PARTITION GPUS DEVICES NODES CPUS TIME FOLLOW URI PORT PAGE HOST \
  ALLOWED ARTIFACTS RUN FORMAT NAME ALIAS PART SHELL CODE PACKAGES STEPS DRY N A B MODELS BETAS SAMPLES FULL ONLY
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
UNKNOWN := $(filter-out $(KNOWN) MAKE%,$(GIVEN))
ifneq ($(UNKNOWN),)
  $(error latentsweep: $(UNKNOWN): no variable of this Makefile. Settings of a run go into ARGS, \
    such as ARGS="$(firstword $(UNKNOWN))=$($(firstword $(UNKNOWN)))"; make help lists the rest)
endif

.DEFAULT_GOAL := help
.PHONY: help setup train sweep sweep-status sweep-cancel sweep-proxy evaluate compare rerun seeds diff report dashboard pictures \
  server sync export promote verify benchmark test lint format clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s  %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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

train: $(INSTALLED)  ## train one model; ARGS="model=vae seed=1", DEVICES=2, CLUSTER=slurm NODES=2 GPUS=4
	@$(BIN)/python pipelines/$(if $(LAUNCH),launch.py $(LAUNCH),train.py) $(ARGS)

LAUNCH := $(if $(DEVICES),--devices $(DEVICES)) $(if $(GPUS),--gpus $(GPUS)) $(if $(NODES),--nodes $(NODES))
ifeq ($(origin CLUSTER),command line)
  LAUNCH += --cluster $(CLUSTER) $(if $(PARTITION),--partition $(PARTITION))
  LAUNCH += $(if $(CPUS),--cpus $(CPUS)) $(if $(TIME),--minutes $(TIME))
endif
LAUNCH := $(strip $(LAUNCH))
ifneq ($(origin CLUSTER),command line)
  ifneq ($(filter PARTITION CPUS TIME,$(GIVEN)),)
    $(error latentsweep: $(filter PARTITION CPUS TIME,$(GIVEN)): only with CLUSTER=slurm)
  endif
endif

sweep: $(INSTALLED)  ## search latent size and KL weight; WORKERS=, CLUSTER=slurm, GPUS=4 a trial, ARGS="model.beta='interval(1,8)'"
	@$(BIN)/python pipelines/sweep.py $(SWEEP) $(ARGS)
ifdef FOLLOW
	@$(BIN)/python pipelines/sweep_control.py follow '$(STUDY)' $(PLACE)
endif

SWEEP := $(if $(WORKERS),sweep.workers=$(WORKERS)) $(if $(STUDY),sweep.study=$(STUDY))
SWEEP += $(if $(DIRECTORY),sweep.directory=$(DIRECTORY))
SWEEP += $(if $(GPUS)$(DEVICES),sweep.ranks=$(or $(GPUS),$(DEVICES)))
SWEEP += $(if $(GPUS),$(if $(findstring trainer=,$(ARGS)),,trainer=gpu))
PLACE := $(if $(DIRECTORY),--directory '$(DIRECTORY)')
ifeq ($(CLUSTER),slurm)
  SWEEP += hydra/launcher=latentsweep_slurm
  SWEEP += $(if $(PARTITION),hydra.launcher.partition=$(PARTITION))
  SWEEP += $(if $(GPUS),hydra.launcher.gpus_per_node=$(GPUS)) $(if $(CPUS),hydra.launcher.cpus_per_task=$(CPUS)) $(if $(TIME),hydra.launcher.timeout_min=$(TIME))
else ifeq ($(origin CLUSTER),command line)
  SWEEP += hydra/launcher=latentsweep_$(CLUSTER)
endif

sweep-status: $(INSTALLED)  ## how a sweep stands; STUDY= one other than the newest
	@$(BIN)/python pipelines/sweep_control.py status '$(STUDY)' $(PLACE)

sweep-cancel: $(INSTALLED)  ## stop a sweep's workers; the same sweep can be gone on with
	@$(BIN)/python pipelines/sweep_control.py cancel '$(STUDY)' $(PLACE)

sweep-proxy: $(INSTALLED)  ## serve a study's database to very many workers; ARGS="--host 0.0.0.0"
	@$(BIN)/python pipelines/storage_proxy.py $(ARGS)

AGAIN := $(if $(URI),--uri '$(URI)') $(if $(CODE),--code '$(CODE)') $(if $(PACKAGES),--packages '$(PACKAGES)')

rerun: $(INSTALLED)  ## train a recorded run again and compare; RUN= which, STEPS=200, DRY=1, CODE=current, ARGS="seed=1"
	@$(BIN)/python pipelines/rerun.py '$(RUN)' $(AGAIN) $(if $(STEPS),--steps '$(STEPS)') \
	  $(if $(DEVICES),--devices '$(DEVICES)') $(if $(filter-out 0,$(DRY)),--dry) $(ARGS)

evaluate: $(INSTALLED)  ## measure a recorded run on its test split; RUN= which, DEVICES=2, ARGS="importance_samples=5000"
	@$(BIN)/python pipelines/evaluate.py '$(RUN)' $(if $(URI),--uri '$(URI)') \
	  $(if $(DEVICES),--devices '$(DEVICES)') $(ARGS)

seeds: $(INSTALLED)  ## a recorded run over seeds: mean, deviation, 95 % interval; RUN= which, N=5, ARGS="model.beta=2"
	@$(BIN)/python pipelines/seeds.py '$(RUN)' $(AGAIN) $(if $(N),--n '$(N)') $(ARGS)

compare: $(INSTALLED)  ## AE beside VAE beside beta-VAE; N=5 seeds, MODELS=ae,vae,iwae, BETAS=1,2,4, ARGS="trainer.max_epochs=5"
	@$(BIN)/python pipelines/compare.py $(if $(MODELS),--models '$(MODELS)') $(if $(BETAS),--betas='$(BETAS)') $(if $(N),--n '$(N)') \
	  $(if $(WORKERS),--workers '$(WORKERS)') $(if $(SAMPLES),--samples '$(SAMPLES)') $(ARGS)

diff: $(INSTALLED)  ## how two recorded runs differ; A= and B= which
	@$(BIN)/python pipelines/diff.py '$(A)' '$(B)' $(if $(URI),--uri '$(URI)')

report: $(INSTALLED)  ## write a sweep's report.html, also while it runs; STUDY= one other than the newest
	@$(BIN)/python pipelines/report.py '$(STUDY)' $(PLACE)

dashboard: $(INSTALLED)  ## open MLflow on this machine; URI= another store, PORT= another port
	@$(BIN)/python pipelines/dashboard.py $(if $(URI),--uri '$(URI)') $(if $(PORT),--port $(PORT)) \
	  $(if $(PAGE),--page '$(PAGE)') $(ARGS)

server: $(INSTALLED)  ## a team's MLflow server with users, on PostgreSQL: docs/server.md; HOST= PORT= ALLOWED= ARTIFACTS=
	@exec $(BIN)/python pipelines/server.py $(if $(filter command,$(origin HOST)),--host '$(HOST)') \
	  $(if $(PORT),--port $(PORT)) $(if $(ALLOWED),--allowed '$(ALLOWED)') \
	  $(if $(ARTIFACTS),--artifacts '$(ARTIFACTS)') $(ARGS)

sync: $(INSTALLED)  ## ship to MLflow what it lacks; RUN= one run, URI= another store
	@$(BIN)/python pipelines/sync.py $(if $(RUN),'$(RUN)') $(if $(URI),--uri '$(URI)') $(ARGS)

export: $(INSTALLED)  ## write a run's points as a table; RUN= which, FORMAT=csv|parquet
	@$(BIN)/python pipelines/export.py '$(RUN)' $(if $(FORMAT),--format $(FORMAT)) $(ARGS)

promote: $(INSTALLED)  ## check a run's model and register it; RUN= which, NAME=, ALIAS=champion, URI=
	@$(BIN)/python pipelines/promote.py '$(RUN)' $(if $(NAME),--name '$(NAME)') \
	  $(if $(ALIAS),--alias '$(ALIAS)') $(if $(URI),--uri '$(URI)') $(ARGS)

pictures: $(INSTALLED)  ## train the default run and make the README's picture of it
	@$(BIN)/python pipelines/train.py
	@$(BIN)/python pipelines/pictures.py

verify: $(INSTALLED)  ## hold this code against the literature's numbers; FULL=1 trains what was published, ONLY= one row
	@$(BIN)/python pipelines/verify.py $(if $(filter-out 0,$(FULL)),--full) $(if $(ONLY),--only '$(ONLY)') $(ARGS)

benchmark: $(INSTALLED)  ## measure what the documentation claims; PART=throughput|ranks|start|memory|growth|options|gpu|loading|sweep|workers|tracking|runs|faults|suggest|metrics
	@$(BIN)/python pipelines/benchmark.py $(ARGS) $(PART)

test: $(INSTALLED)  ## run all tests
	@$(BIN)/python -m pytest -n $$(($$(nproc) + 1)) --dist loadfile --no-loadscope-reorder $(ARGS)  # tests often wait

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
