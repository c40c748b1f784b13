# Every target does its own set-up: Python 3.11 or later, make and a package index are all it needs.
PYTHON ?= python3
BIN := .venv/bin
export RAY_ENABLE_UV_RUN_RUNTIME_ENV := 0
export RAY_USAGE_STATS_ENABLED := 0

.DEFAULT_GOAL := help
N ?= 200
SEED ?= 1
.PHONY: help demo test test-slow test-browser chaos check bench up docs lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: .venv/installed  ## make a short talk, find its moments, write out/demo/
	$(BIN)/moments demo --out out/demo

test: .venv/installed  ## the whole test-suite
	$(BIN)/pytest

test-slow: .venv/installed  ## what takes minutes: the sweeps of failpoints, kills and recordings
	$(BIN)/pytest -m slow

test-browser: .venv/installed  ## clips in Chromium, which must be installed
	$(BIN)/pytest -m browser

chaos: .venv/installed  ## N=200 runs while everything is killed, frozen or cut in turn; SEED=1
	$(BIN)/python -m tests.chaos --runs $(N) --seed $(SEED)

check: .venv/installed  ## format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: .venv/installed  ## the numbers README and docs quote
	$(BIN)/python -m benchmarks.engine
	$(BIN)/python -m benchmarks.api

up: .venv/installed  ## the server, on loopback
	$(BIN)/moments up

docs: .venv/installed  ## write the pages that are made from code
	$(BIN)/python -m moments_ray.reference

lock:  ## resolve pyproject.toml again into requirements.lock (needs uv)
	uv pip compile --universal --generate-hashes --all-extras --python-version 3.11 --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean:  ## remove the environment and everything made
	rm -rf .venv out dist .mypy_cache .ruff_cache .pytest_cache
