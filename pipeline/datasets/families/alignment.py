"""Local alignment of two melodies: how much of the shorter one occurs in the other, with variations.

The Smith-Waterman algorithm on pitches. A note on a beat counts twice, so that ornaments
and passing notes may differ. The second melody is first transposed by the shift that
maximizes the overlap of the two pitch histograms.

Sources: van Kranenburg, Volk and Wiering, "A Comparison between Global and Local Features
for Computational Classification of Folk Song Melodies", Journal of New Music Research 42
(2013), for substitution scores of pitch and metric weight and the transposition by pitch
histograms; Janssen, van Kranenburg and Volk, "Finding Occurrences of Melodic Segments in
Folk Songs Employing Symbolic Similarity Measures", JNMR 46 (2017), for the local form.
Differs in that scores are integers, gap penalties are linear, and the score of two
unrelated melodies is subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.core.lists import flatten
from pipeline.datasets.columns.ragged import Ints, offsets_of, owners, places, sums, take

ON_BEAT = 128  # added to the pitch of a note on a beat, in the column ``melody`` of FAMILIES
SAME = 6  # score of two equal pitches, times the sum of their weights
PER_SEMITONE = 4  # penalty per semitone between them: a second scores about 0
DIFFERENT = -4  # lower bound of the score of two pitches
GAP = 6  # for a note that only one melody has, times twice its weight
CHANCE = 192  # score of unrelated melodies: sixteen equal notes off the beat, or eight on it
SHIFTS = 7  # semitones around the difference of the mean pitches; range of the search for a transposition
PAIRS_AT_ONCE = 256  # small enough for a diagonal of the matrices to stay in the CPU cache
ALIKE_IN_LENGTH = 8  # notes; melodies whose lengths differ by less are aligned in one batch
AROUND_MEAN = 64  # semitones of the histograms of pitches, about their mean
FAR_BELOW, FAR_ABOVE = -4000, 4000  # padding: pitches that are equal to no other pitch

LARGEST_SHORT = 32_000  # scores up to this value fit in 16 bits

Shorts = NDArray[np.int16] | NDArray[np.int32]


@dataclass(frozen=True)
class MelodyLines:
    """The melodies of n pieces.

    Attributes:
        offsets: (n + 1,) offsets of the pieces.
        pitch: (N,) uint8, MIDI note numbers.
        weight: (N,) uint8, metric weight: 1 off the beat, 2 on a beat.
    """

    offsets: Ints
    pitch: NDArray[np.uint8]
    weight: NDArray[np.uint8]

    @classmethod
    def from_column(cls, column: pa.ChunkedArray) -> MelodyLines:
        """From the column ``melody`` of ``schemas.FAMILIES``."""
        offsets, values = flatten(column)
        notes = np.asarray(values, dtype=np.uint8)
        return cls(offsets, notes % ON_BEAT, notes // ON_BEAT + np.uint8(1))

    @classmethod
    def join(cls, several: list[MelodyLines]) -> MelodyLines:
        """Concatenate the melodies of several collections; at least one."""
        return cls(
            offsets_of(np.concatenate([np.diff(each.offsets) for each in several])),
            np.concatenate([each.pitch for each in several]),
            np.concatenate([each.weight for each in several]),
        )


def alignment(lines: MelodyLines, left: Ints, right: Ints) -> NDArray[np.float64]:
    """Similarity (likeness) of pairs of melodies by their best local alignment.

    Args:
        left, right: (P,) numbers of pieces.

    Returns:
        (P,) 0 … 1: score minus CHANCE, divided by the same difference for the melody of smaller
        weight aligned with itself; 0 if the score is not above CHANCE. The
        divisor is at least CHANCE / 2, so that a short melody is not similar to others by chance.
    """
    lengths = np.diff(lines.offsets)
    turned = (lengths[left] > lengths[right]) | ((lengths[left] == lengths[right]) & (left > right))
    left, right = np.where(turned, right, left), np.where(turned, left, right)
    order = np.lexsort((right, left, lengths[right], lengths[left] // ALIKE_IN_LENGTH))
    score, own = np.zeros((2, len(left)), np.int64)
    for begin in range(0, len(order), PAIRS_AT_ONCE):
        some = order[begin : begin + PAIRS_AT_ONCE]
        score[some], own[some] = _scores(lines, left[some], right[some])
    most = np.maximum(own - CHANCE, CHANCE // 2)
    return np.asarray(np.clip((score - CHANCE) / most, 0.0, 1.0))


def _scores(lines: MelodyLines, left: Ints, right: Ints) -> tuple[Shorts, Ints]:
    """(P,) scores, and (P,) the scores of the melodies of smaller weight aligned with themselves."""
    a, weight_a = _columns(lines, left, FAR_BELOW)
    b, weight_b = _columns(lines, right, FAR_ABOVE)
    least = np.minimum(weight_a.sum(axis=0, dtype=np.int64), weight_b.sum(axis=0, dtype=np.int64))
    return _best_scores(a, weight_a, b + _transposition(lines, left, right), weight_b), 2 * SAME * least


def _best_scores(a: Shorts, weight_a: Shorts, b: Shorts, weight_b: Shorts) -> Shorts:
    """Scores of local alignments; all matrices are filled diagonal by diagonal.

    Args:
        a, weight_a: (n, P) pitches and weights, padded below.
        b, weight_b: (m, P) of the other melodies.

    Returns:
        (P,) the largest score of each matrix.
    """
    (n, pairs), m = a.shape, len(b)
    b, weight_b = b[::-1], weight_b[::-1]  # cell (i, d - i) is in row m - 1 - d + i
    gap_a, gap_b = 2 * GAP * weight_a, 2 * GAP * weight_b
    last, before = np.zeros((2, n + 1, pairs), a.dtype)  # row i + 1 of a diagonal is its cell (i, d - i)
    best = np.zeros((n, pairs), a.dtype)
    for diagonal in range(n + m - 1):
        first, end = max(0, diagonal - m + 1), min(n, diagonal + 1)
        here = slice(first, end)
        there = slice(m - 1 - diagonal + first, m - 1 - diagonal + end)
        score: Any = np.abs(a[here] - b[there])
        score *= -PER_SEMITONE
        score += SAME
        np.maximum(score, DIFFERENT, out=score)
        score *= weight_a[here] + weight_b[there]
        score += before[here]  # cell (i - 1, j - 1)
        np.maximum(score, last[here] - gap_a[here], out=score)  # cell (i - 1, j)
        np.maximum(score, last[first + 1 : end + 1] - gap_b[there], out=score)  # cell (i, j - 1)
        np.maximum(score, 0, out=score)
        np.maximum(best[here], score, out=best[here])
        last, before = before, last
        last[:] = 0
        last[first + 1 : end + 1] = score
    return np.asarray(best.max(axis=0, initial=0))


def _transposition(lines: MelodyLines, left: Ints, right: Ints) -> Shorts:
    """(P,) the transposition of each second melody that maximizes the weight on equal pitches."""
    (a, mean_a), (b, mean_b) = _histograms(lines, left), _histograms(lines, right)
    inner = a[:, SHIFTS : AROUND_MEAN - SHIFTS]
    common = np.stack(
        [
            np.minimum(inner, b[:, SHIFTS - shift : AROUND_MEAN - SHIFTS - shift]).sum(axis=1, dtype=np.int32)
            for shift in range(-SHIFTS, SHIFTS + 1)
        ]
    )
    return np.asarray(mean_a - mean_b + common.argmax(axis=0) - SHIFTS, dtype=np.int16)


def _histograms(lines: MelodyLines, pieces: Ints) -> tuple[NDArray[np.uint16], Ints]:
    """(P, AROUND_MEAN) weight on each pitch around the mean pitch, and (P,) the mean pitches.

    Pitches further away are counted in the first or last class.
    """
    offsets, at = take(lines.offsets, pieces)
    pitch = lines.pitch[at].astype(np.int64)
    mean = sums(pitch, offsets) // np.maximum(np.diff(offsets), 1)
    row = owners(offsets)
    place = np.clip(pitch - mean[row] + AROUND_MEAN // 2, 0, AROUND_MEAN - 1)
    counted = np.bincount(row * AROUND_MEAN + place, lines.weight[at], len(pieces) * AROUND_MEAN)
    return counted.astype(np.uint16).reshape(-1, AROUND_MEAN), mean


def _columns(lines: MelodyLines, pieces: Ints, padding: int) -> tuple[Shorts, Shorts]:
    """(longest, P) pitches and weights, one piece per column; padding has weight 0 and equals no pitch."""
    offsets, at = take(lines.offsets, pieces)
    shape = (int(np.diff(offsets).max(initial=0)), len(pieces))
    kind = np.int16 if 4 * SAME * shape[0] <= LARGEST_SHORT else np.int32
    pitch, weight = np.full(shape, padding, kind), np.zeros(shape, kind)
    cells = places(offsets), owners(offsets)
    pitch[cells], weight[cells] = lines.pitch[at], lines.weight[at]
    return pitch, weight
