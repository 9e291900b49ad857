"""Measures of attention: its entropy, and its weight on repeated passages.

A matrix has one row per target token and one column per token of the source, or of source
and target; the row of token p may attend to the columns before p. Every measure is one
number per row, compared with that of **uniform** attention: equal weights on all columns
that the row may attend to.

**Entropy** in bits: -sum of w log2 w; log2 of the number of columns where uniform.

**Intervals in common** of two positions p and j: the number of melodic intervals in the
longest run of equal tokens immediately before p and before j, where a note is coded by its
interval from the previous note of its voice. So the rhythm must agree, but not the key.
Position j is **similar** to p if they have LIKE_INTERVALS intervals in common and belong to
the same voice.

**Share on the repetition:** the weight on positions similar to p, whose tokens followed a
similar passage. **Share on the similar passage:** the weight on the tokens immediately
before those positions, the end of the repeated passage, which a recurrent state encodes.
Rows with no such column are left out.

**Share on the same position in the bar**, and **distance**: the weighted mean distance of
the columns in bars, where bars are known. The positions of the target are extrapolated
from the source.

STOP's row is left out. Figures are means over rows: sum, then divide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.vocabulary import START, TIED
from pipeline.models.base.examples import Example

LIKE_INTERVALS = 3  # four notes: shorter matches occur by chance in any melody
MEASURES = (
    "entropy_bits",
    "repetition_share",
    "like_passage_share",
    "same_position_share",
    "distance_bars",
)

_TIE, _OTHER = 1000, 2000  # codes of tokens that begin no note, above all intervals
_FIRST = -1000  # a note without an interval: equal to no other

Numbers = NDArray[np.float64]


def measure(weights: NDArray[np.floating], example: Example) -> dict[str, Numbers]:
    """All MEASURES of one matrix.

    Args:
        weights: (T, N), each row sums to 1; N is S, or S + T - 1 where a row also attends to the
            target before it.

    Returns:
        By measure (2, T - 1): the values of the matrix and those of uniform attention; NaN in
        rows where the measure is undefined.
    """
    n_source, n_rows, n_columns = len(example.source), len(weights) - 1, weights.shape[1]
    rows, columns = n_source + np.arange(n_rows)[:, None], np.arange(n_columns)
    reach = columns < rows
    both = np.stack([weights[:-1].astype(np.float64), reach / reach.sum(axis=1, keepdims=True)])
    tokens = np.concatenate([example.source, example.target[:-1]])
    alike = _alike(tokens, example.voices)[n_source:]
    place = example.step_in_bar
    same = (place[rows] == place[columns]) & (place[columns] >= 0)
    return {
        "entropy_bits": -(both * np.log2(both, out=np.zeros_like(both), where=both > 0)).sum(axis=2),
        "repetition_share": _share(both, alike[:, :n_columns] & reach),
        "like_passage_share": _share(both, np.roll(alike, -1, axis=1)[:, :n_columns] & reach),
        "same_position_share": _share(both, same & reach),
        "distance_bars": (both * _bars_back(rows, columns, example)).sum(axis=2),
    }


def means(pieces: Sequence[Mapping[str, Numbers]], chosen: Sequence[NDArray[np.bool_]]) -> dict[str, object]:
    """Means over the rows of all pieces.

    Args:
        pieces: the result of :func:`measure` for each.
        chosen: (T - 1,) of each piece, the rows that count.

    Returns:
        ``{measure: {"rows", "found", "uniform"}}``, null where no row defines it.
    """
    found: dict[str, object] = {}
    for name in MEASURES:
        both = np.concatenate([piece[name][:, rows] for piece, rows in zip(pieces, chosen, strict=True)], 1)
        both = both[:, ~np.isnan(both[0])]
        mean = both.mean(axis=1).tolist() if both.shape[1] else (None, None)
        found[name] = {"rows": both.shape[1], "found": mean[0], "uniform": mean[1]}
    return found


def intervals_in_common(tokens: ArrayLike, voices: int = 1) -> NDArray[np.int64]:
    """The number of intervals that each two positions have in common.

    Args:
        tokens: (L,) without START and STOP, V voices in turn.

    Returns:
        (L, L), before row p and before column j.
    """
    codes = _codes(np.asarray(tokens, np.int64), voices)
    begins = (np.abs(codes) < _TIE).astype(np.int64)
    found = np.zeros((len(codes), len(codes)), np.int64)
    for place in range(1, len(codes)):
        same = (codes[:-1] == codes[place - 1]) & (codes[:-1] != _FIRST)
        found[place, 1:] = same * (found[place - 1, :-1] + begins[place - 1])
    return found


def _codes(tokens: NDArray[np.int64], voices: int) -> NDArray[np.int64]:
    """(L,) transposition-invariant codes of tokens."""
    pitch, sounds = tokens % TIED, (tokens < START) & (tokens % TIED > 0)
    steps = np.arange(len(tokens))
    before = np.full(len(tokens), -1)
    for voice in range(voices):
        own = steps[voice::voices]
        last = np.maximum.accumulate(np.where(sounds[own], own, -1))
        before[own[1:]] = last[:-1]
    interval = np.where(before >= 0, pitch - pitch[before], _FIRST)
    held = np.where(tokens > TIED, _TIE, _OTHER + tokens)
    return np.where((tokens > 0) & (tokens < TIED), interval, held)


def _alike(tokens: NDArray[np.uint16], voices: int) -> NDArray[np.bool_]:
    """(L, L) whether column j is similar to row p, and before it."""
    places = np.arange(len(tokens))
    earlier = places < places[:, None]
    same_voice = places % voices == places[:, None] % voices
    return np.asarray((intervals_in_common(tokens, voices) >= LIKE_INTERVALS) & earlier & same_voice)


def _share(both: Numbers, marked: NDArray[np.bool_]) -> Numbers:
    """(2, P) the weight on the marked columns, NaN in rows with none."""
    return np.asarray(np.where(marked.any(axis=1), (both * marked).sum(axis=2), np.nan))


def _bars_back(rows: NDArray[np.int64], columns: NDArray[np.int64], example: Example) -> Numbers:
    """(P, N) distance of each column from its row in bars, NaN where bars are unknown."""
    per_bar = example.bars.steps_per_bar if example.bars else np.nan
    return np.asarray((rows // example.voices - columns // example.voices) / per_bar)
