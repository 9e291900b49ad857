"""Chord changes given for a continuation, such as ``Am F C G`` or ``Am:2 F:2 C G7``.

Each entry is a chord symbol as scores have it (``F#m7b5``, ``G/B``, ``N.C.``) or in Harte's syntax
(``A:min7``). It lasts for one bar; ``:2`` after it means two beats, in the note value of the time
signature's denominator. So ``G:7`` is G for seven beats; a seventh chord is ``G7``. The changes begin
at the first bar line of the continuation, and are repeated for as long as it lasts; until that bar line
the last chord of the prompt holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pipeline.core.chords import ChordError, parse_harte, transpose
from pipeline.formats.readers.base.chord_symbols import harte_of_text
from pipeline.formats.writers.layout import Layout, chord_changes
from pipeline.tools.inference.prompt import PromptError, bars_of

SYNTAX = 'expected one chord per bar, such as "Am F C G7", or chords with beats, such as "Am:2 F:2"'
MAX_BEATS = 1024
MAX_CHANGES = 4096


@dataclass(frozen=True)
class Change:
    """A chord that is given.

    Attributes:
        text: as given.
        chord: in Harte's syntax; "N" for no chord.
        beats: its length in notes of the time signature's denominator; None: one bar.
    """

    text: str
    chord: str
    beats: int | None = None


def parse_changes(given: str | Sequence[str]) -> tuple[Change, ...]:
    """Parse chord changes.

    Args:
        given: entries separated by spaces, or a sequence of entries.

    Raises:
        PromptError: no entry, or one that is no chord symbol or has no length.

    >>> [(change.chord, change.beats) for change in parse_changes("Am G/B:2 N.C.:2")]
    [('A:min', None), ('G:maj/3', 2), ('N', 2)]
    """
    entries = given.split() if isinstance(given, str) else [str(entry).strip() for entry in given]
    if not entries:
        raise PromptError(f"chords: none given; {SYNTAX}")
    if len(entries) > MAX_CHANGES:
        raise PromptError(f"chords: {len(entries):,} given; allowed are at most {MAX_CHANGES:,}")
    return tuple(map(_change, entries))


def chords_of_steps(
    changes: Sequence[Change], row: Mapping[str, Any], n_steps: int | None
) -> list[str | None]:
    """The chord of each step of the continuation of a prompt, in the key of its score.

    Args:
        row: the prompt, of ``schemas.TOKENS``.
        n_steps: of the continuation; None: until the changes have been used once.

    Returns:
        None until the first bar line where the prompt has no chords.

    Raises:
        PromptError: a length that needs a time signature, or is no whole number of steps.
    """
    before = _steps_to_bar_line(row)
    once = [change.chord for change in changes for _ in range(_length(change, row))]
    if n_steps is None:
        n_steps = before + len(once)
    held = _last_chord(row)
    return [held if step < before else once[(step - before) % len(once)] for step in range(n_steps)]


def with_chords(layout: Layout, given: Sequence[str | None], begin: int) -> tuple[tuple[int, str], ...]:
    """The chords of a layout, followed by those of steps from ``begin`` on where they change."""
    earlier = layout.chords[-1][1] if layout.chords else None
    later = [(begin + step, chord) for step, chord in chord_changes(given)]
    return layout.chords + tuple(later[1:] if later and later[0] == (begin, earlier) else later)


def _change(entry: str) -> Change:
    found = re.fullmatch(r"(.+?)(?::(\d+))?", entry)
    name, beats = (found[1], found[2]) if found else (entry, None)
    chord = harte_of_text(name) or _harte(name)
    if chord is None:
        raise PromptError(f'chords: "{entry[:40]}" is no chord symbol; {SYNTAX}')
    if beats is not None and not 1 <= int(beats[:9]) <= MAX_BEATS:
        raise PromptError(
            f'chords: "{entry[:40]}" lasts for {beats[:9]} beats; allowed are 1 to {MAX_BEATS:,}'
        )
    return Change(entry, chord, None if beats is None else int(beats))


def _harte(name: str) -> str | None:
    try:
        return str(parse_harte(name))
    except ChordError:
        return None


def _length(change: Change, row: Mapping[str, Any]) -> int:
    """Steps of a change."""
    if change.beats is None:
        if not row["steps_per_bar"]:
            raise PromptError(
                f'chords: "{change.text}" lasts for one bar, but the prompt has no single time signature; '
                f'give a length in quarter notes, such as "{change.text}:4"'
            )
        return int(row["steps_per_bar"])
    denominator = int(row["meter"].partition("/")[2]) if row["steps_per_bar"] and row["meter"] else 4
    steps = Fraction(change.beats * 4 * row["steps_per_quarter"], denominator)
    if steps.denominator != 1:
        raise PromptError(
            f'chords: "{change.text}": {change.beats}/{denominator} is no whole number of steps of the grid, '
            f"which has {row['steps_per_quarter']} per quarter note"
        )
    return int(steps)


def _steps_to_bar_line(row: Mapping[str, Any]) -> int:
    """Steps of the continuation before its first bar line."""
    bars, n_given = bars_of(row), row["n_steps"]
    if bars is None:
        return 0
    return int(-bars.continued(n_given, n_given + 1)[-1] % bars.steps_per_bar)


def _last_chord(row: Mapping[str, Any]) -> str | None:
    known = row["chord"] or [None]
    return None if known[-1] is None else transpose(known[-1], -(row["transposition"] or 0))
