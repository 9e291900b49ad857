"""Our figures beside the published ones, grouped by what may be compared.

It reads only what lies in the repository: the comparisons beside this file, what
``dvc repro`` and ``cross-validate`` left under ``data/``, and the results of the
benchmarks under ``data/benchmarks``. What was not measured says so, and how to.
"""
