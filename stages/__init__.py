"""The stages of dvc.yaml: each reads its parameters, calls pipeline/, writes its files."""

import os

from pipeline.workflow.interruption import begin_command_line

# Before numpy is imported: its BLAS starts a thread per core, the order of sums depends on them, and
# it hangs if the system refuses one. Torch has threads of its own, which `training.threads` sets.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

begin_command_line()  # before the imports of a stage, which take seconds: DVC has deleted its outputs
