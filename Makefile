# `make search` and `make test` are all that a new machine needs: both make .venv and install the locked versions first.

PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# A file of tests stays together: it compiles once, and its fixtures are made once.
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
READY := .venv/.ready

EXECUTE ?= cache

.PHONY: search layers compare test test-all matrix docs docs-links bench bench-gpu lint table lock clean

search: $(READY)  ## The main job: search the Swish space on MNIST-1D, verify the winners, draw, write a report.
	@$(BIN)/python experiments/swish_mnist1d.py

layers: $(READY)  ## The EvoNorm protocol in miniature, at most 45 minutes; resumable.
	@$(BIN)/python experiments/evonorm_digits.py

compare: $(READY)  ## Random, evolution, PPO, GFlowNet and surrogate on two spaces, five runs each; resumable.
	@$(BIN)/python experiments/compare_controllers.py

test: lint  ## Format, lint, types, then every quick test and doctest.
	@$(PYTEST)

test-all: lint  ## The slow checks too, with coverage: kills of running searches, whole spaces, simulations.
	@$(PYTEST) -m "slow or not slow" --cov --cov-report=term:skip-covered

matrix: $(READY)  ## Tests on each Python, with the oldest and newest dependencies; what this machine lacks is said.
	@$(BIN)/python .ci/matrix.py $(TESTS)

docs: $(READY)  ## The site in docs/_build/html, notebooks executed; a warning is an error. EXECUTE=off leaves their outputs out.
	@$(BIN)/python -m sphinx -b html -q -W --keep-going -D nb_execution_mode=$(EXECUTE) docs docs/_build/html
	@echo "docs/_build/html/index.html"

docs-links: $(READY)  ## Whether the pages that the site links to are there; needs the network.
	@$(BIN)/python -m sphinx -b linkcheck -q -D nb_execution_mode=off docs docs/_build/links

lint: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: $(READY)  ## Engines and steps as ratios (PyTorch is compared where it is installed), programs, controllers on the tables, the archive.
	@$(BIN)/python -m experiments.benchmarks.engine
	@$(BIN)/python -m experiments.benchmarks.steps
	@$(BIN)/python -m experiments.benchmarks.startup
	@$(BIN)/python -m experiments.benchmarks.layers
	@$(BIN)/python -m experiments.benchmarks.language
	@$(BIN)/python -m experiments.benchmarks.controllers
	@$(BIN)/python -m experiments.benchmarks.multi_fidelity
	@$(BIN)/python -m experiments.benchmarks.archive
	@$(BIN)/python -m experiments.benchmarks.bank

bench-gpu: $(READY)  ## Candidates an hour on one GPU; without one it says so and changes nothing.
	@$(BIN)/python -m experiments.benchmarks.gpu

table: $(READY)  ## The tables behind the tabular tasks, every function of two spaces; resumable, about 2 hours.
	@$(BIN)/python experiments/exhaustive_tables.py

lock:  ## Renews the lock file from pyproject.toml.
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --no-annotate --no-header -q -o requirements.lock --upgrade

clean:
	@rm -rf .venv docs/_build docs/reference/rooms

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "actsearch needs Python 3.11 or newer: install it, or run make PYTHON=/path/to/python"; exit 2; }
	@echo "Setting up .venv with the locked versions; this happens once."
	@$(PYTHON) -m venv .venv
	@# Modules are compiled when they are first imported: all at once takes as long as the rest of the installation.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)
