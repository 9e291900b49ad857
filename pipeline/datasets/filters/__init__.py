"""Filters: which grids are kept, and why the others are rejected.

A filter is one function over all grids and one row of ``FILTERS`` at the end of this module:
it measures every grid and decides which grids pass. All violated rules of a grid are
recorded. Pitches are those of the score, because filters run before transposition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.core.accounting import Rejection
from pipeline.core.lists import flatten
from pipeline.core.music import SILENCE
from pipeline.datasets.columns.ragged import Bools, Ints, maxima, minima, offsets_of, owners, sums
from pipeline.datasets.filters.duplicates import fingerprints
from pipeline.datasets.filters.settings import FilterSettings

__all__ = ["FILTERS", "FilterSettings", "Filtered", "apply_filters", "broken_rules", "filter_portions"]


@dataclass(frozen=True)
class Grids:
    """The columns of a grids table that filters measure."""

    table: pa.Table

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def column(self, name: str) -> Ints:
        """A column of whole numbers."""
        return np.asarray(self.table[name].to_numpy(), dtype=np.int64)

    @cached_property
    def voices(self) -> int:
        """V, the number of voices; constant within a data set."""
        return int(self.table["voices"][0].as_py()) if len(self) else 1

    @cached_property
    def steps(self) -> Ints:
        """(n + 1,) offsets of the grids in steps."""
        return offsets_of(self.column("n_steps"))

    @cached_property
    def pitch(self) -> NDArray[np.uint8]:
        """(steps, V)."""
        return np.asarray(flatten(self.table["pitch"])[1]).reshape(-1, self.voices)

    @cached_property
    def begun(self) -> Bools:
        """(steps, V) True where a note or a silence begins."""
        return ~np.asarray(flatten(self.table["tied"])[1], dtype=bool).reshape(-1, self.voices)


@dataclass(frozen=True)
class Filter:
    """A named rule.

    Attributes:
        rule: the reason for rejecting a grid.
        measure: computes one value per grid.
        passes: function of (values, limit); True for the grids to keep.
    """

    rule: str
    measure: Callable[[Grids], NDArray[Any]]
    passes: Callable[[NDArray[Any], Any], Bools]


@dataclass(frozen=True)
class Filtered:
    """The rows kept, the piece_id of all rows, and all violated rules of the rejected rows."""

    grids: pa.Table
    incoming: list[str]
    rejections: list[Rejection]


def apply_filters(table: pa.Table, settings: FilterSettings) -> Filtered:
    """Keep the grids that pass every filter.

    Args:
        table: rows of ``schemas.GRIDS``.
        settings: the limits; a limit of None has no effect.
    """
    (made,) = filter_portions([table], settings)
    return made


def filter_portions(portions: Iterable[pa.Table], settings: FilterSettings) -> Iterator[Filtered]:
    """Filter a data set that arrives in portions, in order of piece_id."""
    seen: dict[bytes, str] = {}
    for table in portions:
        broken = broken_rules(table, settings).values()
        rejections = [rejection for rule in broken for _, rejection in rule]
        kept = _without(table, rejections)
        if settings.duplicates == "drop":
            again = _duplicates(kept, seen)
            rejections += again
            kept = _without(kept, again)
        yield Filtered(kept, table["piece_id"].to_pylist(), rejections)


def _without(table: pa.Table, rejections: list[Rejection]) -> pa.Table:
    gone = pa.array([rejection.piece_id for rejection in rejections], pa.string())
    return table.filter(pc.invert(pc.is_in(table["piece_id"], value_set=gone)))


def broken_rules(table: pa.Table, settings: FilterSettings) -> dict[str, list[tuple[int, Rejection]]]:
    """Rejections of each filter on its own: rows and reasons for every limit that is set."""
    grids = Grids(table)
    ids = table["piece_id"].to_pylist()
    judged = {}
    for name, rule in FILTERS.items():
        limit = getattr(settings, name)
        if limit is not None:
            values = rule.measure(grids)
            failed = np.flatnonzero(~rule.passes(values, limit))
            judged[name] = [(int(row), _rejection(ids[row], rule.rule, values[row], limit)) for row in failed]
    return judged


def _rejection(piece_id: str, rule: str, value: Any, limit: Any) -> Rejection:
    if isinstance(limit, Sequence):
        return Rejection(piece_id, rule, detail=f"'{value}'; admitted: {', '.join(limit)}")
    return Rejection(piece_id, rule, value=float(value), limit=float(limit))


def n_notes(grids: Grids) -> Ints:
    """Number of sounding notes of the top voice."""
    return sums(grids.begun[:, 0] & (grids.pitch[:, 0] != SILENCE), grids.steps)


def n_steps(grids: Grids) -> Ints:
    """Length of a grid."""
    return grids.column("n_steps")


def distinct_pitches(grids: Grids) -> Ints:
    """Number of distinct note numbers, without silence."""
    row = np.repeat(owners(grids.steps), grids.voices)
    used = np.zeros((len(grids), 256), bool)
    used[row, grids.pitch.ravel()] = True
    used[:, SILENCE] = False
    return np.asarray(used.sum(axis=1))


def pitch_range(grids: Grids) -> Ints:
    """Semitones from the lowest to the highest note."""
    pitch = grids.pitch.astype(np.int64)
    lowest = minima(np.where(pitch == SILENCE, 255, pitch).min(axis=1), grids.steps)
    return maxima(pitch.max(axis=1), grids.steps) - lowest


def longest_silence(grids: Grids) -> Ints:
    """Steps of the longest silence of any voice."""
    longest = np.zeros(len(grids), np.int64)
    row = owners(grids.steps)
    for voice in range(grids.voices):
        starts = np.flatnonzero(grids.begun[:, voice])
        lengths = np.diff(np.append(starts, len(row)))
        silent = grids.pitch[starts, voice] == SILENCE
        np.maximum.at(longest, row[starts[silent]], lengths[silent])
    return longest


def silence_share(grids: Grids) -> NDArray[np.float64]:
    """Share of silent cells."""
    return _share(grids.column("n_rest_steps"), grids.column("n_steps") * grids.voices)


def moved_share(grids: Grids) -> NDArray[np.float64]:
    """Share of notes that rounding moved."""
    return _share(grids.column("n_moved"), grids.column("n_notes"))


def collapsed_share(grids: Grids) -> NDArray[np.float64]:
    """Share of notes lost because another note took their step, of all notes before the loss."""
    lost = grids.column("n_collapsed")
    return _share(lost, lost + grids.column("n_notes"))


def error_ticks(grids: Grids) -> Ints:
    """The largest displacement of an onset or end."""
    return grids.column("max_error_ticks")


def n_covered(grids: Grids) -> Ints:
    """Number of notes that the skyline left out."""
    return grids.column("n_covered")


def meter(grids: Grids) -> NDArray[np.object_]:
    """The metre as text; "none" if there is none."""
    return np.asarray(pc.fill_null(grids.table["meter"], "none"), dtype=object)


def region(grids: Grids) -> NDArray[np.object_]:
    """Origin and region as the source writes them; "none" if it gives neither."""
    origin, area = (_written(grids, name) for name in ("origin", "region"))
    both = pc.if_else(
        pc.or_(pc.equal(area, ""), pc.equal(area, origin)),
        origin,
        pc.if_else(pc.equal(origin, ""), area, pc.binary_join_element_wise(origin, area, ", ")),
    )
    return np.asarray(pc.if_else(pc.equal(both, ""), "none", both), dtype=object)


def tune_type(grids: Grids) -> NDArray[np.object_]:
    """The tune type as the source writes it; "none" if it gives none."""
    written = _written(grids, "tune_type")
    return np.asarray(pc.if_else(pc.equal(written, ""), "none", written), dtype=object)


def _written(grids: Grids, name: str) -> pa.Array:
    return pc.utf8_trim_whitespace(pc.fill_null(grids.table[name], ""))


def licence(grids: Grids) -> NDArray[np.object_]:
    """The licence of the corpus; "" if there is none."""
    return np.asarray(pc.fill_null(grids.table["licence"], ""), dtype=object)


def _share(part: Ints, whole: Ints) -> NDArray[np.float64]:
    return part / np.maximum(whole, 1)


def _duplicates(table: pa.Table, seen: dict[bytes, str]) -> list[Rejection]:
    """Find grids that are equal to an earlier one; adds the first piece per fingerprint to ``seen``."""
    grids = Grids(table.sort_by("piece_id"))
    prints = fingerprints(grids.pitch, grids.begun, grids.steps)
    found = []
    for piece_id, fingerprint in zip(grids.table["piece_id"].to_pylist(), prints, strict=True):
        original = seen.setdefault(fingerprint, piece_id)
        if original != piece_id:
            found.append(Rejection(piece_id, "duplicate", detail=f"the same notes as {original}"))
    return found


def _at_least(values: NDArray[Any], limit: Any) -> Bools:
    return np.asarray(values >= limit)


def _at_most(values: NDArray[Any], limit: Any) -> Bools:
    return np.asarray(values <= limit)


def _one_of(values: NDArray[Any], admitted: Any) -> Bools:
    return np.isin(values.astype(str), admitted)


def _of_a_text(values: NDArray[Any], admitted: Any) -> Bools:
    """True if any part of the text is admitted; each distinct text is checked once."""
    wanted = {_plain(name) for name in admitted}
    texts, which = np.unique(values.astype(str), return_inverse=True)
    fits = [any(_plain(part) in wanted for part in re.split("[,;/]", text)) for text in texts.tolist()]
    return np.array(fits, bool)[which]


def _plain(name: str) -> str:
    """Normalize spellings such as "SCOTCH." and "Scotch"."""
    return name.strip(" .").casefold()


FILTERS: Mapping[str, Filter] = {
    "min_notes": Filter("too_few_notes", n_notes, _at_least),
    "max_notes": Filter("too_many_notes", n_notes, _at_most),
    "min_steps": Filter("too_short", n_steps, _at_least),
    "max_steps": Filter("too_long", n_steps, _at_most),
    "min_distinct_pitches": Filter("too_few_pitches", distinct_pitches, _at_least),
    "min_range": Filter("range_too_narrow", pitch_range, _at_least),
    "max_range": Filter("range_too_wide", pitch_range, _at_most),
    "max_silence_steps": Filter("silence_too_long", longest_silence, _at_most),
    "max_silence_share": Filter("too_much_silence", silence_share, _at_most),
    "max_moved_share": Filter("too_many_moved", moved_share, _at_most),
    "max_error_ticks": Filter("moved_too_far", error_ticks, _at_most),
    "max_collapsed_share": Filter("too_many_collapsed", collapsed_share, _at_most),
    "max_covered": Filter("too_many_covered", n_covered, _at_most),
    "meters": Filter("meter_not_admitted", meter, _one_of),
    "regions": Filter("region_not_admitted", region, _of_a_text),
    "tune_types": Filter("tune_type_not_admitted", tune_type, _of_a_text),
    "licences": Filter("licence_not_admitted", licence, _one_of),
}
