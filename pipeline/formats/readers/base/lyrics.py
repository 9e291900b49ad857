"""Lyrics: the syllable of each note, verse by verse.

A written note holds one text per verse, "" where the verse has no syllable there. A hyphen at
the end of a syllable means that its word continues: "Al-", "le". A syllable that is held over
several notes belongs to the first of them; the others have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

MAX_VERSES = 99

Lyric = tuple[str, ...]


def with_syllable(lyric: Lyric, verse: int, text: str) -> Lyric:
    """Add a syllable of a verse (counted from 1) to the lyric of a note; an existing syllable is kept.

    >>> with_syllable(("Al-",), 3, "Köpf-")
    ('Al-', '', 'Köpf-')
    """
    padded = [*lyric, *[""] * (verse - len(lyric))]
    padded[verse - 1] = padded[verse - 1] or text
    return tuple(padded)


def joined_lyrics(first: Lyric, second: Lyric) -> Lyric:
    """The lyric of two notes that are joined by a tie.

    >>> joined_lyrics(("Al-", "und"), ("le",))
    ('Alle', 'und')
    """
    if not second:
        return first
    return tuple(_joined(one, other) for one, other in zip_longest(first, second, fillvalue=""))


def _joined(one: str, other: str) -> str:
    if one.endswith("-") and other:
        return one[:-1] + other
    return " ".join(filter(None, (one, other)))


def first_verse(lyrics: Sequence[Lyric]) -> int | None:
    """The index of the first verse with a syllable; None if there is none."""
    return min(
        (
            next((place for place, text in enumerate(lyric) if text), MAX_VERSES)
            for lyric in lyrics
            if any(lyric)
        ),
        default=None,
    )


def lyrics_of(lyrics: Sequence[Lyric]) -> tuple[str | None, ...] | None:
    """The syllables of the first verse, None for a note without one; None if there are no lyrics.

    >>> lyrics_of([("Al-", "Un-"), (), ("le", "sre")])
    ('Al-', None, 'le')
    """
    verse = first_verse(lyrics) if any(lyrics) else None
    if verse is None:
        return None
    return tuple((lyric[verse] or None) if len(lyric) > verse else None for lyric in lyrics)
