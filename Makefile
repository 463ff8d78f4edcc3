# Everything a fresh machine needs is Python 3.11 or newer, git and make. `make` alone lists the targets.

VENV := .venv
BIN := $(VENV)/bin
# Named after the content of the pins: a start with unchanged pins runs no installer.
DEMO_READY := $(VENV)/.demo-$(shell cksum < requirements/demo.txt | tr ' ' -)
TEST_READY := $(VENV)/.test-$(shell cksum < requirements/dev.txt | tr ' ' -)
BENCH_READY := $(VENV)/.bench-$(shell cksum < requirements/bench.txt | tr ' ' -)
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header -q

# Ten processes start from the same modules: compile each once, not ten times. `make clean` removes the result.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test faults browser-full bench lint format doctor stack screenshots clean requirements

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(DEMO_READY) ## Run the whole platform on a simulated city; options in ARGS="--for 60 --json"
	@$(BIN)/python manage.py demo $(ARGS)

test: $(TEST_READY) ## Run every test on real servers, in two processes; ARGS="-k name" for some, "-n 0" in one
	@$(BIN)/python -m pytest -n 2 $(ARGS)

faults: $(TEST_READY) ## Run the fault matrix to its full count of trials (about an hour); ARGS="-k row_9" for some
	@FORKROAD_FAULTS=full $(BIN)/python -m pytest tests/faults $(ARGS)

browser-full: $(TEST_READY) ## Sweep every page for accessibility: light and dark, phone and desk, all states; ARGS="-k axe"
	@FORKROAD_BROWSER=full $(BIN)/python -m pytest tests/browser $(ARGS)

bench: $(BENCH_READY) ## Measure against every target, each in its short form (about ten minutes); ARGS="--json"
	@$(BIN)/python -m benchmarks $(ARGS)

lint: $(TEST_READY) ## Check style, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .

format: $(TEST_READY) ## Put the code into the project's format
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

doctor: $(DEMO_READY) ## Check this machine and the running system, with a fix for each fault
	@$(BIN)/python manage.py doctor $(ARGS)

stack: $(DEMO_READY) ## Keep the bare servers running and print where they are (for quick test runs)
	@$(BIN)/python -m config.embedded

screenshots: $(TEST_READY) ## Make the pictures of README and docs from a running demo; URL=... where it is not on port 8000
	@$(BIN)/python -m docs.screenshots $(if $(URL),--url $(URL))

requirements: $(BIN)/uv ## Pin the dependencies of pyproject.toml anew (for maintainers)
	@$(COMPILE) -o requirements/runtime.txt
	@$(COMPILE) --extra embedded -o requirements/demo.txt
	@$(COMPILE) --extra dev -o requirements/dev.txt
	@$(COMPILE) --extra bench -o requirements/bench.txt

clean: ## Remove all that the other targets made, downloads included
	@if [ -x $(BIN)/python ]; then PYTHONDONTWRITEBYTECODE=1 $(BIN)/python -m config.embedded.clean; fi
	@rm -rf $(VENV) .forkroad .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(DEMO_READY): $(BIN)/python
	@echo "Installing the pinned packages (once)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/demo.txt
	@rm -f $(VENV)/.demo-*; touch $@

$(TEST_READY): $(BIN)/python
	@echo "Installing the pinned packages (once)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@rm -f $(VENV)/.test-*; touch $@

$(BENCH_READY): $(BIN)/python
	@echo "Installing the pinned packages (once)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@rm -f $(VENV)/.bench-*; touch $@

$(BIN)/python:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14; do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Python 3.11 or newer is needed and none is on the PATH. If it is elsewhere: make PYTHON=/path/to/python3"; exit 1; \
	fi; \
	if ! $$found -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "$$found cannot make a virtual environment: its venv module is missing."; \
	  echo "On Debian and Ubuntu: apt-get install python3-venv. Then run make again."; exit 1; \
	fi; \
	$$found -m venv $(VENV)

$(BIN)/uv: $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
