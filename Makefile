# make demo    animate two photos (installs only what a user needs)
# make test    every test                (installs the dev extra, torch included)
# make lint    ruff and basedpyright
# make site    the documentation site, built strictly into build/site
# make bench   the measurements that docs/bench quotes
# make fuzz    50,000 mutated files against the readers (minutes); findings are kept in fuzz-findings
# make kill-test  a hundred kills at random moments (minutes)
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OUT ?= demo-out
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help demo test kill-test fuzz lint format bench docs site clean
help:
	@sed -n 's/^# make/make/p' Makefile

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: Mimica needs Python 3.11 or newer; say which with: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(PIP) install --quiet -e ".[dev]"
	@touch $@ $(VENV)/.runtime

# the demo's second photo, a real one, comes with matplotlib; its files are enough, so nothing else is installed
$(VENV)/.demo: $(VENV)/.runtime
	$(PIP) install --quiet --no-deps "matplotlib>=3.9,<4"
	@touch $@

demo: $(VENV)/.demo
	@$(BIN)/mimica demo -o $(OUT)

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)

kill-test: $(VENV)/.dev
	MIMICA_KILLS=100 $(BIN)/python -m pytest tests/e2e/test_kills.py tests/e2e/test_resume.py $(PYTEST_ARGS)

fuzz: $(VENV)/.dev
	$(BIN)/python tests/fuzz/campaign.py --files 50000 --jobs 4

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

bench: $(VENV)/.dev
	@set -e; for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script; done

docs: $(VENV)/.dev
	$(BIN)/python -m mimica.cli.reference > docs/reference/cli.md

site: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

clean:
	rm -rf build dist demo-out .pytest_cache .ruff_cache .hypothesis
