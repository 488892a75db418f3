# Targets for users and contributors. Each one installs what it needs; the second run is fast.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help setup reproduce test lint types imports tests oracles calibrate worlds recover bench lock docs clean structure soak \
  test-portable test-lowest test-newest test-usdm clean-room browser-test

help:
	@echo "make reproduce      the published study and its simulation (out/reproduce/report.html)"
	@echo "make test           ruff, mypy, import-linter, pytest"
	@echo "make browser-test   user stories and accessibility of the pages in a real browser"
	@echo "make test-portable  run commands as on older processors; every byte must be the same"
	@echo "make test-lowest    test with the lowest versions that pyproject.toml allows"
	@echo "make test-newest    test with the newest available versions"
	@echo "make clean-room     build wheel and source archive, and use each in an empty environment"
	@echo "make test-usdm      validate exported study definitions with the models of usdm4"
	@echo "make soak           random tests of malformed input, kills, full disks: SECONDS=600 SEED=1"
	@echo "make structure      folders, import chains, cycles, shared names, unreached lines"
	@echo "make calibrate      calibrate the paper scenario and store its calibration record"
	@echo "make worlds         make the ensemble of parameter sets of the paper scenario"
	@echo "make recover        does each analysis recover the true effect? 2,000 replicates per case"
	@echo "make oracles        recompute and compare the reference values in R; needs Rscript"
	@echo "make docs        the documentation site in out/site/index.html"
	@echo "make bench          speed before and now, compared with other packages"
	@echo "make lock           resolve requirements.lock again"

setup: $(READY)

# uv installs in seconds; pip is the fallback (no wheel, another index). Modules are compiled here,
# because with PYTHONDONTWRITEBYTECODE, as in containers, every command would compile its imports again.
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

# Drives the chromium of this machine; without one the tests are skipped, and say so.
browser-test: $(READY)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.browser.lock
	PRETESE_BROWSER=1 $(BIN)/python -m pytest -n0 tests/browser

test-portable: $(READY)
	$(BIN)/python tests/portable.py

# The whole suite with the lowest and the newest versions, each in a new environment. OTHER_PYTHON
# chooses the interpreter: make test-newest OTHER_PYTHON=python3.13
OTHER_PYTHON ?= $(BIN)/python
test-lowest test-newest: $(READY)
	$(BIN)/python tests/other_versions.py $(@:test-%=%) --python $(OTHER_PYTHON)

# Wheel and source archive, each installed where nothing else is, and used there.
clean-room: $(READY)
	$(BIN)/python tests/clean_room.py

# The models of CDISC's study definitions ask for an older pydantic, so they have an environment.
test-usdm: $(READY)
	$(BIN)/python tests/usdm_models.py

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

# About 15 minutes on two cores.
worlds: $(READY)
	$(BIN)/pretese calibrate paper --worlds 200 --workers 2
	$(BIN)/python -m docs.generate.evidence.parameter_sets > docs/reference/parameter-sets.md

recover: $(READY)
	$(BIN)/pretese recover --replicates 2000 --workers 2 --out out/recover --resume

bench: $(READY)
	$(BIN)/python -m benchmarks table

LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-header --quiet
lock:
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --upgrade uv
	$(LOCK) pyproject.toml --group dev --group bench -o requirements.lock
	$(LOCK) pyproject.toml --group docs -c requirements.lock -o requirements.docs.lock
	$(LOCK) pyproject.toml --group browser -c requirements.lock -o requirements.browser.lock
	echo uv | $(LOCK) --no-annotate - -o requirements.installer.lock

# The documentation site in out/site/index.html: built without a network, warnings are errors.
docs: $(READY)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.docs.lock
	$(BIN)/python site/stage.py out/site-source
	$(BIN)/python -m sphinx --quiet -W --keep-going -d out/site-doctrees -b html out/site-source out/site

clean:
	rm -rf $(VENV) out .pytest_cache .mypy_cache .ruff_cache
