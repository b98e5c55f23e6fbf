# Menshen's house rules: each target does all of its own set-up on a fresh Debian machine. `make help` lists them.

VENV := .venv
PY := $(VENV)/bin/python
PYTHON ?= python3
# uv where it is there, pip where not; `make UV= ...` takes pip in any case.
UV ?= $(shell command -v uv 2>/dev/null)
SITE ?= provisioning/sites/community_gate.toml
BENCHES ?= swipe stop modbus decide import build swap suspend compare journal search memory page pages start day recognise vision plates
ARGS ?=

# What tests use of Debian: a browser and Chinese letters for the page, mDNS, network namespaces, recorded writes, an
# independent Modbus master and wires for it.
SYSTEM := chromium chromium-headless-shell fonts-noto-cjk avahi-daemon avahi-utils dbus iproute2 strace mbpoll socat gcc libc6-dev
# What builds and runs the machine of the kernel rig (tests/rig).
SYSTEM += qemu-system-arm xz-utils cpio $(if $(filter aarch64,$(shell uname -m)),gcc libc6-dev,gcc-aarch64-linux-gnu libc6-dev-arm64-cross)

CATALOGUES := $(wildcard firmware/locales/*/LC_MESSAGES/menshen.po)
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help setup texts system models weights run test lint types units page access screens pictures peers train bench soak prove mutants fuzz rig lock clean

# $(call timed,NAME,COMMANDS): run them and say how long it took, also when they fail; $$status is theirs.
timed = echo "-- $(1)"; started=$$(date +%s); status=0; ( $(2) ) || status=$$?; \
	echo "== $(1): $$(( $$(date +%s) - started )) s$$( [ $$status = 0 ] || echo ', FAILED' )"
# $(call stage,NAME,COMMANDS): a recipe of its own that fails where they do.
stage = @$(call timed,$(1),$(2)); exit $$status

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: $(VENV)/.ready texts ## .venv with the command at .venv/bin/menshen

texts: $(CATALOGUES:.po=.mo) ## compile the message catalogues

%.mo: %.po | $(VENV)/.packages
	@$(PY) -m babel.messages.frontend -q compile -i $< -o $@

# The stamps are touched last, so that a broken set-up is done again.
$(VENV)/.ready: setup.cfg pyproject.toml $(VENV)/.packages
ifeq ($(UV),)
	$(call stage,install menshen,$(PY) -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .)
else
	$(call stage,install menshen,$(UV) pip install --quiet --python $(PY) --no-deps --no-build-isolation -e .)
endif
	@touch $@

$(VENV)/.packages: requirements.lock $(PY)
ifeq ($(UV),)
	$(call stage,install packages with pip,$(PY) -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements.lock)
else
	$(call stage,install packages with uv,$(UV) pip install --quiet --python $(PY) --require-hashes -r requirements.lock)
endif
	@touch $@

# `ensurepip` is what Debian leaves out of python3 and puts into python3-venv.
$(PY):
	@if ! command -v $(PYTHON) >/dev/null || { [ -z "$(UV)" ] && ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; }; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null; \
		else echo "Menshen needs Python 3.11 or newer with venv: install python3-venv (sudo apt-get install python3-venv), or uv" >&2; exit 1; fi; \
	fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Menshen needs Python 3.11 or newer; this is $$($(PYTHON) --version). Name another with make PYTHON=python3.12" >&2; exit 1; }
ifeq ($(UV),)
	@$(PYTHON) -m venv $(VENV)
else
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
endif

system: | $(VENV)/.packages ## Debian packages that tests use
	@missing=(); for name in $(SYSTEM); do \
		dpkg-query -W -f '$${Status}' $$name 2>/dev/null | grep -q ' installed' || missing+=($$name); done; \
	if [ $${#missing[@]} = 0 ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		started=$$(date +%s); echo "installing $${missing[*]}"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $${missing[@]} >/dev/null; \
		echo "== system packages: $$(( $$(date +%s) - started )) s"; \
	else \
		echo "!! not root: tests that need $${missing[*]} will be skipped; install them with" >&2; \
		echo "!!   sudo apt-get install $${missing[*]}" >&2; \
	fi

run: setup ## the simulated community gate; prints the page's address with its one-time code
	@$(VENV)/bin/menshen run $(SITE) --simulated $(ARGS)

models: setup ## fetch the weights of others that the manifest names, and verify them
	$(call stage,models,$(PY) -m models.fetch $(ARGS))

# For tests: a machine without a network goes on without, and says so; continuous integration has to have them.
weights: setup
	$(call stage,models,$(PY) -m models.fetch || { [ -z "$${CI:-}" ] && echo "!! models are missing: tests that need them will be skipped" >&2; })

test: setup system weights lint types units ## everything that must be green

lint: setup ## format, lint, layers
	$(call stage,format,$(VENV)/bin/ruff format --check -q .)
	$(call stage,lint,$(VENV)/bin/ruff check .)
	$(call stage,layers,$(VENV)/bin/lint-imports --no-cache >$(VENV)/layers.log 2>&1 || { cat $(VENV)/layers.log; exit 1; })

types: setup ## mypy, strict
	$(call stage,types,$(VENV)/bin/mypy)

# Rooms of tests that judge no real time and share nothing: no port, no device, no controller's process. They run on all
# cores. Rooms that start processes of their own, in folders of their own, and judge no time closer than seconds, run a few
# files at a time, those that last longest first: they mostly wait. Every other room, a new one too, has the machine to
# itself (tests/house/test_stages.py).
SIDE_BY_SIDE := compare config core house identity importing journal lanes models replay roster_source sheets system texts
AT_A_TIME := 4
FEW_AT_A_TIME := camera_view run people people_rules network backup people_import faces devices_page roster people_questions desk \
	ledger command overlay rehearsal selftest docs powercut vision/test_models_missing.py vision/test_streams_in_health.py
PYTEST := $(PY) -m pytest --durations=15

# Each stage runs also when one before it has failed.
units: setup ## all tests, in three stages; ARGS= goes to pytest, which runs in one process then
ifeq ($(strip $(ARGS)),)
	@$(call timed,tests side by side,$(PYTEST) -n auto --maxprocesses 8 --dist worksteal $(SIDE_BY_SIDE:%=tests/%)); first=$$status; \
	$(call timed,tests few at a time,$(PYTEST) -n $(AT_A_TIME) --dist loadfile --no-loadscope-reorder $(FEW_AT_A_TIME:%=tests/%)); second=$$status; \
	$(call timed,tests one by one,$(PYTEST) $(SIDE_BY_SIDE:%=--ignore=tests/%) $(FEW_AT_A_TIME:%=--ignore=tests/%)); \
	[ $$first = 0 ] || echo "!! tests failed side by side as well: see above" >&2; \
	[ $$second = 0 ] || echo "!! tests failed few at a time as well: see above" >&2; \
	exit $$(( first > second ? first : second > status ? second : status ))
else
	$(call stage,tests,$(PYTEST) $(ARGS))
endif

page: setup system ## what the page promises: first view, state to pixel with 50 windows, memory; ARGS="--json"
	$(call stage,page,$(PY) -m tests.run.page_figures $(ARGS))

access: setup system ## axe-core, keyboard, widths and print of every page in both languages
	$(call stage,access,MENSHEN_ACCESS=whole $(PYTEST) tests/network/test_browser_access.py $(ARGS))

SCREENS ?= ../screens
screens: setup system ## a picture of every page of the running demo, in both languages, on phone and desk: SCREENS= where to
	$(call stage,screens,$(PY) -m tests.run.screens $(SCREENS))

pictures: setup system ## the pictures of the README, by Chromium, and of the wiring guide, by docs/drawing
	@$(PY) -m docs.drawing.figures
	@$(PY) -m tests.run.pictures

bench: setup ## every figure of the closing notes, as JSON lines
	@status=0; for name in $(BENCHES); do echo "== $$name"; $(VENV)/bin/menshen bench $$name --json $(ARGS) || status=1; done; exit $$status

soak: setup ## 300 kills in a storm of swipes; a million random frames into each serial protocol, OSDP and Wiegand
	$(call stage,kills,$(VENV)/bin/menshen bench kills --json $(ARGS))
	$(call stage,serial frames,$(PY) -m tests.drivers.serial_soak)
	$(call stage,OSDP frames,$(PY) -m tests.drivers.osdp_storm 1000000)
	$(call stage,Wiegand edges,$(PY) -m tests.drivers.wiegand_soak --bursts 1000000)

prove: setup system ## 2,000 power cuts, two builds that must fail them, 100,000 passages, and the wider exploration
	$(call stage,power cuts,$(PY) -m tests.powercut.run --cuts 2000)
	$(call stage,unsynced build is found,! $(PY) -m tests.powercut.run --cuts 2000 --build unsynced)
	$(call stage,hasty build is found,! $(PY) -m tests.powercut.run --cuts 2000 --build hasty)
	$(call stage,exploration,MENSHEN_PROVE_STATES=3000 MENSHEN_PROVE_WALKS=3000 $(PY) -m pytest tests/core tests/lanes)
	$(call stage,passages,$(PY) -m tests.lanes.passages --passages 100000 --processes 2 $(ARGS))

mutants: setup ## every row of the tables of barriers and lanes spoiled in every way: each must be noticed
	$(call stage,mutants,$(PY) -m tests.core.lanes.mutants $(ARGS))

fuzz: setup ## schemathesis over the API's document for longer: ARGS="--examples 500 --seed 3"
	$(call stage,fuzz,$(PY) -m tests.network.api_fuzz $(ARGS))

peers: setup weights ## PP-OCRv4 beside our reader of plates, on the same crops in the same run
	@$(PY) -m tests.peers.plates $(ARGS)

rig: setup system ## the kernel rig: an arm64 machine with real GPIO lines, every script in it, and 20 power cuts
	$(call stage,rig,$(PY) -m tests.rig.run $(ARGS))

# Letters that plates are drawn with, beside our own strokes.
FONTS := fonts-noto-cjk fonts-wqy-zenhei fonts-wqy-microhei fonts-roboto-unhinted fonts-liberation fonts-opendin \
	fonts-national-park fonts-bebas-neue fonts-open-sans fonts-dejavu-extra
TRAINING := .venv-train
DATA ?= ../shared/data
OUT ?= build/train
# Further arguments of each, for a trial: READER="--steps 4 --drawn 64" DETECTOR="--steps 2".
READER ?=
DETECTOR ?=

train: $(TRAINING)/.ready ## train our detector and reader of plates: DATA= labelled pictures, OUT= where to; it goes on where it was ended
	@$(MAKE) --no-print-directory system SYSTEM="$(FONTS)"
	$(call stage,reader,$(TRAINING)/bin/python -m models.train.train_reader $(DATA) $(OUT)/reader $(READER))
	$(call stage,detector,$(TRAINING)/bin/python -m models.train.train_detector $(DATA) $(OUT)/detector $(DETECTOR))
	$(call stage,export,\
		$(TRAINING)/bin/python -m models.train.export $(DATA) $(OUT)/reader/reader.weights.h5 $(OUT)/plate_reader.tflite --net reader --how int8; \
		$(TRAINING)/bin/python -m models.train.export $(DATA) $(OUT)/detector/detector.weights.h5 $(OUT)/plate_detector.tflite --net detector --how int8)

$(TRAINING)/.ready: requirements-train.lock | $(PY)
ifeq ($(UV),)
	@$(PYTHON) -m venv $(TRAINING)
	$(call stage,install packages of training with pip,$(TRAINING)/bin/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements-train.lock)
else
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) $(TRAINING)
	$(call stage,install packages of training with uv,$(UV) pip install --quiet --python $(TRAINING)/bin/python --require-hashes -r requirements-train.lock)
endif
	@touch $@

lock: ## resolve both locks anew (needs uv)
	@uv pip compile --universal --generate-hashes --python-version 3.11 -c requirements.constraints --all-extras --no-header setup.cfg -o requirements.lock
	@uv pip compile --universal --generate-hashes --python-version 3.11 --no-header requirements-train.in -o requirements-train.lock

clean: ## remove everything that was made
	@rm -rf $(VENV) $(TRAINING) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find . -name '*.mo' -delete
