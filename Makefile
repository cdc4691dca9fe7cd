# Labyard: `make up` serves it, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo -E)
READY := $(VENV)/.ready
INPUTS := pyproject.toml hatch_build.py $(shell find examiner web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)
MACHINE_TESTS := tests
# A file at a time per worker; those on machines first, which take longest.
WORKERS := -n $(shell n=$$(nproc); echo $$((n < 4 ? n : 4))) --dist loadfile --no-loadscope-reorder
SOAK_TESTS := $(addprefix tests/vm/plays/test_,random_moments.py moments.py moments_crash.py sizes.py large.py database.py service.py whole_catalog.py) tests/vm/examiner

.PHONY: help setup packages up down check lint test soak bots bench docs pictures clean
help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

$(READY): $(INPUTS)
	@echo ">> Python environment, examiner and pages (a few minutes the first time)"
	@tools/ensure-packages base
	python3 -m venv $(VENV)
	$(PIP) --upgrade 'pip>=24' && $(PIP) -e '.[dev]' || { echo ">> pip failed with this box's settings; once more without them"; \
	  export PIP_CONFIG_FILE=/dev/null; $(PIP) -e '.[dev]'; }
	@touch $@

setup: $(READY) ## everything that development and tests need
	@tools/ensure-packages base run test
	@$(BIN)/python -m tests.support.oidc

up: $(READY) ## install what is missing and serve at http://127.0.0.1:8800
	@$(SUDO) env PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/labyard up

down: $(READY) ## end all plays and the server
	@$(SUDO) $(BIN)/labyard down

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint ## the fast part: no root, no QEMU, a few minutes
	@$(BIN)/python -m tests.support.oidc
	$(BIN)/pytest -q $(WORKERS) --hypothesis-profile=check -m "not vm and not root and not slow" tests/unit tests/contract

test: setup lint ## everything, on real machines (root, half an hour on two cores under emulation)
	$(SUDO) env PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pytest $(WORKERS) --durations=40 --durations-min=5 $(MACHINE_TESTS)

soak: setup ## the long forms: 200 random operations on real plays, cuts everywhere, a database forked (LABYARD_SOAK=200)
	$(SUDO) env PATH="$(CURDIR)/$(BIN):$$PATH" LABYARD_SOAK=$${LABYARD_SOAK:-200} $(BIN)/pytest $(WORKERS) $(SOAK_TESTS)

bots: setup ## solve every lesson and start every playground, by bots (forty minutes to an hour under emulation); the matrix is in build/bots
	$(SUDO) env PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.bots $(BOTS)

bench: setup ## the figures of SPECIFICATION.md, as ratios of one run (BENCH="NAME..." for some)
	$(SUDO) env PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m tests.bench $(BENCH)

docs: $(READY) ## the documentation site, in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

pictures: setup ## take the documentation's pictures again, of real plays (root, five minutes under emulation)
	$(SUDO) env PATH="$(CURDIR)/$(BIN):$$PATH" LABYARD_DOC_PICTURES=$(CURDIR)/docs/images $(BIN)/pytest -m pictures tests/e2e
	$(BIN)/pytest -q tests/unit/docs/test_pictures.py

clean: ## remove what was built here
	rm -rf $(VENV) src/labyard/_built web/dist web/node_modules tests/oidc/node_modules
