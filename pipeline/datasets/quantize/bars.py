"""The position of every step in its bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.lists import flatten
from pipeline.datasets.columns.ragged import (
    Bools,
    Ints,
    maxima,
    minima,
    offsets_from_owners,
    offsets_of,
    owners,
    places,
)
from pipeline.datasets.columns.steps import to_steps

LONGEST_BAR = 32767  # largest value of step_in_bar


@dataclass(frozen=True)
class GridBars:
    """The bars of P pieces on a grid.

    Attributes:
        meter: such as "3/4"; None for no metre or a change of metre.
        steps_per_bar: (P,) 0 if there is no meter or no whole number of steps.
        step_in_bar: steps since the last written bar line, for all steps of all
            pieces. The steps of an anacrusis are counted towards the first bar line: two
            upbeat steps before a bar of six are 4 and 5.
        known: (P,) False if the bars of the score are unknown.
    """

    meter: list[str | None]
    steps_per_bar: Ints
    step_in_bar: Ints
    known: Bools


def find_bars(rows: pa.Table, n_steps: Ints, steps_per_quarter: int, apply: Bools) -> GridBars:
    """Bars of pieces.

    Args:
        rows: one row of the notes table per piece, its top voice.
        n_steps: (P,) length of each piece.
        apply: (P,) False if the bars belong to another tempo; they are then unknown.
    """
    numerator, denominator, constant = _meters(rows)
    constant &= apply
    steps, rest = np.divmod(4 * steps_per_quarter * numerator, np.maximum(denominator, 1))
    steps_per_bar = np.where(constant & (rest == 0), steps, 0)
    meter = [
        f"{n}/{d}" if same else None for n, d, same in zip(numerator, denominator, constant, strict=True)
    ]
    step_in_bar, known = _positions(rows, n_steps, steps_per_bar, steps_per_quarter)
    return GridBars(meter, steps_per_bar, step_in_bar, known & apply)


def _meters(rows: pa.Table) -> tuple[Ints, Ints, Bools]:
    """Numerator and denominator of the first meter, and whether it is the only one."""
    column = rows["meters"].combine_chunks()
    offsets = offsets_of(pc.fill_null(pc.list_value_length(column), 0))
    written, owner = np.diff(offsets) > 0, owners(offsets)
    changed = np.zeros(len(written), bool)
    first = []
    for name in ("numerator", "denominator"):
        values = pc.struct_field(column.flatten(), name).to_numpy(zero_copy_only=False).astype(np.int64)
        of_piece = np.zeros(len(written), np.int64)
        of_piece[written] = values[offsets[:-1][written]]
        changed |= np.bincount(owner[values != of_piece[owner]], minlength=len(written)) > 0
        first.append(of_piece)
    return first[0], first[1], written & ~changed


def _positions(
    rows: pa.Table, n_steps: Ints, steps_per_bar: Ints, steps_per_quarter: int
) -> tuple[Ints, Bools]:
    """Steps since the last bar line for every step, and the pieces for which they are known."""
    bar_offsets, onsets = flatten(rows["bar_onsets"])
    piece, line = owners(bar_offsets), to_steps(onsets.astype(np.int64), steps_per_quarter)
    inside = line < n_steps[piece]
    piece, line = piece[inside], line[inside]
    offsets = offsets_of(n_steps)
    begins = np.repeat(offsets[:-1], n_steps)
    begins[offsets[piece] + line] = offsets[piece] + line
    position = np.arange(offsets[-1]) - np.maximum.accumulate(begins)
    first = minima(line, offsets_from_owners(piece, len(n_steps)), empty=-1)
    known = first >= 0
    left_out = np.where(known & (steps_per_bar > 0), -first % np.maximum(steps_per_bar, 1), 0)
    upbeat = places(offsets) < np.repeat(first, n_steps)
    position += np.where(upbeat, np.repeat(left_out, n_steps), 0)
    return position, known & (maxima(position, offsets) <= LONGEST_BAR)
