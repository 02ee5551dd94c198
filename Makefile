# The two commands: `make run`, `make test`. Both make the environment first.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: run test test-all lint benchmark nest clean

run: $(VENV)/run.stamp
	$(BIN)/python ll_stdp_brian2.py --mode ll_fast

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest

test-all: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -m ""

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

benchmark: $(VENV)/run.stamp
	$(BIN)/python -m benchmarks

# A peer of the benchmarks, in an environment of its own.
nest: .venv-nest/nest.stamp

clean:
	rm -rf $(VENV) .venv-nest .pytest_cache .ruff_cache .hypothesis

$(VENV)/run.stamp: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

.venv-nest/nest.stamp: requirements-nest.txt
	$(PYTHON) -m venv .venv-nest
	.venv-nest/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-nest.txt
	touch $@
