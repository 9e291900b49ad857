"""Accuracy of predicted chords, as in the MIREX audio chord estimation task.

The score of a comparison is the share of the time in which the predicted chord is right, of the time
in which the true chord belongs to the comparison's vocabulary:

======== ============================ =====================================================
name     vocabulary of true chords    a prediction is right if
======== ============================ =====================================================
root     all chords, ``N``            roots are equal
majmin   major and minor triads, ``N`` triads are equal (``Chord.majmin``)
sevenths maj, min, 7, maj7, min7, ``N`` chords without ninths and bass are equal (``Chord.sevenths``)
======== ============================ =====================================================

Roots are compared as pitch classes. ``X`` (not understood) and steps before the first symbol belong to
no vocabulary. Time is counted in steps, summed over pieces, then divided.

Source: Raffel et al. 2014, mir_eval.chord; the bass is not compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pipeline.core.chords import NO_CHORD, UNKNOWN_CHORD, Chord, parse_harte

COMPARISONS = ("root", "majmin", "sevenths")

Reduced = tuple[int, str]  # pitch class of the root and kind; (-1, "") for no chord


@dataclass(frozen=True)
class ChordSums:
    """Steps of one piece, or of many, by comparison: ``counted`` in its vocabulary, ``right`` of these."""

    counted: Mapping[str, int]
    right: Mapping[str, int]

    @property
    def accuracy(self) -> dict[str, float | None]:
        """Share of the steps, by comparison; None without a step in the vocabulary."""
        return {
            name: self.right[name] / self.counted[name] if self.counted[name] else None
            for name in COMPARISONS
        }


def compare_chords(true: Sequence[str | None], predicted: Sequence[str | None]) -> ChordSums:
    """Compare the chords of every step of a piece.

    Args:
        true, predicted: (T,) in Harte's syntax; None for unknown.

    >>> compare_chords(["C:maj7", "N", None], ["C:maj", "N", "N"]).accuracy
    {'root': 1.0, 'majmin': 1.0, 'sevenths': 0.5}

    Raises:
        ValueError: sequences of different lengths.
        ChordError: text that is no chord in Harte's syntax.
    """
    counted, right = dict.fromkeys(COMPARISONS, 0), dict.fromkeys(COMPARISONS, 0)
    for own, guess in zip(true, predicted, strict=True):
        facts, guessed = _reductions(own), _reductions(guess)
        for name in COMPARISONS:
            if facts[name] is not None:
                counted[name] += 1
                right[name] += facts[name] == guessed[name]
    return ChordSums(counted, right)


def total_chords(pieces: Sequence[ChordSums]) -> ChordSums:
    """Add the steps of pieces."""
    return ChordSums(
        {name: sum(piece.counted[name] for piece in pieces) for name in COMPARISONS},
        {name: sum(piece.right[name] for piece in pieces) for name in COMPARISONS},
    )


@lru_cache(maxsize=4096)
def _reductions(chord: str | None) -> dict[str, Reduced | None]:
    """Of a chord its value in each comparison; None outside its vocabulary."""
    if chord is None or chord == UNKNOWN_CHORD:
        return dict.fromkeys(COMPARISONS)
    if chord == NO_CHORD:
        return dict.fromkeys(COMPARISONS, (-1, ""))
    parsed = parse_harte(chord)
    return {
        "root": (parsed.root_pitch_class, ""),
        "majmin": _kind(parsed, parsed.majmin),
        "sevenths": _kind(parsed, parsed.sevenths),
    }


def _kind(chord: Chord, reduced: str) -> Reduced | None:
    return None if reduced == UNKNOWN_CHORD else (chord.root_pitch_class, reduced.partition(":")[2])
