r"""Lines of lyrics (``w:``) under the notes of a voice.

Source: the ABC music standard 2.1, section 5. A line is aligned with the notes since the previous
lines of lyrics; tied notes count individually, rests, grace notes and overlays do not count. The
first line after a line of music is the first verse, the next line the second. ``-`` ends a syllable
inside a word, ``_`` and a second ``-`` hold it for one more note, ``*`` skips a note, ``~`` is a
space, ``\-`` a hyphen, and ``|`` advances to the next bar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pipeline.formats.readers.base.lyrics import MAX_VERSES, Lyric, with_syllable
from pipeline.formats.readers.base.staff import Ticks

BAR = "|"
_SIGN = re.compile(r"((?:\\.|[^\s|_*\\-]|\\)+)(-?)|[|_*-]")

Place = tuple[Ticks, int]  # onset and pitch


def syllables(text: str) -> list[str]:
    r"""The syllables of a line, "" for a note without one, BAR for an advance to the next bar.

    >>> syllables("syll-a--ble time__ | of~the * a\\-b")
    ['syll-', 'a-', '', 'ble', 'time', '', '', '|', 'of the', '', 'a-b']
    """
    found: list[str] = []
    for sign in _SIGN.finditer(text):
        if sign[0] == BAR:
            found.append(BAR)
        elif sign[1] is None:
            if sign[0] == "-" and found and found[-1] not in ("", BAR) and not found[-1].endswith("-"):
                found[-1] += "-"  # "a -ble" is equivalent to "a--ble"
            found.append("")
        else:
            found.append(re.sub(r"\\(.)", r"\1", sign[1]).replace("~", " ").strip() + sign[2])
    return found


@dataclass(slots=True)
class LyricLines:
    """The lyrics of a voice.

    Attributes:
        notes: index and bar of each note since the last lines of lyrics.
        verse: number of lines of lyrics for these notes; reset by following music.
        sung: the lyric of each note index.
        n_lost: number of syllables of the first verse after the last note.
    """

    notes: list[tuple[Place, int]] = field(default_factory=list)
    verse: int = 0
    sung: dict[Place, Lyric] = field(default_factory=dict)
    n_lost: int = 0
    next_note: int = 0
    bars_passed: int = 0
    unfinished: bool = False

    def add_note(self, onset: Ticks, pitch: int, bar: int) -> None:
        """Add a note (of a chord, the highest) that may have a syllable."""
        if self.verse:
            self.notes.clear()
            self.verse, self.unfinished = 0, False
        self.notes.append(((onset, pitch), bar))

    def add_line(self, text: str, continues: bool = False) -> None:
        r"""Add a line of lyrics: a new verse, or more of one (``+:``, or after a line ending in ``\``)."""
        if not (continues and self.verse) and not self.unfinished:
            self.verse += 1
            self.next_note = self.bars_passed = 0
        self.unfinished = text.endswith("\\")
        if self.verse > MAX_VERSES:
            return
        for syllable in syllables(text.removesuffix("\\")):
            if syllable == BAR:
                self._next_bar()
            elif self.next_note < len(self.notes):
                place, _ = self.notes[self.next_note]
                if syllable:
                    self.sung[place] = with_syllable(self.sung.get(place, ()), self.verse, syllable)
                self.next_note += 1
            else:
                self.n_lost += bool(syllable) and self.verse == 1

    def _next_bar(self) -> None:
        """Advance to the first note of the next bar, unless the syllables are there already."""
        self.bars_passed += 1
        first = self.notes[0][1] if self.notes else 0
        while self.next_note < len(self.notes) and self.notes[self.next_note][1] - first < self.bars_passed:
            self.next_note += 1
