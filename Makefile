# make demo      the embedded study on real data, end to end; its files go to demo/
# make demo-radiographs   made-up films to a nomogram with a radiograph axis; its files go to demo-radiographs/
# make test      lint, format, types, tests, with every extra installed
# make evidence  what takes longer than a test run may; the results are committed
#
# Each makes .venv with this machine's Python and installs the versions of constraints.txt; a second call installs nothing.

PYTHONS  := python3.11 python3 python3.12 python3.13
WORKERS  := $(shell n=$$(nproc 2>/dev/null || echo 2); [ "$$n" -lt 8 ] && echo "$$n" || echo 8)
EXTRAS   := imaging,chinese,dask,fhir,dev

# The stamps carry the folder they were made for: a copied or moved checkout installs anew instead of running the old one.
PLACE    := $(shell printf %s "$(CURDIR)" | cksum | cut -d ' ' -f 1)
PYTHON   := .venv/bin/python
CORE     := .venv/core-$(PLACE)
EVERY    := .venv/every-extra-$(PLACE)
SOURCES  := pyproject.toml constraints.txt cohorts/version.py
PIP      := $(PYTHON) -m pip --disable-pip-version-check --no-input -q install -c constraints.txt

unexport PYTHONPATH PYTHONHOME PIP_USER

.PHONY: demo demo-radiographs test evidence
.NOTPARALLEL:

demo: $(CORE)
	@.venv/bin/prognosis demo --out demo

demo-radiographs: $(EVERY)
	@.venv/bin/prognosis images demo --out demo-radiographs

test: $(EVERY)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PYTHON) -m pytest -n $(WORKERS)

evidence: $(EVERY)
	@for script in benchmarks/*.py; do echo "$$script"; PYTHONPATH=. $(PYTHON) "$$script" || exit 1; done

# Built without isolation, so that the build tools are pinned like everything else.
$(CORE): $(SOURCES) | $(PYTHON)
	@echo "Installing bone-prognosis into .venv, with the versions of constraints.txt: some minutes, once."
	@$(PIP) hatchling setuptools wheel
	@$(PIP) --no-build-isolation -e .
	@touch $@

$(EVERY): $(SOURCES) | $(PYTHON)
	@echo "Installing bone-prognosis and every extra into .venv, with the versions of constraints.txt: some minutes, once."
	@$(PIP) hatchling setuptools wheel
	@$(PIP) --no-build-isolation -e ".[$(EXTRAS)]"
	@touch $(CORE) $@

$(PYTHON):
	@lacking=; \
	for python in $(PYTHONS); do \
	  $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1 || continue; \
	  if ! $$python -c 'import ensurepip, venv' >/dev/null 2>&1; then lacking=$$python; continue; fi; \
	  $$python -m venv --clear .venv && exit 0; \
	  rm -rf .venv; exit 1; \
	done; \
	if [ -n "$$lacking" ]; then \
	  echo "$$lacking cannot make a virtual environment: install its venv module (Debian: apt install python3-venv), then call make again." >&2; \
	else \
	  echo "bone-prognosis needs Python 3.11, 3.12 or 3.13 and found none of: $(PYTHONS). Install one (Debian 12: apt install python3 python3-venv), then call make again." >&2; \
	fi; \
	exit 1
