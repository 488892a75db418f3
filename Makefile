# Everything a newcomer needs. Each target sets itself up; the second run is fast.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help setup reproduce test lint types imports tests oracles calibrate recover bench lock clean structure soak \
  test-portable test-lowest test-newest

help:
	@echo "make reproduce   the published study beside its simulated twin (out/reproduce/report.html)"
	@echo "make test        ruff, mypy, import-linter, pytest"
	@echo "make test-portable  small commands as on older processors: every byte must be the same"
	@echo "make test-lowest    the numbers with the lowest versions that pyproject.toml allows"
	@echo "make test-newest    the numbers with the newest versions that there are"
	@echo "make soak        hostile files and options, kills, full disks, rivals: SECONDS=600 SEED=1"
	@echo "make structure   folders, import chains, cycles, shared names, unreached lines"
	@echo "make calibrate   solve the paper scenario again and store its certificate"
	@echo "make recover     does each analysis find the true effect? 2,000 studies per scenario"
	@echo "make oracles     compute the reference values in R again and compare them; needs Rscript"
	@echo "make bench       side-by-side speed against named peers"
	@echo "make lock        resolve requirements.lock anew"

setup: $(READY)

# uv installs in seconds what takes pip a minute; where it cannot (no wheel, another index), pip does.
# All is compiled at once: where PYTHONDONTWRITEBYTECODE is set, as in containers, nothing would be
# kept later, and every command would compile its imports anew.
$(READY): requirements.lock requirements.installer.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "pretese needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing locked requirements into $(VENV) ..."
	@{ $(PIP) --require-hashes -r requirements.installer.lock && \
	  $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes \
	  -r requirements.lock; } || \
	  $(PIP) --compile --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q protocol simulate estimate pretese
	@touch $@

reproduce: $(READY)
	$(BIN)/pretese reproduce --seed 2022 --workers 2 --out out/reproduce

test: lint types imports tests

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports --no-cache

tests: $(READY)
	$(BIN)/python -m pytest

test-portable: $(READY)
	$(BIN)/python tests/portable.py

# The lowest and the newest versions, each in an environment of its own that is made anew. The
# programs that tests compare with hold versions back, so they are left out: what is written with
# the locked versions is compared, and tests that need no other program run. OTHER_PYTHON takes
# another interpreter: make test-newest OTHER_PYTHON=python3.13
OTHER_PYTHON ?= $(BIN)/python
test-lowest: CHOICE := --resolution lowest-direct
test-newest: CHOICE := --upgrade
test-lowest test-newest: $(READY)
	$(BIN)/uv venv --quiet --clear --python $(OTHER_PYTHON) .venv-other
	VIRTUAL_ENV=.venv-other $(BIN)/uv pip install --quiet $(CHOICE) -e . \
	  'pytest>=8.3' 'pytest-xdist>=3.6' 'hypothesis>=6.112'
	$(BIN)/python tests/portable.py .venv-other/bin/python
	.venv-other/bin/python -m pytest tests/golden tests/contract tests/property

# Searches for SECONDS, as SEED orders; run again, it goes on. The table is out/soak/soak.md.
SECONDS ?= 600
SEED ?= 1
soak: $(READY)
	$(BIN)/python tests/soak.py --seconds $(SECONDS) --seed $(SEED)

structure: $(READY)
	$(BIN)/python docs/generate/structure.py .

oracles: $(READY)
	$(BIN)/python tests/reference/r/compare.py

calibrate: $(READY)
	$(BIN)/pretese calibrate paper

recover: $(READY)
	$(BIN)/pretese recover --replicates 2000 --workers 2 --out out/recover --resume

bench: $(READY)
	$(BIN)/python -m benchmarks

LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header --quiet
lock:
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --upgrade uv
	$(LOCK) pyproject.toml --group dev --group bench -o requirements.lock
	echo uv | $(LOCK) --no-annotate - -o requirements.installer.lock

clean:
	rm -rf $(VENV) out .pytest_cache .mypy_cache .ruff_cache
