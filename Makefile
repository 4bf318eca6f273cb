PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PORT ?= 8000
BENCH ?=
OPTIONS ?=
PYTEST = $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder
# Tests that wait leave a processor idle, so there is one more worker than processors, at most four.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$((n < 4 ? n + 1 : 4)))
POINTS ?= 200
SIZES ?= 20
HISTORIES ?= 200
SEED ?= 17

.PHONY: demo test quick check crash bench install clean

demo: install  ## Ingest the example corpus, serve it, ask it a question (ONCE=1: then stop)
	@$(BIN)/plumbline demo --port $(PORT) $(if $(ONCE),--once)

test: install  ## Run all tests; what needs Chromium or Tesseract is skipped where there is none
	$(PYTEST) -n $(WORKERS) -rs $(OPTIONS)

quick: install  ## Run the tests that start no browser, server, command or crash of their own
	$(PYTEST) -n auto --maxprocesses 4 -m "not slow" $(OPTIONS)

check: install  ## Lint, formatting and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

crash: install  ## Kill runs at POINTS=200 seeded points, fill SIZES=20 disks, erase in HISTORIES=200; SEED=17
	$(BIN)/python -m tests.crash --points $(POINTS) --sizes $(SIZES) --histories $(HISTORIES) --seed $(SEED)

bench: install  ## Measure quality and speed; BENCH="--spans DIR --messy DIR --peers FILE" adds data
	$(BIN)/python -m evals.bench $(BENCH)

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean:  ## Remove what the targets made, corpora in data/ excepted
	rm -rf .venv build reports *.egg-info .pytest_cache .mypy_cache .ruff_cache
