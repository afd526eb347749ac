#!/bin/sh
# What a new user types on a new machine: the README's two commands, every other command of the README, the runbook and the
# pages one after the other (tests/live/test_readme.py runs them as they stand), and each way to install.
# $1 is the checkout to clone; FRESH_TESTS are options for `make test`, which takes long.
set -eu

told() { echo "== $(date +%T) $*"; }

told "python3 $(python3 --version), $(make --version | head -1), $(git --version); nothing else"
git clone --quiet "$1" /srv/asyncspy
cd /srv/asyncspy

told make demo
make demo

told make test
PYTEST_ADDOPTS="${FRESH_TESTS:-}" make test

told every other command
.venv/bin/python -m pytest -v tests/live/test_readme.py

told pip install
python3 -m venv /srv/venv
/srv/venv/bin/pip install --quiet .
/srv/venv/bin/asyncspy --version

told pipx install
python3 -m venv /srv/tools
/srv/tools/bin/pip install --quiet pipx uv
/srv/tools/bin/pipx install .
"$HOME/.local/bin/asyncspy" --version
/srv/tools/bin/pipx uninstall asyncspy

told uv tool install
/srv/tools/bin/uv tool install .
"$HOME/.local/bin/asyncspy" find-workers --help >/dev/null

told all of it works
