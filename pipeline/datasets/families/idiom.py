"""Idiom: short runs that are so frequent over all corpora that they are no evidence of a relation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.datasets.columns.ngrams import WINDOWS_AT_ONCE, Sequences, distinct_runs
from pipeline.datasets.families.ngram_overlap import BUCKETS, COMMON, Runs, buckets

SKELETON_RUN = 8  # intervals
CANDIDATE_BEATS = 6  # length of shared runs of skeletons that make a pair a candidate for alignment
CANDIDATE_STEPS = 8  # and of intervals


@dataclass(frozen=True)
class Idiom:
    """Short runs that are so frequent over all corpora that they are no evidence of a relation.

    Attributes:
        skeletons, beats, steps: sorted runs of SKELETON_RUN and CANDIDATE_BEATS intervals of the
            skeletons, and of CANDIDATE_STEPS intervals of the parts.
    """

    skeletons: Runs
    beats: Runs
    steps: Runs

    @classmethod
    def of(cls, intervals: Sequences, skeletons: Sequences) -> Idiom:
        """The idiom of all pieces, copies included."""
        return cls(
            common_runs(skeletons, SKELETON_RUN),
            common_runs(skeletons, CANDIDATE_BEATS),
            common_runs(intervals, CANDIDATE_STEPS),
        )


def common_runs(sequences: Sequences, length: int) -> Runs:
    """The runs that more than COMMON pieces contain, sorted.

    Args:
        length: at most eight intervals.
    """
    if len(sequences) <= COMMON:
        return np.zeros(0, np.uint64)
    counts = np.zeros(BUCKETS, np.int64)
    for _, some in sequences.slices(WINDOWS_AT_ONCE):
        counts += np.bincount(buckets(distinct_runs(some, length)[1]), minlength=BUCKETS)
    crowded = counts > COMMON
    runs, times = np.zeros(0, np.uint64), np.zeros(0, np.int64)
    for _, some in sequences.slices(WINDOWS_AT_ONCE) if crowded.any() else ():
        run = distinct_runs(some, length)[1]
        found, n = np.unique(run[crowded[buckets(run)]], return_counts=True)
        runs, place = np.unique(np.append(runs, found), return_inverse=True)
        times = np.bincount(place, np.append(times, n)).astype(np.int64)
    return np.asarray(runs[times > COMMON])
