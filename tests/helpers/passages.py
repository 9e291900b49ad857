"""A few continued pieces and their training tunes."""

from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core.schemas import TOKENS
from pipeline.core.vocabulary import START, STOP
from pipeline.evaluation.novelty import Training, measure_novelty, nearest_tunes, novelty_figures
from pipeline.evaluation.passages import Continued, Passage, collect_passages
from pipeline.evaluation.samples import Sample
from pipeline.evaluation.statistics import measure_statistics, statistics_figures
from pipeline.models.base.bars import Bars
from pipeline.models.base.examples import Example, cut_at_note

SCALE = [60, 62, 64, 65, 67, 69, 71, 72]  # quarters on a grid of one step a quarter


def row(piece_id: str, tune: list[int]) -> dict[str, Any]:
    about = {"piece_id": piece_id, "corpus": "songs", "title": f"The {piece_id}", "tune_family": piece_id}
    return {
        **dict.fromkeys(TOKENS.names),
        **about,
        "split": "test",
        "tokens": [START, *tune, STOP],
        "n_steps": len(tune),
        "voices": 1,
        "steps_per_quarter": 1,
        "soft_relative": False,
    }


def pieces(*tunes: list[int], name: str = "tune") -> tuple[pa.Table, list[Example]]:
    rows = [row(f"{name}/{number}", tune) for number, tune in enumerate(tunes, start=1)]
    bars = [Bars(4, np.arange(len(tune), dtype=np.int16) % 4) for tune in tunes]
    cut = [cut_at_note([START, *tune, STOP], 0.5, bars=each) for tune, each in zip(tunes, bars, strict=True)]
    return pa.Table.from_pylist(rows, schema=TOKENS), cut


def passages_of(
    tunes: list[list[int]], train_tunes: list[list[int]], **continuations: list[list[list[int]]]
) -> list[Passage]:
    """Human passages and those of predictors; ``continuations`` are samples of each tune."""
    rows, examples = pieces(*tunes)
    rows_before, examples_before = pieces(*train_tunes, name="training")
    tokens = {
        name: [[np.array(sample, np.uint16) for sample in samples] for samples in own]
        for name, own in continuations.items()
    }
    return collect_passages(Continued(rows, examples, tokens), rows_before, examples_before, seed=1)


def figures_of_passages() -> dict[str, Any]:
    """Figures of a model that copies a scale out of its training tune."""
    tunes, train_tunes = [SCALE[::-1]], [[*SCALE, 74]]
    continuations = passages_of(tunes, train_tunes, model=[[[62, 64, 65, 67, 69, 71]]])
    training = Training.of(*pieces(*train_tunes, name="training"))
    rows, (example,) = pieces(*tunes)
    sample = Sample(rows.to_pylist()[0], example, {"greedy": np.array(SCALE, np.uint16)})
    novelty = novelty_figures(measure_novelty(continuations, training), seed=1)
    return {
        "statistics": statistics_figures(measure_statistics(continuations)),
        "novelty": novelty | {"samples": nearest_tunes([sample], training)},
    }
