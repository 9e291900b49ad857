"""Chord symbols as music21 reads them (10.5, the version of the project's lock file).

Its streams are read here directly, so that nothing of our readers is shared.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from tests.benchmarks.judging.outcome import Cache


class Symbol(NamedTuple):
    """A chord symbol of a reference reader.

    Attributes:
        onset: exact quarters from the beginning of the piece.
        text: music21's figure, or the text it does not parse.
        root, bass: note names with ``#`` and ``b``; "" for no chord.
        kind: music21's ``chordKind``, such as ``dominant-seventh``.
        degrees: its chord step modifications, such as ``add b9``.
        notes: pitch classes of the notes that music21 builds.
    """

    onset: Fraction
    text: str
    root: str
    kind: str
    bass: str
    degrees: tuple[str, ...]
    notes: frozenset[int]


def symbols(content: bytes, form: Literal["abc", "musicxml"], cache: Cache) -> list[Symbol]:
    """The chord symbols of a piece in order.

    Raises:
        JudgeError: music21 fails on it.
    """
    found = cache.result(f"music21-chords-{form}", content, lambda given: _read(given.decode(), form))
    return [
        Symbol(Fraction(onset), text, root, kind, bass, tuple(degrees), frozenset(notes))
        for onset, text, root, kind, bass, degrees, notes in found
    ]


def _read(text: str, form: str) -> list[Any] | str:
    """The fields of each symbol, or why music21 fails."""
    from music21 import converter, harmony

    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            score: Any = converter.parseData(text, format=form, forceSource=True)
            found = list(score.recurse().getElementsByClass(harmony.Harmony))
            return [_fields(symbol, score) for symbol in found]
        except Exception as error:  # music21 raises whatever its insides raise
            return f"music21 fails: {type(error).__name__}: {str(error)[:80]}"


def _fields(symbol: Any, score: Any) -> tuple[str, str, str, str, str, list[str], list[int]]:
    from music21.harmony import NoChord

    onset = Fraction(symbol.getOffsetInHierarchy(score)).limit_denominator(100000)
    chordless = isinstance(symbol, NoChord)
    root, bass = (None, None) if chordless else (symbol.root(), symbol.bass())
    return (
        str(onset),
        symbol.figure,
        _name(root),
        getattr(symbol, "chordKind", ""),
        _name(bass),
        list(_degrees(symbol)),
        sorted({pitch.pitchClass for pitch in symbol.pitches}),
    )


def _degrees(symbol: Any) -> Iterator[str]:
    for change in symbol.chordStepModifications:
        interval = change.interval
        signs = 0 if interval is None else int(interval.semitones)
        yield f"{change.modType} {'b' * -signs}{'#' * signs}{change.degree}"


def _name(pitch: Any) -> str:
    return "" if pitch is None else str(pitch.name).replace("-", "b")
