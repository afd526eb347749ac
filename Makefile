# make demo    set up, then find, attach and report on a Django shop with planted faults
# make test    set up, then run the tests
# make matrix  the core program over Djangos, Pythons and servers; builds what it needs, takes minutes
# make ship    the image, the release and fresh machines, built and used for real; needs root, takes minutes
# make dist    sdist and wheel, built with the locked tools and checked as PyPI would
# make locks   the image's packages anew, each with the hashes of its files; needs Python 3.11 or newer
# make image   the container image, with docker or whatever IMAGE_BUILDER names
# make bless   write the expected reports of the tests again; read the difference before you commit it
# make check   all that CI runs: format, lint, types, the import contracts, the rules of the house, the tests

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo test bless check lint matrix ship dist locks image clean

demo: $(VENV)/.demo-ready
	$(BIN)/asyncspy demo

test: $(VENV)/.dev-ready
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile

bless: $(VENV)/.dev-ready
	$(BIN)/python -m tests.report.goldens

check: lint test

lint: $(VENV)/.dev-ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m docs.architecture --check
	$(BIN)/python -m benchmarks.house.rules

matrix: $(VENV)/.dev-ready
	$(BIN)/python -m pytest -m matrix tests/live/matrix

ship: $(VENV)/.dev-ready
	$(BIN)/python -m pip install --quiet --group ship
	$(BIN)/python -m pytest -s -m ship tests/live/ship

# What the package is built with is said in pyproject.toml alone.
LOCK := pip compile --quiet --universal --python-version 3.10 --generate-hashes --upgrade --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make locks"

locks: $(VENV)/.dev-ready
	$(BIN)/uv $(LOCK) pyproject.toml --output-file locks/runtime.txt
	$(BIN)/python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['build-system']['requires'], sep='\n')" \
	    | $(BIN)/uv $(LOCK) - --output-file locks/build.txt
	printf 'build\ntwine\n' | $(BIN)/uv $(LOCK) --constraint locks/build.txt - --output-file locks/release.txt

dist: $(VENV)/.pip-ready
	rm -rf dist $(VENV)/release
	$(PYTHON) -m venv $(VENV)/release
	$(VENV)/release/bin/python -m pip install --quiet --require-hashes --requirement locks/build.txt --requirement locks/release.txt
	$(VENV)/release/bin/python -m build --no-isolation --outdir dist .
	$(VENV)/release/bin/twine check --strict dist/*

IMAGE_BUILDER ?= docker build
image:
	$(IMAGE_BUILDER) --tag asyncspy .

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
