"""The limits of a data set's filters."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.core.settings import Section

Count = Field(default=None, ge=0, le=2**53)
Share = Field(default=None, ge=0.0, le=1.0)


class FilterSettings(Section):
    """The section ``filter`` of a data set; a missing limit has no effect.

    Attributes:
        min_notes, max_notes: number of sounding notes of the top voice; a prompt needs two.
        min_steps, max_steps: length in steps.
        min_distinct_pitches: number of distinct pitches over all voices, without silence.
        min_range, max_range: semitones from the lowest to the highest note.
        max_silence_steps: the longest silence of any voice.
        max_silence_share: share of silent cells; with ``rests: extend`` the cells that were
            silent before.
        max_moved_share: share of notes whose onset or end rounding moved by more than
            ``quantize.move_tolerance``.
        max_error_ticks: the largest displacement of an onset or end; 10080 = a quarter note.
        max_collapsed_share: share of notes lost because another note took their step.
        max_covered: number of notes that the skyline left out.
        meters: admitted time signatures, for example ["3/4", "6/8"]; "none" admits grids
            without a metre or with a change of metre.
        regions: admitted regions, for example ["Deutschland", "Irland"]. Each is compared,
            ignoring case, with the comma-separated parts of the origin and region in the
            source (ABC ``O:`` and ``A:``, kern ``ARE``), such as "Europa, Mitteleuropa,
            Deutschland"; "none" admits grids whose source gives neither, which are
            otherwise rejected.
        tune_types: admitted tune types, for example ["reel", "jig"], compared in the same way
            with the tune type (ABC ``R:``, kern ``AGN``), such as "Romanze, Ballade, Lied";
            "none" admits grids whose source gives none.
        licences: admitted licences, as the corpora state them.
        duplicates: ``drop`` keeps one of several grids that are equal up to
            transposition: the first by piece_id of those that no other filter rejects.
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
