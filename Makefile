# The commands of the README, and how the lock file is made.
#
#   make demo    set up, then data set, small model, continuation and report in .cache/demo: three minutes
#   make repro   set up, then run the whole pipeline; with a remote, fetch the outputs that others have pushed
#   make test    set up, then lint, type checks and tests
#   make docs    build the documentation site in .cache/site
#   make cluster-demo   run the data stages of a clone on a Dask cluster of this machine
#   make audit   check the locked packages for known vulnerabilities
#   make lock    update requirements.lock from pyproject.toml

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
COMPILED := pipeline/formats/readers/midi/_compiled.pyx
FIND_PYTHON := for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$candidate"; break; }; done

.PHONY: demo repro test docs cluster-demo audit lock clean
.DELETE_ON_ERROR:

demo: $(INSTALLED)
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python examples/demo/run.py

repro: $(INSTALLED)
	$(BIN)/python -m pipeline check
	export PATH="$(abspath $(BIN)):$$PATH"; dvc repro $$(dvc remote default > /dev/null 2>&1 && echo --pull)
	@$(BIN)/python -m pipeline next

test: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell pipeline stages docs examples params.yaml *.md
	$(BIN)/mypy
	@# one thread of torch per process: those of several processes wait for each other on few cores
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --site-dir .cache/site
	@echo "documentation: .cache/site/index.html"

cluster-demo: $(INSTALLED)
	$(BIN)/python -m tests.helpers.cluster

$(INSTALLED): requirements.lock pyproject.toml setup.py $(COMPILED)
	@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then \
		echo "Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python3"; exit 1; \
	fi; \
	"$$python" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --use-pep517 -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

audit: $(INSTALLED)
	$(BIN)/python -m venv .cache/audit
	.cache/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	.cache/audit/bin/pip-audit --requirement requirements.lock --no-deps --disable-pip

# The lock holds for every platform; what torch itself pins for CUDA is left to torch. Locked versions stay as
# they are while pyproject.toml allows them; `make lock UPGRADE=--upgrade` takes the newest but for torch.
lock: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --target .cache/uv uv==0.13.9
	cp requirements.lock .cache/compiled.lock
	grep '^torch==' requirements.lock > .cache/constraints.txt
	.cache/uv/bin/uv pip compile --universal --python-version 3.11 --extra dev --no-annotate --quiet $(UPGRADE) \
		--no-emit-package entchen --constraint .cache/constraints.txt --custom-compile-command "make lock" \
		--output-file .cache/compiled.lock pyproject.toml
	grep -v -E '^(nvidia-|cuda-|triton)' .cache/compiled.lock > requirements.lock.partial
	mv requirements.lock.partial requirements.lock

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache
