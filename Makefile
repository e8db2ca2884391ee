# Everything starts here. `make demo` and `make test` need Python 3.11, git and make; the demo and
# the tests that run JavaScript also need node.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
# What is compiled is kept: each of the many processes here would compile it again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo demo-fleet test test-deep test-real conformance ecosystems differential \
	crashes soak check fuzz bench bench-counts bench-growth bench-indices bench-solver \
	bench-worktrees bench-donors bench-fleet golden clean

help:
	@echo 'make demo         install an example of over 250 packages and run code that uses them'
	@echo 'make golden       take packages of every kind from a golden workspace, and prove it unchanged'
	@echo 'make demo-fleet   a server, three hosts, and scripts on each'
	@echo 'make test         run the tests (hermetic, parallel)'
	@echo 'make test-deep    run them with many more examples and kills'
	@echo 'make test-real    run the tests that use the registry npm is configured for'
	@echo 'make conformance  compare ranges and specifiers with npm, and the index grammar and prices'
	@echo 'make ecosystems   run real projects (React, Next, Angular ...) in every layout'
	@echo 'make differential compare what graft, npm and pnpm choose'
	@echo 'make crashes      kill graft, and a fleet, at each of their steps, and count what is left'
	@echo 'make soak         eight at work on one store for ten minutes'
	@echo 'make check        ruff and mypy, strict'
	@echo 'make fuzz         fuzz every reader of files that others wrote (FUZZ_SECONDS=60 each)'
	@echo 'make bench        time graft beside npm, pnpm and bun'
	@echo 'make bench-counts count what graft does (needs strace)'
	@echo 'make bench-growth time graft, bun and pnpm on graphs of four sizes'
	@echo 'make bench-worktrees time twenty worktrees of one repository at once'
	@echo 'make bench-donors time packages that a parent workspace has already'
	@echo 'make bench-fleet  have a thousand hosts converge on one server, and change releases under load'
	@echo 'make bench-solver time the flat solver beside others, and compare answers'
	@echo 'make clean        remove the environment and caches'

setup: $(STAMP)

$(STAMP): pyproject.toml bin/graft src/graft/base/_native.c
	@echo 'setup: creating $(VENV) and installing graft and its tools'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "graft needs Python 3.11 or newer")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/python examples/demo.py

golden: $(STAMP)
	@$(BIN)/python examples/golden.py

demo-fleet: $(STAMP)
	@$(BIN)/python examples/fleet.py

# Neighbours stay together: what the tests of a file share is made once, not by each worker.
PARALLEL := -n auto --dist worksteal

test: $(STAMP)
	@echo 'test: hermetic tests, in parallel'
	@$(BIN)/python -m pytest $(PARALLEL)

test-deep: $(STAMP)
	@echo 'test-deep: hermetic tests, with many examples of each property'
	@$(BIN)/python -m pytest $(PARALLEL) --hypothesis-profile=deep

test-real: $(STAMP)
	@echo 'test-real: tests against the registry npm is configured for'
	@$(BIN)/python -m pytest -m real_registry

conformance: $(STAMP)
	@$(BIN)/python bench/conformance.py
	@$(BIN)/python bench/specifiers.py
	@$(BIN)/python bench/conformance_index.py
	@$(BIN)/python -m bench.solver --prices

ecosystems: $(STAMP)
	@$(BIN)/python bench/ecosystems.py

differential: $(STAMP)
	@$(BIN)/python bench/differential.py --markdown

crashes: $(STAMP)
	@$(BIN)/python bench/crashes.py --markdown build/crashes.md
	@$(BIN)/python bench/fleet_crashes.py --markdown build/crashes-fleet.md

soak: $(STAMP)
	@$(BIN)/python bench/soak.py

check: $(STAMP)
	@echo 'check: ruff'
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo 'check: mypy --strict'
	@$(BIN)/mypy

FUZZ_SECONDS := 60
FUZZ_STAMP := $(VENV)/.ready-to-fuzz

$(FUZZ_STAMP): $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	@touch $@

fuzz: $(FUZZ_STAMP)
	@$(BIN)/python fuzz/run.py --seconds $(FUZZ_SECONDS)

bench: $(STAMP)
	@$(BIN)/python bench/install.py

bench-counts: $(STAMP)
	@$(BIN)/python bench/counts.py

bench-worktrees: $(STAMP)
	@$(BIN)/python bench/worktrees.py

bench-donors: $(STAMP)
	@$(BIN)/python bench/donors.py

bench-fleet: $(STAMP)
	@$(BIN)/python bench/fleet.py --flips 200

GROWTH := packages-50 packages-266 packages-1400 packages-3000
GROWN := $(GROWTH:%=build/growth/%.json)

bench-growth: $(GROWN)
	@$(BIN)/python bench/growth.py $(GROWN) --markdown build/growth/growth.md

ROUNDS := 3
build/growth/packages-3000.json: ROUNDS := 2

$(GROWN): build/growth/%.json: $(STAMP)
	@mkdir -p $(@D)
	@$(BIN)/python bench/install.py --fixture $* --runs $(ROUNDS) --no-counts \
		--tool graft --tool bun-global --tool pnpm-global --json $@

bench-indices: $(STAMP)
	@$(BIN)/python bench/indices.py

bench-solver: $(STAMP)
	@$(BIN)/python -m bench.solver

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache build src/*.egg-info
