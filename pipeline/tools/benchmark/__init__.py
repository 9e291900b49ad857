"""This project's figures compared with published ones, grouped by protocol.

It reads only files of the repository: the comparisons in this folder, the figures that
``dvc repro`` and ``cross-validate`` wrote under ``data/``, and the results of the
benchmarks under ``data/benchmarks``. A missing figure shows the command that measures it.
"""
