# Every task of the project. `make help` lists them; each is also what CI runs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Containers like to set it, and then every process compiles pandas, PySpark and MLflow anew: seconds each.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
TORCH ?=
# Half of a test's time is waiting for a service; the services are the session's, whoever asks.
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
# Where uv is missing, the environment gets one of its own.
UV = $$(command -v uv || echo $(BIN)/uv)
LOCK := $(if $(TORCH),requirements-torch.lock,requirements.lock)
STAMP := $(VENV)/.installed$(if $(TORCH),-torch)
# Progress for a person who waits, silence in a log.
QUIET := $(shell test -t 2 || echo --quiet)
COMPILE = $(UV) pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--extra all --group dev --quiet

##@ Start here
.PHONY: help install demo

help:  ## List every task.
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)} \
		/^[a-zA-Z_-]+:.*## / {printf "  \033[36m%-10s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP)  ## Make .venv with exactly what the lock says (TORCH=1: with torch, 6 GB more).

demo: install  ## One city from files to ranked search (DATA=<folder of an Inside Airbnb city>, SNAPSHOT=<date>).
	@$(BIN)/lodestay demo $(if $(DATA),--data "$(DATA)") $(if $(SNAPSHOT),--snapshot "$(SNAPSHOT)")

##@ Local services
.PHONY: up down status clean doctor

up: install  ## Start PostgreSQL, OpenSearch, MLflow, Spark, Dagster, payment processor, relay, worker and API.
	@$(BIN)/lodestay up

down: install  ## Stop them; their data stays.
	@$(BIN)/lodestay down

status: install  ## How each of them is, and where it answers.
	@$(BIN)/lodestay status

clean: install  ## Stop them and remove their data (asks first; YES=1 does not).
	@$(BIN)/lodestay clean $(if $(YES),--yes)

doctor:  ## What this machine lacks, and how to get it (runs before anything is installed).
	@$(PYTHON) -m lodestay.local.prerequisites && echo "This machine has what Lodestay needs."

##@ Work on the code
.PHONY: test lint format docs bench bench-search prove lookout mutants lock

test: install  ## Run every test, on real services, two files at a time (ARGS=... goes to pytest; WORKERS=0: one).
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: install  ## Check style (Python and SQL), types and import directions.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint --disable-progress-bar warehouse

format: install  ## Put the code into shape.
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: install  ## Build the documentation's pages into site/.
	@$(BIN)/zensical build

bench-search: install  ## Whole searches over HTTP on a marketplace of N listings (100,000 if nothing is said).
	@$(BIN)/python -m bench engines --listings $(or $(N),100000)

bench: install  ## Take the published figures again (ARGS=... goes to the command).
	@$(BIN)/python -m bench $(ARGS)

prove: install  ## Attack the booking core with random histories, kills and lies (ARGS=... goes to the command).
	@$(BIN)/python -m bench.proof $(ARGS)

lookout: install  ## Hold the search to PostgreSQL over random operations and requests (ARGS=... goes to the command).
	@$(BIN)/python -m bench.lookout $(ARGS)

mutants: install  ## Take the booking core's guards out one by one and see whether a test notices (ARGS=B7: some).
	@$(BIN)/python -m bench.mutants $(ARGS)

lock: install  ## Write the locks again after a change of pyproject.toml (ARGS=--upgrade: newest versions).
	@$(COMPILE) $(ARGS) --output-file requirements.lock
	@$(COMPILE) $(ARGS) --extra torch --constraint requirements.lock --output-file requirements-torch.lock

$(VENV)/pyvenv.cfg:
	@$(PYTHON) -m lodestay.local.prerequisites
	@if command -v uv > /dev/null; then uv venv --quiet --python "$$(command -v $(PYTHON))" $(VENV); else \
		echo "uv is not installed; putting one into $(VENV) (to have it everywhere: python3 -m pip install --user uv)."; \
		$(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet "uv>=0.9"; fi

$(STAMP): $(VENV)/pyvenv.cfg pyproject.toml $(LOCK)
	@echo "Installing $(LOCK) into $(VENV): $(if $(TORCH),8.4,2.7) GB, a minute or two from a fast registry ..."
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(UV) pip install $(QUIET) --require-hashes -r $(LOCK)
	@VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(UV) pip install --quiet --no-deps -e .
	@touch $@
