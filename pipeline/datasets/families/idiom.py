"""Idiom: short runs that are so frequent over all corpora that they are no evidence of a relation."""

from __future__ import annotations

import json

import pyarrow as pa

from pipeline.datasets.columns.ngrams import Sequences
from pipeline.datasets.families.ngram_overlap import common_runs
from pipeline.datasets.families.tune_families import SKELETON_RUN

CANDIDATE_BEATS, CANDIDATE_STEPS = (
    6,
    8,
)  # lengths of shared runs of skeleton and intervals that make a pair a candidate for alignment
RUNS_METADATA = "common_runs"  # key in the metadata of data/families.parquet


def families_metadata(families: pa.Table, family_run: int) -> dict[str, str]:
    """The metadata of data/families.parquet: values that depend on all pieces together.

    Args:
        families: rows of ``tables.FAMILIES``.
        family_run: intervals that make two pieces relatives.
    """
    skeletons = Sequences.from_column(families["skeleton"])
    runs = {
        f"skeleton {SKELETON_RUN}": common_runs(skeletons, SKELETON_RUN),
        f"skeleton {CANDIDATE_BEATS}": common_runs(skeletons, CANDIDATE_BEATS),
        f"intervals {CANDIDATE_STEPS}": common_runs(
            Sequences.from_column(families["intervals"]), CANDIDATE_STEPS
        ),
    }
    listed = {name: found.tolist() for name, found in runs.items()}
    return {"family_run": str(family_run), RUNS_METADATA: json.dumps(listed)}
