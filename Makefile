# The two commands: `make run`, `make test`. Both make the environment first.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
GENN_VENV ?= .venv-genn
CUDA_VENV ?= .venv-cuda

.PHONY: run test test-all lint docs benchmark lock genn genn-env cuda-env nest clean

run: $(VENV)/run.stamp
	$(BIN)/python ll_stdp_brian2.py --mode ll_selforg

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest

test-all: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -m ""

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The site, in docs/_build/html; a warning is an error.
docs: $(VENV)/docs.stamp
	$(BIN)/python -m sphinx -W --keep-going -q -j 2 -b html -c docs . docs/_build/html

benchmark: $(VENV)/run.stamp
	$(BIN)/python -m benchmarks

# Writes down the version of every package that requirements-dev.txt and -docs.txt bring, for one Python:
# `make lock PYTHON=python3.13`. `PIP_CONSTRAINT=requirements-lock-3.13.txt make run` installs those.
lock:
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --disable-pip-version-check \
		-r requirements-dev.txt -r requirements-docs.txt
	.venv-lock/bin/python -m pip freeze > requirements-lock-$$($(PYTHON) -c \
		"import sys; print('%d.%d' % sys.version_info[:2])").txt
	rm -rf .venv-lock

# What `--backend genn` needs on top: see docs/genn.md. GENN_PATH is a copy of GeNN's source,
# which must be writable now: its libraries are built in it, once and one at a time.
genn: $(VENV)/run.stamp genn-env
	@GENN_PYTHON=$(abspath $(GENN_VENV))/bin/python $(BIN)/python -m driver.engine.genn.engine
	@test -w "$(GENN_PATH)" || { echo "GENN_PATH=$(GENN_PATH) cannot be written" >&2; exit 2; }
	$(MAKE) -j1 -C "$(GENN_PATH)" libgenn
	$(MAKE) -j1 -C "$(GENN_PATH)" single_threaded_cpu $(if $(CUDA_PATH),cuda)

genn-env: $(GENN_VENV)/genn.stamp

# What `--backend cuda` needs besides a CUDA toolkit: see docs/cuda.md. Python 3.12 or newer.
cuda-env: $(CUDA_VENV)/cuda.stamp

# A peer of the benchmarks, in an environment of its own.
nest: .venv-nest/nest.stamp

clean:
	rm -rf $(VENV) $(GENN_VENV) $(CUDA_VENV) .venv-nest .venv-lock .pytest_cache .ruff_cache .hypothesis docs/_build docs/gallery

$(VENV)/run.stamp: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/dev.stamp: requirements-dev.txt $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

$(VENV)/docs.stamp: requirements-docs.txt $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	touch $@

$(GENN_VENV)/genn.stamp: requirements-genn.txt
	$(PYTHON) -m venv $(GENN_VENV)
	$(GENN_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-genn.txt
	touch $@

$(CUDA_VENV)/cuda.stamp: requirements-cuda.txt
	$(PYTHON) -m venv $(CUDA_VENV)
	$(CUDA_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-cuda.txt
	touch $@

.venv-nest/nest.stamp: requirements-nest.txt
	$(PYTHON) -m venv .venv-nest
	.venv-nest/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-nest.txt
	touch $@
