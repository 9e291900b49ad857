"""Tokens as lines of text, as ``encode`` prints and ``decode`` reads them.

A line of numbers is one piece, START first and STOP last. The line before it may
contain metadata of the piece, as JSON after a ``#``; every field has a
default, so bare numbers are valid::

    # {"title": "Alle meine Entchen", "voices": 1, "steps_per_quarter": 1}
    256 60 62 64 65 67 195 67 195 257
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field, ValidationError

from pipeline.core import vocabulary
from pipeline.core.music import Grid
from pipeline.core.settings import Section
from pipeline.core.text import message_of
from pipeline.core.vocabulary import Repairs
from pipeline.errors import PipelineError, nearest
from pipeline.formats.writers import WRITERS
from pipeline.formats.writers.layout import Layout, ScoreError, layout_of, steps_of, transposed

_BETWEEN = re.compile(r"[\s,;\[\]]+")


class TokenTextError(PipelineError):
    """A text that contains other things than lines of tokens."""


class Heading(Section):
    """The metadata of a piece.

    Attributes:
        voices: V.
        steps_per_quarter: resolution of the grid.
        meter: time signature of the score, as "6/8"; null: that of ``steps_per_bar``.
        steps_per_bar: length of a bar; null: that of ``meter``, no bars where both are null.
        first_bar: length of the anacrusis, 0 for none.
        bar_lines: where bars begin after the first, where they are not regular.
        key_fifths, key_mode: the key used, before transposition; null: unknown.
        transposition: semitones added to the notes.
        chords: (step, chord) in Harte's syntax wherever a chord begins, before transposition.
    """

    piece_id: str = ""
    title: str = ""
    voices: int = Field(default=1, ge=1, le=64)
    steps_per_quarter: int = Field(default=4, ge=1, le=64)
    meter: str | None = None
    steps_per_bar: int | None = Field(default=None, ge=1, le=2**31)
    first_bar: int = Field(default=0, ge=0, le=2**31)
    bar_lines: list[int] = Field(default=[])
    key_fifths: int | None = Field(default=None, ge=-7, le=7)
    key_mode: str = ""
    transposition: int = Field(default=0, ge=-127, le=127)
    chords: list[tuple[int, str]] = Field(default=[])


@dataclass(frozen=True)
class Line:
    """One piece of a text: line number, tokens and metadata."""

    number: int
    tokens: list[int]
    heading: Heading

    def grid(self, lenient: bool = False) -> tuple[Grid, Repairs]:
        """The tokens decoded, in their own key.

        Raises:
            TokenTextError: they break the grammar, or no token remains after repair.
        """
        try:
            if lenient:
                return vocabulary.decode_leniently(self.tokens, self.heading.voices)
            return vocabulary.decode(self.tokens, self.heading.voices), Repairs()
        except vocabulary.TokenError as error:
            raise TokenTextError(f"line {self.number}: {error}") from None

    def layout(self) -> Layout:
        """The layout of the piece as a score.

        Raises:
            TokenTextError: bars, a key or a time signature that cannot be notated.
        """
        known = self.heading
        try:
            return Layout(
                steps_per_quarter=known.steps_per_quarter,
                steps_per_bar=known.steps_per_bar or steps_of(known.meter, known.steps_per_quarter),
                first_bar=known.first_bar,
                key_fifths=known.key_fifths,
                title=known.title or known.piece_id,
                time_signature=known.meter,
                key_mode=known.key_mode,
                bar_lines=tuple(known.bar_lines),
                chords=tuple(known.chords),
            )
        except ScoreError as error:
            raise TokenTextError(f"line {self.number}: {error}") from None


def write_row(row: Mapping[str, Any]) -> str:
    """A row of ``schemas.TOKENS`` as its two lines."""
    layout = layout_of(row, mark=0)
    heading = Heading(
        piece_id=row["piece_id"],
        title=row["title"] or "",
        voices=row["voices"],
        steps_per_quarter=layout.steps_per_quarter,
        meter=layout.time_signature,
        steps_per_bar=layout.steps_per_bar,
        first_bar=layout.first_bar,
        bar_lines=list(layout.bar_lines),
        key_fifths=layout.key_fifths,
        key_mode=layout.key_mode,
        transposition=row["transposition"] or 0,
        chords=list(layout.chords),
    )
    return f"# {heading.model_dump_json(exclude_defaults=True)}\n{' '.join(map(str, row['tokens']))}\n"


def read_lines(text: str, defaults: Mapping[str, Any] | None = None) -> list[Line]:
    """Parse a text.

    Args:
        defaults: metadata for pieces whose heading omits it.

    Raises:
        TokenTextError: a line is not valid, or no line contains tokens.
    """
    lines: list[Line] = []
    known = dict(defaults or {})
    unheaded = heading = _checked(known, "for pieces without it")
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("#"):
            heading = _heading(line[1:].strip(), known, number)
        elif line.strip():
            lines.append(Line(number, _numbers(line, number), heading))
            heading = unheaded
    if not lines:
        raise TokenTextError("no tokens: a line of numbers is expected, for example 256 60 188 257")
    return lines


def as_score(grid: Grid, layout: Layout, suffix: str) -> bytes:
    """A grid as the bytes of a score.

    Args:
        suffix: suffix of the file: ".mid", ".musicxml" or ".wav".

    Raises:
        TokenTextError: no such format can be written.
    """
    return writer_of(suffix)(grid, layout)


def writer_of(suffix: str) -> Callable[[Grid, Layout], bytes]:
    """The writer of scores with a suffix.

    Raises:
        TokenTextError: no such format can be written.
    """
    kind = suffix.removeprefix(".").lower()
    if kind not in WRITERS:
        raise TokenTextError(f"'{suffix}': no such format can be written; {nearest(kind, WRITERS)}")
    return WRITERS[kind]


def in_score_key(grid: Grid, heading: Heading) -> Grid:
    """The transposition undone."""
    return transposed(grid, -heading.transposition)


def _heading(text: str, known: Mapping[str, Any], number: int) -> Heading:
    """Read a heading; a comment that is not JSON is ignored."""
    if not text.startswith("{"):
        return Heading(**known)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TokenTextError(f"line {number}: not readable as JSON: {message_of(error)}") from None
    return _checked({**known, **told}, f"line {number}")


def _checked(facts: Mapping[str, Any], where: str) -> Heading:
    try:
        return Heading.model_validate(facts)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        name = ".".join(map(str, fault["loc"]))
        hint = f"; {nearest(name, Heading.model_fields)}" if fault["type"] == "extra_forbidden" else ""
        raise TokenTextError(f"{where}, {name}: {fault['msg']}, found {fault['input']!r}{hint}") from None


def _numbers(line: str, number: int) -> list[int]:
    words: Sequence[str] = [word for word in _BETWEEN.split(line) if word]
    for word in words:
        if not re.fullmatch(r"-?[0-9]{1,9}", word):
            raise TokenTextError(f"line {number}: '{word[:20]}' is no token; numbers 0 to 257 are expected")
    return [int(word) for word in words]
