"""How exact notes are put on a grid."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.core.settings import Section, SettingsError
from pipeline.errors import nearest

DEFAULT = "default"  # every corpus that a mapping does not name
TOP = "top"


Name = Annotated[str, Field(min_length=1)]
Selector = Name | Annotated[list[Name], Field(min_length=1)]


class QuantizeSettings(Section):
    """The section ``quantize`` of a data set.

    Attributes:
        parts: per corpus one selector per voice, top voice first: ``top`` for the first
            part of the score, any other text for the part with that name (see
            :mod:`part_names`); or a list of such selectors, of which the first that fits
            counts: ``[[Melody, Voice, top], Bass]``.
        steps_per_quarter: resolution of the grid; 4 = sixteenth notes.
        chords: ``top`` keeps the skyline of a staff, ``reject`` rejects a piece in
            which two notes of a voice sound together, ``voices`` shares the notes of a
            staff among the voices that name it (``[top, top]``), the highest first: a note
            with no other above it goes to the first of them. A piece with more notes
            at once than voices is rejected. Whether notes sound together is judged on the
            grid: a short legato overlap is two notes in a row.
        rests: ``symbol`` keeps silence, ``extend`` holds a note until the next of
            its voice, ``split`` cuts the piece at long silences, ``reject`` rejects it.
        edge_silence: ``trim`` leaves out silence before the first and after the last
            note of all voices, ``keep`` keeps it.
        min_rest: for ``split``: steps of silence in all voices that end a phrase.
        split_at_phrase_ends: for ``split``: cut after notes that end a phrase, too.
        on_inexact: ``round`` moves notes to the nearest step and counts them,
            ``reject`` rejects a piece that does not fit the grid exactly.
        grid: where the steps lie in the time of the source. ``score``: at its own beats.
            ``shift``: displaced by a constant, which is looked for. ``estimate``: at a
            constant tempo that is looked for. ``auto`` leaves a piece alone whose
            onsets are on the steps, or at times that a score can write; else it looks for
            a shift, then for a tempo. What is not found is as with ``score``.
        move_tolerance: the farthest that rounding may displace a note without it being
            counted as moved, in steps. 0.2 is less than a triplet (1/3 step) or a note
            of half a step is off the grid, and more than a player's unevenness.
    """

    parts: dict[str, list[Selector]] = Field(min_length=1)
    steps_per_quarter: int = Field(ge=1, le=10080)
    chords: Literal["top", "reject", "voices"]
    rests: Literal["symbol", "extend", "split", "reject"]
    edge_silence: Literal["trim", "keep"]
    min_rest: int | None = Field(default=None, ge=1, le=2**31)
    split_at_phrase_ends: bool = False
    on_inexact: Literal["round", "reject"] = "round"
    grid: Literal["auto", "score", "shift", "estimate"] = "auto"
    move_tolerance: float = Field(default=0.2, ge=0, le=0.5)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        counts = {corpus: len(selectors) for corpus, selectors in self.parts.items()}
        if len(set(counts.values())) > 1 or 0 in counts.values():
            raise ValueError(f"parts: every corpus needs the same number of selectors, one a voice: {counts}")
        if (self.rests == "split") != (self.min_rest is not None):
            raise ValueError("min_rest goes with rests: split, and only with it")
        if self.split_at_phrase_ends and self.rests != "split":
            raise ValueError("split_at_phrase_ends goes with rests: split only")
        return self

    @property
    def voices(self) -> int:
        """V."""
        return len(next(iter(self.parts.values())))

    @property
    def tolerance(self) -> int:
        """``move_tolerance`` in 1/10080 step."""
        return int(Fraction(str(self.move_tolerance)) * TICKS_PER_QUARTER)

    @property
    def resolution(self) -> tuple[int, int]:
        """Steps per quarter and voices: weights are useful on the same grid only."""
        return self.steps_per_quarter, self.voices

    def selectors(self, corpus: str) -> list[list[str]]:
        """The alternatives for each voice of a corpus.

        Raises:
            SettingsError: neither the corpus nor ``default`` is named.
        """
        found = self.parts.get(corpus, self.parts.get(DEFAULT))
        if found is None:
            raise SettingsError(
                f"quantize.parts: nothing for corpus '{corpus}'; {nearest(corpus, self.parts)}"
            )
        return [[selector] if isinstance(selector, str) else selector for selector in found]


def is_top(selector: str) -> bool:
    """Whether a selector means the first part of the score, whatever its name."""
    return selector.strip().casefold() == TOP
