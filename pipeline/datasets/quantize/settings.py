"""How exact notes are put on a grid."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from pipeline.core.settings import Section, SettingsError
from pipeline.errors import nearest

DEFAULT = "default"  # every corpus that a mapping does not name
TOP = "top"


class QuantizeSettings(Section):
    """The section ``quantize`` of a data set.

    Attributes:
        parts: per corpus one selector a voice, top voice first: ``top`` for the
            first part, any other word for the first part whose name begins with it.
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
    """

    parts: dict[str, list[str]] = Field(min_length=1)
    steps_per_quarter: int = Field(ge=1, le=10080)
    chords: Literal["top", "reject", "voices"]
    rests: Literal["symbol", "extend", "split", "reject"]
    edge_silence: Literal["trim", "keep"]
    min_rest: int | None = Field(default=None, ge=1, le=2**31)
    split_at_phrase_ends: bool = False
    on_inexact: Literal["round", "reject"] = "round"

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
    def grid(self) -> tuple[int, int]:
        """Steps per quarter and voices: weights are useful on the same grid only."""
        return self.steps_per_quarter, self.voices

    def selectors(self, corpus: str) -> list[str]:
        """The selectors of a corpus, one a voice.

        Raises:
            SettingsError: neither the corpus nor ``default`` is named.
        """
        found = self.parts.get(corpus, self.parts.get(DEFAULT))
        if found is None:
            raise SettingsError(
                f"quantize.parts: nothing for corpus '{corpus}'; {nearest(corpus, self.parts)}"
            )
        return found
