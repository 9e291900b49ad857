"""Training tasks: the section ``task`` of an experiment; no torch.

A task turns rows of a data set into examples and varies them from epoch to epoch. The
variation is a pure function of seed and epoch, so that a resumed epoch has the same
examples.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Annotated, Generic, Literal, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, model_validator

from pipeline.core.lists import flatten
from pipeline.core.settings import Section
from pipeline.models.base.bars import Bars
from pipeline.models.base.chord_numbers import numbers_of
from pipeline.models.base.examples import ContinueExample, Example, HarmonizeExample, cut_at_note, give_voices

# the columns that a task needs
BAR_COLUMNS = ("meter", "steps_per_bar", "step_in_bar")
EXAMPLE_COLUMNS = ("tokens", "voices", *BAR_COLUMNS, "phrase_end", "chord")
CUTS, GIVEN = 1, 3  # streams of an epoch's random numbers; augmentation uses 2, the batch plan none

Kind = TypeVar("Kind", bound=Example)


class _Task(Section, ABC, Generic[Kind]):
    """The interface of a task."""

    kind: str

    @abstractmethod
    def examples(self, rows: pa.Table) -> list[Kind]:
        """The rows of a token table as examples, the same in every epoch.

        Args:
            rows: at least the columns EXAMPLE_COLUMNS.
        """

    @abstractmethod
    def varied(self, examples: Sequence[Kind], seed: int, epoch: int) -> list[Kind]:
        """The training examples of one epoch."""


class Continue(_Task[ContinueExample]):
    """A piece is cut; the model predicts its continuation.

    Attributes:
        cut: share of a piece's notes that belong to the source, on validation.
        min_cut, max_cut: the same in training, where each piece gets a new random cut in every
            epoch, uniform between both. Both 0: after its first note, so that a model whose
            encoder and decoder are one network learns from the whole piece.
    """

    kind: Literal["continue"]
    cut: float = Field(gt=0, lt=1)
    min_cut: float = Field(ge=0, lt=1)
    max_cut: float = Field(ge=0, lt=1)

    @model_validator(mode="after")
    def _cuts_in_order(self) -> Continue:
        if self.min_cut > self.max_cut:
            raise ValueError(f"min_cut {self.min_cut} must not exceed max_cut {self.max_cut}")
        return self

    def examples(self, rows: pa.Table) -> list[ContinueExample]:
        """Every row cut at ``cut``.

        Raises:
            CutError: a piece with fewer than two notes.
        """
        return cut_rows(rows, self.cut)

    def varied(self, examples: Sequence[ContinueExample], seed: int, epoch: int) -> list[ContinueExample]:
        """The same pieces, each cut between ``min_cut`` and ``max_cut``."""
        if self.min_cut == self.max_cut == self.cut:
            return list(examples)
        rng = np.random.default_rng([seed, epoch, CUTS])
        cuts = rng.uniform(self.min_cut, self.max_cut, len(examples))
        return [example.recut(cut) for example, cut in zip(examples, cuts, strict=True)]


class Harmonize(_Task[HarmonizeExample]):
    """Some voices are given in full; the model predicts the others.

    Attributes:
        given: the given voices, 0 = top: always the same list, or ``any``: a random choice for each
            piece and epoch, from none to all but one.
    """

    kind: Literal["harmonize"]
    given: Literal["any"] | list[int]

    def examples(self, rows: pa.Table) -> list[HarmonizeExample]:
        """Every row with its given voices; with ``any``, each choice in turn.

        Raises:
            GivenError: voices that the pieces do not have.
        """
        if self.given == "any":
            choices = [given_choices(voices) for voices in rows["voices"].to_pylist()]
            return harmony_rows(rows, [each[i % len(each)] for i, each in enumerate(choices)])
        return harmony_rows(rows, [self.given] * len(rows))

    def varied(self, examples: Sequence[HarmonizeExample], seed: int, epoch: int) -> list[HarmonizeExample]:
        """The same pieces, other voices given: every choice is equally likely."""
        if self.given != "any":
            return list(examples)
        rng = np.random.default_rng([seed, epoch, GIVEN])
        choices = [given_choices(example.voices) for example in examples]
        return [
            example.with_given(each[int(rng.integers(len(each)))])
            for example, each in zip(examples, choices, strict=True)
        ]


Task = Annotated[Continue | Harmonize, Field(discriminator="kind")]
TASK: TypeAdapter[Continue | Harmonize] = TypeAdapter(Task)


def given_choices(voices: int) -> list[tuple[int, ...]]:
    """All sets of voices that can be given, the empty one first.

    >>> given_choices(2)
    [(), (0,), (1,)]
    """
    return [chosen for size in range(voices) for chosen in combinations(range(voices), size)]


def cut_rows(rows: pa.Table, cut: float) -> list[ContinueExample]:
    """Cut every row of a token table into source and target.

    Args:
        rows: at least the columns ``tokens`` and ``voices``; bars and chords are known where
            their columns are present.
        cut: share of the notes that belong to the source.

    Raises:
        CutError: a piece with fewer than two notes.
    """
    offsets, values = flatten(rows.column("tokens"))
    voices = rows.column("voices").to_pylist()
    known = zip(offsets[:-1], offsets[1:], voices, _bars(rows), chords_of(rows), strict=True)
    return [
        cut_at_note(values[begin:end], cut, n_voices, bars, chords)
        for begin, end, n_voices, bars, chords in known
    ]


def harmony_rows(rows: pa.Table, given: Sequence[Sequence[int]]) -> list[HarmonizeExample]:
    """Give some voices of every row of a token table; see :func:`examples.give_voices`.

    Args:
        rows: at least the columns EXAMPLE_COLUMNS.
        given: the given voices of each row.
    """
    offsets, values = flatten(rows.column("tokens"))
    voices, bars, chords = rows.column("voices").to_pylist(), _bars(rows), chords_of(rows)
    borders, ends = flatten(rows.column("phrase_end"))
    phrases = [ends[a:b] if b > a else None for a, b in pairwise(borders.tolist())]
    return [
        give_voices(values[offsets[i] : offsets[i + 1]], each, voices[i], bars[i], phrases[i], chords[i])
        for i, each in enumerate(given)
    ]


def _bars(rows: pa.Table) -> list[Bars | None]:
    """The bars of each piece; None where there are none, no time signature, or one that changes."""
    if not set(BAR_COLUMNS) <= set(rows.column_names):
        return [None] * len(rows)
    offsets, values = flatten(rows.column("step_in_bar"))
    steps_per_bar, meters = (rows.column(name).to_pylist() for name in ("steps_per_bar", "meter"))
    return [
        Bars(steps, values[begin:end], meter) if steps and end > begin else None
        for begin, end, steps, meter in zip(offsets[:-1], offsets[1:], steps_per_bar, meters, strict=True)
    ]


def chords_of(rows: pa.Table) -> list[NDArray[np.int64] | None]:
    """The chord of each step of each piece by its number; None for a piece without chord symbols."""
    if "chord" not in rows.column_names:
        return [None] * len(rows)
    column = rows.column("chord").combine_chunks()
    if column.null_count == len(column):
        return [None] * len(rows)
    return [None if not chords else numbers_of(chords) for chords in column.to_pylist()]
