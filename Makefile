# Every target does its own set-up: Python 3.11 to 3.14, make, git and a package index are all it needs.
# Written for GNU make 3.81, which is macOS's.
PYTHON ?= python3
PYTHON_VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
INSTALLED := .venv/installed-$(PYTHON_VERSION)
BIN := .venv/bin
export RAY_ENABLE_UV_RUN_RUNTIME_ENV := 0
export RAY_USAGE_STATS_ENABLED := 0

.DEFAULT_GOAL := help
N ?= 200
SEED ?= 1
# Most tests wait for something, so they run side by side. A file's tests stay in one process, with its servers.
WORKERS ?= 2
SIDE_BY_SIDE := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
.PHONY: help install demo test coverage test-slow test-browser test-cluster screens chaos check bench up docs lock clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(INSTALLED): requirements.lock pyproject.toml environment.py
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null || { \
	  echo "moments_ray needs Python 3.11 to 3.14, and $(PYTHON) is $(if $(PYTHON_VERSION),$(PYTHON_VERSION),not to be found)." \
	    "Name another one: make $(or $(MAKECMDGOALS),demo) PYTHON=python3.13" >&2; exit 1; }
	$(PYTHON) environment.py
	@touch $@

install: $(INSTALLED)  ## make the environment, and nothing else

demo: $(INSTALLED)  ## make a short talk, find its moments, write out/demo/
	$(BIN)/moments demo --out out/demo

test: $(INSTALLED)  ## the whole test-suite
	$(BIN)/pytest $(SIDE_BY_SIDE)

coverage: $(INSTALLED)  ## the whole test-suite, and which lines of the code it runs in its own processes
	$(BIN)/pytest $(SIDE_BY_SIDE) --cov=moments_ray --cov=serve_app --cov=jobs --cov-report=term:skip-covered

test-slow: $(INSTALLED)  ## what takes minutes: the sweeps of failpoints, kills and recordings
	$(BIN)/pytest -m slow

# The command itself stands for the extra, so that whatever takes it away also has it installed again.
BROWSER := $(BIN)/playwright

$(BROWSER): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[browser]'
	@touch $@

# Clips first: once Playwright has the main thread's event loop, no test of clips can run one.
test-browser: $(BROWSER)  ## pages and clips in Chromium, which must be installed
	$(BIN)/pytest -m browser tests/integration tests/browser

test-cluster: $(INSTALLED)  ## three machines of namespaces (root), and the loss of each; with the times it took
	$(BIN)/pytest -m cluster -x tests/cluster

screens: $(BROWSER)  ## pictures of every page into out/screens/, and those of docs/
	$(BIN)/python -m tests.browser.screens

chaos: $(INSTALLED)  ## N=200 runs while everything is killed, frozen or cut in turn; SEED=1
	$(BIN)/python -m tests.chaos --runs $(N) --seed $(SEED)

check: $(INSTALLED)  ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/oxlint --import-plugin serve_app/ui
	$(BIN)/mypy

bench: $(INSTALLED)  ## the numbers README and docs quote
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.api

up: $(INSTALLED)  ## the server, on loopback
	$(BIN)/moments up

docs: $(INSTALLED)  ## write the pages that are made from code
	$(BIN)/python -m moments_ray.reference

LOCKED := embedded asr whisper demo ads tracing encoder dev

lock: $(INSTALLED)  ## resolve pyproject.toml again into requirements.lock
	$(BIN)/uv pip compile --universal --generate-hashes $(LOCKED:%=--extra %) --python-version 3.11 --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean:  ## remove the environment and everything made
	rm -rf .venv out dist .mypy_cache .ruff_cache .pytest_cache
