# make demo    set up, then find, attach and report on a Django shop with planted faults
# make test    set up, then run the tests
# make matrix  the core program over Djangos, Pythons and servers; builds what it needs, takes minutes
# make check   all that CI runs: format, lint, types, the layer contract, the tests

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo test check lint matrix clean

demo: $(VENV)/.demo-ready
	$(BIN)/asyncspy demo

test: $(VENV)/.dev-ready
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile

check: lint test

lint: $(VENV)/.dev-ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

matrix: $(VENV)/.dev-ready
	$(BIN)/python -m pytest -m matrix tests/live/matrix

$(VENV)/.pip-ready:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	touch $@

$(VENV)/.demo-ready: $(VENV)/.pip-ready pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[demo]"
	touch $@

$(VENV)/.dev-ready: $(VENV)/.pip-ready pyproject.toml
	$(BIN)/python -m pip install --quiet --editable . --group dev
	touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
