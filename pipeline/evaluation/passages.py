"""What was said of each piece, and what people said: the passages that are compared with each other.

Every passage ends at the last horizon after its prime, people's as well: a longer one
has other durations, bars and runs. People are heard twice: in the true continuations
of the pieces that were continued, and in second halves of training tunes, chosen by
hash, as many as a predictor that draws says. The first are what is to be like;
how far the second differ from them is what people among themselves differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.core.vocabulary import STOP
from pipeline.evaluation.baselines.continuations import Symbols
from pipeline.evaluation.horizons import GROUPING, steps_to_predict
from pipeline.evaluation.samples import choose
from pipeline.models.base.examples import Example

HELD_OUT, TRAINING = "people, held-out tunes", "people, training tunes"


@dataclass(frozen=True)
class Continued:
    """Pieces and what every predictor says of them.

    Attributes:
        rows: of the token shards.
        examples: the same pieces, cut.
        said: predictor → for each piece its samples, each the symbols after the source.
    """

    rows: pa.Table
    examples: Sequence[Example]
    continuations: Mapping[str, Sequence[Sequence[Symbols]]]


@dataclass(frozen=True)
class Passage:
    """One passage.

    Attributes:
        about: the piece, columns GROUPING.
        predictor: who says it, or HELD_OUT or TRAINING.
        sample: which of several of one piece, from 0.
        example: the piece, cut.
        prompt: number of the source that it goes on from.
        tune: number of its training tune; -1 for pieces that are held out.
        symbols: after the source up to the last horizon, without STOP.
    """

    about: Mapping[str, Any]
    predictor: str
    sample: int
    example: Example
    prompt: int
    tune: int
    symbols: Symbols


def collect_passages(
    continued: Continued, train_rows: pa.Table, train_examples: Sequence[Example], seed: int
) -> list[Passage]:
    """All passages: people's first, then each predictor's as it was given.

    Args:
        known: rows of the training pieces.
        heard: the same, cut.
        seed: of the choice of training pieces.
    """
    rows, examples = continued.rows, continued.examples
    most = max(len(samples) for own in continued.continuations.values() for samples in own) * len(examples)
    chosen = choose(train_rows["piece_id"].to_pylist(), most, seed)
    chosen_examples = [train_examples[index] for index in chosen]
    true = [[example.target] for example in examples]
    human = [
        *_of(HELD_OUT, rows, examples, true),
        *_of(
            TRAINING,
            train_rows.take(chosen),
            chosen_examples,
            [[each.target] for each in chosen_examples],
            len(examples),
            chosen,
        ),
    ]
    return [
        *human,
        *(u for name, own in continued.continuations.items() for u in _of(name, rows, examples, own)),
    ]


def _of(
    predictor: str,
    rows: pa.Table,
    examples: Sequence[Example],
    continuations: Sequence[Sequence[Symbols]],
    first_prompt: int = 0,
    tunes: Sequence[int] | None = None,
) -> Iterator[Passage]:
    columns = rows.select([*GROUPING, "steps_per_quarter"]).to_pylist()
    for number, (row, example, samples) in enumerate(zip(columns, examples, continuations, strict=True)):
        n_symbols = steps_to_predict(example, row["steps_per_quarter"]) * example.voices
        about, tune = {name: row[name] for name in GROUPING}, tunes[number] if tunes else -1
        for sample, symbols in enumerate(samples):
            within = symbols[symbols != STOP][:n_symbols]
            yield Passage(about, predictor, sample, example, first_prompt + number, tune, within)
