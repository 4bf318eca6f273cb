PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PORT ?= 8000
BENCH ?=
POINTS ?= 200
SIZES ?= 20
HISTORIES ?= 200
SEED ?= 17

.PHONY: demo test check crash bench install browser tesseract clean

demo: install  ## Ingest the example corpus, serve it, ask it a question (ONCE=1: then stop)
	@$(BIN)/plumbline demo --port $(PORT) $(if $(ONCE),--once)

test: install browser tesseract  ## Run all tests
	$(BIN)/python -m pytest

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

browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	|| { echo "installing chromium for the browser tests"; \
	     apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } \
	|| { echo "the browser tests need chromium: install it, e.g. apt-get install -y chromium"; exit 1; }

tesseract:
	@command -v tesseract >/dev/null \
	|| { echo "installing tesseract for the tests of --ocr"; \
	     apt-get update -qq && apt-get install -y -qq tesseract-ocr >/dev/null; } \
	|| { echo "the tests of --ocr need tesseract: install it, e.g. apt-get install -y tesseract-ocr"; exit 1; }

clean:  ## Remove what the targets made, corpora in data/ excepted
	rm -rf .venv build reports *.egg-info .pytest_cache .mypy_cache .ruff_cache
