# The two commands of the README, and how the lock file is made.
#
#   make repro   set up, then run the whole pipeline; with a remote, fetch what others have run
#   make test    set up, then lint, type checks and tests
#   make cluster-demo   run the data stages of a clone on a Dask cluster of this machine
#   make audit   look the locked packages up among known vulnerabilities
#   make lock    write requirements.lock anew from pyproject.toml

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
FIND_PYTHON := for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$candidate"; break; }; done

.PHONY: repro test cluster-demo audit lock clean
.DELETE_ON_ERROR:

repro: $(INSTALLED)
	$(BIN)/python -m pipeline check
	export PATH="$(abspath $(BIN)):$$PATH"; dvc repro $$(dvc remote default > /dev/null 2>&1 && echo --pull)

test: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile

cluster-demo: $(INSTALLED)
	$(BIN)/python -m tests.helpers.cluster

$(INSTALLED): requirements.lock
	@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then \
		echo "Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python3"; exit 1; \
	fi; \
	"$$python" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 -r requirements.lock
	@touch $@

audit: $(INSTALLED)
	$(BIN)/python -m venv .cache/audit
	.cache/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	.cache/audit/bin/pip-audit --requirement requirements.lock --no-deps --disable-pip

# The lock holds for every platform; what torch itself pins for CUDA is left to torch.
lock:
	$(BIN)/python -m pip install --quiet --target .cache/uv uv==0.13.9
	.cache/uv/bin/uv pip compile --universal --python-version 3.11 --extra dev --no-annotate --quiet \
		--custom-compile-command "make lock" pyproject.toml \
		| grep -v -E '^(nvidia-|cuda-|triton)' > requirements.lock.partial
	mv requirements.lock.partial requirements.lock

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache
