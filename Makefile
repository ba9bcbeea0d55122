# Recado's commands; `make help` lists them. Needs make and Python 3.11 or newer.
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-run
DEV_STAMP := $(VENV)/.installed-dev
BROWSER_STAMP := $(VENV)/.installed-browser
# The first Python on PATH that is new enough.
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach p,$(CANDIDATES),$(shell command -v $(p) >/dev/null 2>&1 && $(p) -c '$(NEW_ENOUGH)' 2>/dev/null && echo $(p))))
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-compile --require-hashes
LOCK_EXPORT := uv export --no-emit-index-url --no-emit-project --no-header --no-annotate --format requirements-txt -q
# What `make check` looks at production with: well-formed, and used for nothing.
PRODUCTION := DJANGO_SETTINGS_MODULE=config.settings.production \
	SECRET_KEY=looked-at-by-make-check-and-used-for-nothing-0123456789 \
	INTEGRATIONS_KEY=0000000000000000000000000000000000000000000000000000000000000000 \
	DATABASE_URL=postgresql://127.0.0.1:1/unused REDIS_URL=redis://127.0.0.1:1 \
	PUBLIC_URL=https://recado.example RECADO_SANDBOX=0 LOG_FORMAT=console

.DEFAULT_GOAL := help
.PHONY: help run test check bench prove browser lint format messages lock clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | awk -F'\t' '{printf "make %-10s %s\n", $$1, $$2}'

run: $(RUN_STAMP) ## run all of Recado on this machine (PORT=8000); Ctrl-C stops it
	@exec $(BIN)/python manage.py up $(if $(PORT),--port $(PORT))

test: $(DEV_STAMP) ## the whole test suite, on servers of its own unless DATABASE_URL / REDIS_URL are set (ARGS=--cov counts lines)
	@exec $(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

check: lint ## everything a change must pass besides the tests
	$(BIN)/mypy .
	$(BIN)/lint-imports --no-cache
	@$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	@$(PRODUCTION) DJANGO_SETTINGS_MODULE=config.settings.test $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(BIN)/python -m tests.messages --check
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@! grep -n '://' requirements*.lock || { echo 'a lock file names a host'; exit 1; }

lint: $(DEV_STAMP) ## style alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	find templates -name '*.html' -exec $(BIN)/djade --check {} +

format: $(DEV_STAMP) ## rewrite the code in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	find templates -name '*.html' -exec $(BIN)/djade {} + || true

messages: $(DEV_STAMP) ## collect the texts of pages into config/locale and compile them
	@exec $(BIN)/python -m tests.messages

bench: $(DEV_STAMP) ## measure the figures of docs/bench.md
	@exec $(BIN)/python -m tests.bench $(ARGS)

prove: $(DEV_STAMP) ## kill and freeze the servers and count what was lost
	@exec $(BIN)/python -m tests.prove $(ARGS)

browser: $(BROWSER_STAMP) ## every page in Chromium: walks, axe, screenshots in var/screens
	@command -v chromium chromium-browser google-chrome >/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo 'installing chromium'; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; \
		else echo 'make browser needs Chromium on PATH. On Debian or Ubuntu: sudo apt-get install chromium'; exit 1; fi; }
	@exec $(BIN)/python -m pytest tests/browser -n 2 $(ARGS)

lock: ## resolve the dependencies again (needs uv)
	uv lock --upgrade
	$(LOCK_EXPORT) -o requirements-production.lock >/dev/null
	$(LOCK_EXPORT) --extra embedded -o requirements.lock >/dev/null
	$(LOCK_EXPORT) --all-extras --no-extra s3 -o requirements-dev.lock >/dev/null
	$(LOCK_EXPORT) --extra s3 -o requirements-s3.lock >/dev/null
	$(LOCK_EXPORT) --only-group browser -o requirements-browser.lock >/dev/null

clean: ## remove what was installed and cached; var/ with your data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'Recado needs Python 3.11 or newer. On Debian 12: apt-get install python3 python3-venv'; exit 1; }
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo 'Recado needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 ...'; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo 'installing python3-venv'; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3-venv; \
		else echo "Python's ensurepip is missing. On Debian or Ubuntu: sudo apt-get install python3-venv"; exit 1; fi; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): requirements.lock | $(BIN)/python
	@echo 'installing packages (once; about half a minute)'
	@$(PIP_INSTALL) -r requirements.lock
	@touch $@

$(DEV_STAMP): requirements-dev.lock requirements.lock | $(BIN)/python
	@echo 'installing packages of development (once; about a minute)'
	@$(PIP_INSTALL) -r requirements-dev.lock
	@touch $@ $(RUN_STAMP)

$(BROWSER_STAMP): requirements-browser.lock $(DEV_STAMP)
	@echo 'installing what drives a browser (once; about half a minute)'
	@$(PIP_INSTALL) -r requirements-browser.lock
	@touch $@
