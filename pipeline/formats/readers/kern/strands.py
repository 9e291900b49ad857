"""The strands (columns) of a Humdrum file, and how they split and join.

Source: D. Huron, *The Humdrum Toolkit*, section "Spine paths".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.formats.readers.base.lyrics import MAX_VERSES
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import Ticks
from pipeline.formats.readers.kern.part import SpineReader
from pipeline.formats.readers.kern.tokens import KernKey

PATHS = ("*^", "*v", "*x", "*+", "*-")


@dataclass
class Strand:
    """One column of the file.

    Attributes:
        spine: the number of its spine; the strands of a split spine share it.
        part: the part of its notes; None for other types than ``**kern``.
        end: the end of its last note or rest.
        analysis: the type of a spine of chord symbols, ``**mxhm`` or ``**harm``; "" for others.
        key: the key that this spine names; None for none, and where it is undefined (``*?:``).
        keyed: whether the spine has named or undefined a key.
        passage: the number of its strophic passage; 0 for none.
        reading: the label of its reading of that passage; "" for none.
        passed_over: whether it is ignored because it is not the first reading.
        sung_by: the part of its lyrics; None for other types than ``**text``.
        verse: the number of its verse.
    """

    spine: int
    part: SpineReader | None = None
    end: Ticks = 0
    analysis: str = ""
    key: KernKey | None = None
    keyed: bool = False
    passage: int = 0
    reading: str = ""
    passed_over: bool = False
    sung_by: SpineReader | None = None
    verse: int = 0


def find_singers(strands: Sequence[Strand]) -> None:
    """Assign each spine of lyrics to the nearest part on its left."""
    part: SpineReader | None = None
    verse = 0
    for strand in strands:
        if strand.part is not None:
            part, verse = strand.part, 0
        elif strand.verse:
            verse = min(verse + 1, MAX_VERSES)
            strand.sung_by, strand.verse = part, verse


def follow_paths(
    strands: Sequence[Strand], cells: Sequence[str], new_strand: Callable[[], Strand]
) -> list[Strand]:
    """Split, join, exchange, add and end strands; neighbours of one spine join."""
    moved: list[Strand] = []
    crossing: int | None = None
    columns = zip(cells, strands, strict=True)
    for (token, spine), pairs in groupby(columns, key=lambda pair: (pair[0], pair[1].spine)):
        group = [strand for _, strand in pairs]
        if token == "*v":
            if len(group) == 1:
                raise ReadError("bad_syntax", f"*v: spine {spine} has no second strand to join with")
            moved.append(_joined(group))
            continue
        for strand in group:
            if token != "*-":
                moved.append(strand)
            if token == "*^":
                moved.append(replace(strand))
            elif token == "*+":
                moved.append(new_strand())
            elif token == "*x" and crossing is None:
                crossing = len(moved) - 1
            elif token == "*x" and crossing is not None:
                moved[crossing], moved[-1] = moved[-1], moved[crossing]
                crossing = None
    return moved


def _joined(strands: list[Strand]) -> Strand:
    """Join several strands into one; the strands that are read must end together."""
    read = [strand for strand in strands if not strand.passed_over] or strands[:1]
    last = max(read, key=lambda strand: strand.end)
    for strand in read:
        if strand.part is not None and not strand.part.is_ignored and strand.end != last.end:
            raise unaligned(strand.end, last.end)
    joined = replace(read[0], end=last.end)
    if len(read) < len(strands):
        joined.passage, joined.reading = 0, ""
    return joined


def unaligned(end: Ticks, onset: Ticks) -> ReadError:
    """The error for strands of one line that are at different times."""
    one, other = (str(Fraction(time) / TICKS_PER_QUARTER) for time in (end, onset))
    return ReadError(
        "unaligned", f"one strand is at quarter {one}, another at {other}: durations do not add up"
    )
