"""Compare the chord symbols of a piece with music21's, with the cause of a difference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Literal, NamedTuple

from pipeline.core.chords import NO_CHORD, UNKNOWN_CHORD, parse_harte
from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.formats import readers
from pipeline.formats.readers import ReadError, Source
from tests.benchmarks.judging.chords_by_music21 import Symbol, symbols
from tests.benchmarks.judging.chords_known import (
    ABC_EQUIVALENT,
    ABC_SIMPLER,
    XML_EQUIVALENT,
    XML_SIMPLER,
)
from tests.benchmarks.judging.outcome import Cache, JudgeError, Unread

Description = tuple[str, str, frozenset[int]]  # root, bass, pitch classes
Reading = Mapping[Fraction, Description]
NONE: Description = ("", "", frozenset())


class Compared(NamedTuple):
    """The outcome of a piece.

    Attributes:
        symbols: of our reader and music21 together, one at each onset.
        agree: those that are alike.
        several: onsets with several symbols, of which one is compared.
        causes: what explains the differences.
        text: the first difference, or why the piece is refused.
    """

    name: str
    kind: Literal["agree", "explained", "refused", "differ"]
    symbols: int = 0
    agree: int = 0
    several: int = 0
    causes: tuple[str, ...] = ()
    text: str = ""


def examine(piece: Unread, form: Literal["abc", "musicxml"], cache: Cache) -> Compared:
    """Compare one piece."""
    try:
        ours = _ours(piece, piece.source)
    except ReadError as error:
        return Compared(piece.name, "refused", text=str(error))
    text = piece.source.content.decode()
    try:
        theirs, several = _theirs(text, form, cache)
    except JudgeError as error:
        causes = _causes(piece, ours, text, form, cache)
        kind: Literal["explained", "differ"] = "explained" if causes else "differ"
        return Compared(piece.name, kind, len(ours), causes=causes, text=str(error))
    onsets = sorted(ours.keys() | theirs.keys())
    alike = sum(ours.get(onset) == theirs.get(onset) for onset in onsets)
    counts = (len(onsets), alike, several)
    if alike == len(onsets):
        return Compared(piece.name, "agree", *counts)
    causes = _causes(piece, ours, text, form, cache)
    first = next(onset for onset in onsets if ours.get(onset) != theirs.get(onset))
    difference = f"at quarter {first}: {ours.get(first)} here, {theirs.get(first)} of music21"
    return Compared(piece.name, "explained" if causes else "differ", *counts, causes, difference)


def _ours(piece: Unread, source: Source) -> Reading:
    read = readers.read(source, piece.settings)
    found = {}
    for part in read.parts:
        for symbol in part.chords:
            onset = Fraction(symbol.onset, TICKS_PER_QUARTER)
            found.setdefault(onset, _described(symbol.harte, symbol.text))
    return found


def _described(harte: str | None, text: str) -> Description:
    if harte == NO_CHORD:
        return NONE
    if harte in (None, UNKNOWN_CHORD):
        return (f"not understood: {text}", "", frozenset())
    chord = parse_harte(str(harte))
    return (chord.root, chord.bass_name, chord.pitch_classes)


def _theirs(text: str, form: Literal["abc", "musicxml"], cache: Cache) -> tuple[Reading, int]:
    found: dict[Fraction, list[Symbol]] = {}
    for symbol in symbols(text.encode(), form, cache):
        found.setdefault(symbol.onset, []).append(symbol)
    firsts = {onset: at_once[0] for onset, at_once in found.items()}
    several = sum(len(at_once) > 1 for at_once in found.values())
    return {onset: (first.root, first.bass, first.notes) for onset, first in firsts.items()}, several


def _causes(
    piece: Unread, ours: Reading, text: str, form: Literal["abc", "musicxml"], cache: Cache
) -> tuple[str, ...]:
    """The fewest causes, in the order of the table, whose rewritings make both agree."""
    equivalent, simpler = (ABC_EQUIVALENT, ABC_SIMPLER) if form == "abc" else (XML_EQUIVALENT, XML_SIMPLER)
    rewritings = {**equivalent, **simpler}
    applicable = [cause for cause, rewrite in rewritings.items() if rewrite(text) != text]
    for chosen in _subsets(applicable):
        given = mine = text
        for cause in chosen:
            given = rewritings[cause](given)
            mine = rewritings[cause](mine) if cause in simpler else mine
        reading = ours if mine == text else _ours(piece, Source("", piece.source.format, mine.encode()))
        try:
            if reading == _theirs(given, form, cache)[0]:
                return chosen
        except JudgeError:
            continue
    return ()


def _subsets(causes: Sequence[str]) -> list[tuple[str, ...]]:
    found = [
        tuple(cause for place, cause in enumerate(causes) if number >> place & 1)
        for number in range(1, 2 ** len(causes))
    ]
    return sorted(found, key=len)
