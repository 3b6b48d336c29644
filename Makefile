# What there is to do in a clone, one word each; `make help` lists it. Targets only call the scripts that do it.

PYTHON := .venv/bin/python
ARGS ?=
SINCE ?= HEAD

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup window sample test test-fast test-headless lint format tree lock licences screenshots translations \
	bench trials package wheel bundle deb clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo '  ARGS="..." goes to what is called: make test ARGS="tests/core -x", make window ARGS=paper.pdf'

setup:  ## Install what is missing for working on the code, into .venv
	@. packaging/setup/find-python.sh && "$$PYTHON" packaging/setup/prepare.py --extra dev

window:  ## Open the window
	./packaging/setup/run-window $(ARGS)

sample:  ## Summarise the sample document at the command line
	./packaging/setup/run-sample $(ARGS)

test:  ## Check the code and run all tests, as CI does
	./packaging/setup/run-tests $(ARGS)

test-fast: lint  ## Check the code and run the tests that mirror what changed since SINCE=HEAD, or a quick few
	tests=$$($(PYTHON) packaging/changed_tests.py --since $(SINCE)) && $(PYTHON) -m pytest $$tests $(ARGS)

test-headless:  ## Run all tests that need no Qt where there is none, in .venv-headless
	./packaging/setup/run-headless-tests $(ARGS)

lint: setup  ## Check style, types and which layer imports which
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

format: setup  ## Bring the code into its form
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

tree: setup  ## Bring the README's tree of files up to date
	$(PYTHON) packaging/readme_tree.py $(ARGS)

lock: setup  ## Make packaging/lock anew after a change of dependencies (needs uv and the network)
	$(PYTHON) packaging/lock.py $(ARGS)

licences: setup  ## Bring docs/dependencies.md up to date and judge every licence
	$(PYTHON) packaging/licences.py $(ARGS)

screenshots: setup  ## Take the pictures of README and guide (Linux with Xvfb and xdotool)
	$(PYTHON) packaging/screenshots.py $(ARGS)

translations: setup  ## Take the window's texts out of the code, compile the languages, say what is missing
	$(PYTHON) packaging/translations.py update
	$(PYTHON) packaging/translations.py release
	$(PYTHON) packaging/translations.py --check

bench: setup  ## Measure speed and memory on this machine
	.venv/bin/griffin-desk bench $(ARGS)

trials: setup  ## Try to break the program (hours; ARGS=--list names the trials)
	$(PYTHON) -m tests.torture $(ARGS)

package: wheel bundle deb  ## Build everything that is handed on, into dist

wheel: setup  ## Build the wheel and the source archive
	$(PYTHON) -m hatchling build

bundle:  ## Build the one-folder program, which needs no Python
	@. packaging/setup/find-python.sh && "$$PYTHON" packaging/setup/prepare.py --extra ui --extra dense --extra bundle
	$(PYTHON) packaging/bundle.py

deb: bundle  ## Build the Debian package from the one-folder program
	$(PYTHON) packaging/deb.py

clean:  ## Delete what was built and cached; the environments stay
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find app benchmarks packaging tests -type d -name __pycache__ -prune -exec rm -rf {} +
