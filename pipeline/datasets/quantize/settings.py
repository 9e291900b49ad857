"""Settings of the quantization of exact notes to a grid."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.core.settings import Section, SettingsError
from pipeline.errors import nearest

DEFAULT = "default"  # key for every corpus that a mapping does not name
TOP = "top"


Name = Annotated[str, Field(min_length=1)]
Selector = Name | Annotated[list[Name], Field(min_length=1)]


class QuantizeSettings(Section):
    """The section ``quantize`` of a data set.

    Attributes:
        parts: per corpus, one selector per voice, top voice first: ``top`` for the first
            part of the score, any other text for the part with that name (see
            :mod:`part_names`); or a list of such selectors in order of preference:
            ``[[Melody, Voice, top], Bass]``.
        steps_per_quarter: resolution of the grid; 4 = sixteenth notes.
        chords: ``top`` keeps the skyline of a staff, ``reject`` rejects a piece in
            which two notes of a voice sound together, ``voices`` distributes the notes of a
            staff to the voices that select it (``[top, top]``), the highest first: a note
            with no other note above it goes to the first voice. A piece with more
            simultaneous notes than voices is rejected. Whether notes sound together is decided
            on the grid: a short legato overlap counts as two consecutive notes.
        rests: ``symbol`` keeps silence, ``extend`` holds a note until the next note of
            its voice, ``split`` cuts the piece at long silences, ``reject`` rejects it.
        edge_silence: ``trim`` removes silence before the first and after the last
            note of all voices, ``keep`` keeps it.
        min_rest: for ``split``: steps of silence in all voices that end a phrase.
        split_at_phrase_ends: for ``split``: also cut after notes that end a phrase.
        on_inexact: ``round`` moves notes to the nearest step and counts them,
            ``reject`` rejects a piece that does not fit the grid exactly.
        grid: position of the steps in the time of the source. ``score``: the beats of the
            source. ``shift``: search for a constant displacement. ``estimate``: search for
            a constant tempo. ``auto`` keeps the beats of the source if the onsets are on
            the steps or at times that a score can write; otherwise it searches for a shift,
            then for a tempo. If nothing is found, the grid is that of ``score``. ``beats``: the
            annotated beats of the corpus (``corpora.KEY.source.beats``), each a quarter note.
        move_tolerance: the largest displacement of a note by rounding that is not counted as
            moved, in steps. 0.2 is less than the displacement of a triplet (1/3 step) or of a
            note of half a step, and more than the unevenness of a performer.
    """

    parts: dict[str, list[Selector]] = Field(min_length=1)
    steps_per_quarter: int = Field(ge=1, le=10080)
    chords: Literal["top", "reject", "voices"]
    rests: Literal["symbol", "extend", "split", "reject"]
    edge_silence: Literal["trim", "keep"]
    min_rest: int | None = Field(default=None, ge=1, le=2**31)
    split_at_phrase_ends: bool = False
    on_inexact: Literal["round", "reject"] = "round"
    grid: Literal["auto", "score", "shift", "estimate", "beats"] = "auto"
    move_tolerance: float = Field(default=0.2, ge=0, le=0.5)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        counts = {corpus: len(selectors) for corpus, selectors in self.parts.items()}
        if len(set(counts.values())) > 1 or 0 in counts.values():
            raise ValueError(f"parts: all corpora need the same number of selectors, one per voice: {counts}")
        if (self.rests == "split") != (self.min_rest is not None):
            raise ValueError("min_rest is required with rests: split and not allowed otherwise")
        if self.split_at_phrase_ends and self.rests != "split":
            raise ValueError("split_at_phrase_ends is allowed only with rests: split")
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
        """Steps per quarter and number of voices: weights can be reused only on the same grid."""
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
    """Whether a selector selects the first part of the score, regardless of its name."""
    return selector.strip().casefold() == TOP
