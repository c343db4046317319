# Everything happens in .venv, which is made on first use and brought up to date when pyproject.toml or constraints.txt change.
#   make run [ARGS="--model DIR"]     start the program
#   make test, make test-slow         everything a change must pass, and what takes too long for every change
#   make bench [ARGS=NAME]            the measured comparisons
#   make lint, make format            what `make test` checks before the tests; rewrite what ruff can rewrite
# PYTHON=python3.12 picks the interpreter, PIP_ARGS=... is passed on to pip.

PYTHON ?= python3
PIP_ARGS ?=
ARGS ?=
BIN := .venv/bin

.PHONY: run test test-slow bench lint format system
.SILENT:

run: .venv/installed
	$(BIN)/python main.py $(ARGS)

test: lint
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-slow: .venv/installed-test
	$(BIN)/python -m pytest -m slow $(ARGS)

bench: .venv/installed-test
	$(BIN)/python -m tests.benchmarks $(ARGS)

lint: .venv/installed-test
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet . || { echo 'Some files are not formatted: make format'; exit 1; }
	$(BIN)/mypy --no-error-summary --strict model
	$(BIN)/mypy --no-error-summary --cache-dir .mypy_cache/explorer explorer main.py
	$(BIN)/lint-imports --no-logo

format: .venv/installed-test
	-$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format --quiet .

# System packages: installed where a machine belongs to a test run, named where it belongs to a person.
system:
	packages=$$($(PYTHON) -m explorer.system_libraries) || exit 1; \
	if [ -z "$$packages" ]; then exit 0; fi; \
	if [ "$$CI" = true ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$packages >/dev/null; \
	else \
		echo "The tests need system packages that are missing here; on Debian or Ubuntu: apt-get install $$packages"; \
	fi

.venv/installed: pyproject.toml constraints.txt
	$(call install,.)
	touch $@

.venv/installed-test: pyproject.toml constraints.txt | system
	$(call install,.[test])
	touch .venv/installed $@

define install
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed; name one with PYTHON=python3.12, say.'; exit 1; }
	test -x $(BIN)/pip || $(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv module; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	test -x $(BIN)/pip || $(PYTHON) -m venv .venv
	$(BIN)/python -c 'import importlib.util as i, sys; sys.exit(sys.platform == "linux" and not i.find_spec("torch"))' || \
		echo 'torch is about to be installed: on Linux the default build carries CUDA, several GB; for a CPU build pass PIP_ARGS=...'
	$(BIN)/pip install $(if $(CI),--quiet) --disable-pip-version-check $(PIP_ARGS) -c constraints.txt -e '$(1)'
endef
