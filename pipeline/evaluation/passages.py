"""Passages for comparison: model continuations, true continuations and a human reference.

Every passage ends at the last horizon after its source, so that all have comparable
durations, bars and n-grams. The true continuations of the same pieces are the target of
the comparison. The human reference consists of second halves of training tunes, chosen by
hash, as many as a predictor has samples; their distance from the true continuations is the
distance between two sets of human tunes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.core.vocabulary import STOP
from pipeline.evaluation.baselines.continuations import Tokens
from pipeline.evaluation.horizons import GROUPING, steps_to_predict
from pipeline.evaluation.samples import choose
from pipeline.models.base.examples import Example

HELD_OUT, TRAINING = "human reference: held-out tunes", "human reference: training tunes"


@dataclass(frozen=True)
class Continued:
    """Pieces and their continuations by every predictor.

    Attributes:
        rows: of the token shards.
        examples: the same pieces, cut.
        continuations: predictor → samples of each piece, each the tokens after the source.
    """

    rows: pa.Table
    examples: Sequence[Example]
    continuations: Mapping[str, Sequence[Sequence[Tokens]]]


@dataclass(frozen=True)
class Passage:
    """One passage.

    Attributes:
        about: the piece, columns GROUPING.
        predictor: its name, or HELD_OUT or TRAINING.
        sample: number among the samples of one piece, from 0.
        example: the piece, cut.
        prompt: number of the source that it continues.
        tune: number of its training tune; -1 for held-out pieces.
        tokens: after the source up to the last horizon, without STOP.
    """

    about: Mapping[str, Any]
    predictor: str
    sample: int
    example: Example
    prompt: int
    tune: int
    tokens: Tokens


def collect_passages(
    continued: Continued, train_rows: pa.Table, train_examples: Sequence[Example], seed: int
) -> list[Passage]:
    """All passages: human ones first, then those of each predictor in the order given.

    Args:
        continued: pieces and their continuations.
        train_rows: rows of the training pieces.
        train_examples: the same pieces, cut.
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
    continuations: Sequence[Sequence[Tokens]],
    first_prompt: int = 0,
    tunes: Sequence[int] | None = None,
) -> Iterator[Passage]:
    columns = rows.select([*GROUPING, "steps_per_quarter"]).to_pylist()
    for number, (row, example, samples) in enumerate(zip(columns, examples, continuations, strict=True)):
        n_tokens = steps_to_predict(example, row["steps_per_quarter"]) * example.voices
        about, tune = {name: row[name] for name in GROUPING}, tunes[number] if tunes else -1
        for sample, tokens in enumerate(samples):
            within = tokens[tokens != STOP][:n_tokens]
            yield Passage(about, predictor, sample, example, first_prompt + number, tune, within)
