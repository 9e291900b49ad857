"""The limits of a data set's filters."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.core.settings import Section

Count = Field(default=None, ge=0, le=2**53)
Share = Field(default=None, ge=0.0, le=1.0)


class FilterSettings(Section):
    """The section ``filter`` of a data set; a limit that is left out filters nothing.

    Attributes:
        min_notes, max_notes: sounding notes of the top voice; a cut needs two.
        min_steps, max_steps: length.
        min_distinct_pitches: over all voices, silence not counted.
        min_range, max_range: semitones from the lowest to the highest note.
        max_silence_steps: the longest silence of any voice.
        max_silence_share: silent cells of all cells; with ``rests: extend`` those
            that were silent before.
        max_moved_share: notes whose onset or end rounding moved by more than
            ``quantize.move_tolerance``, of all notes.
        max_error_ticks: the farthest that one was moved; 10080 = a quarter note.
        max_collapsed_share: notes lost because another took their step, of all.
        max_covered: notes that the skyline left out.
        meters: those admitted, for example ["3/4", "6/8"]; "none" admits grids
            without a metre or with a change of metre.
        regions: those admitted, for example ["Deutschland", "Irland"]: one of them is
            a part of what the source writes as origin or region (ABC ``O:`` and ``A:``,
            kern ``ARE``), between commas and without regard to case, as in "Europa,
            Mitteleuropa, Deutschland"; "none" admits grids whose source gives neither,
            otherwise rejected.
        tune_types: those admitted, for example ["reel", "jig"], compared in the same way
            with the tune type (ABC ``R:``, kern ``AGN``), as in "Romanze, Ballade, Lied";
            "none" admits grids whose source gives none.
        licences: those admitted, as the corpora state them.
        duplicates: ``drop`` keeps one of the grids that are the same up to
            transposition: of those that no other filter rejects, the one whose
            piece_id comes first.
    """

    min_notes: int | None = Count
    max_notes: int | None = Count
    min_steps: int | None = Count
    max_steps: int | None = Count
    min_distinct_pitches: int | None = Count
    min_range: int | None = Count
    max_range: int | None = Count
    max_silence_steps: int | None = Count
    max_silence_share: float | None = Share
    max_moved_share: float | None = Share
    max_error_ticks: int | None = Count
    max_collapsed_share: float | None = Share
    max_covered: int | None = Count
    meters: list[str] | None = Field(default=None, min_length=1)
    regions: list[str] | None = Field(default=None, min_length=1)
    tune_types: list[str] | None = Field(default=None, min_length=1)
    licences: list[str] | None = Field(default=None, min_length=1)
    duplicates: Literal["keep", "drop"] = "keep"
