"""Pitch of the second half given the first: our model, n-grams and published figures.

    python -m tests.benchmarks.pitch [kinder | chorales ...] [--seeds 1 2 3] [--out FOLDER]

Ten folds by melody, as Pearce (2005) has them, on the two sets of
``tests.benchmarks.ngram``. For each set, on its tokens (it sees rhythm, C major / A
minor): the model trained on the other folds, the model trained once on the other
corpora without any relative of the whole set, and that one fine-tuned on the other
folds; F1 of their continuations, compared with repeating the prompt. In a separate row: trained on
pitch alone, untransposed, a note a step, measured from the second note on and on
second halves. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core.schemas import TOKENS
from pipeline.core.vocabulary import START, STOP
from pipeline.tools.crossvalidation.figures import summary, write_results
from pipeline.tools.crossvalidation.measuring import cross_validate
from pipeline.tools.crossvalidation.study import Study, read_study
from pipeline.tools.inspection.encode_file import encode_file
from pipeline.workflow.progress import say
from tests.benchmarks.ngram import PUBLISHED, melodies_of
from tests.helpers.benchmark_results import in_short
from tests.helpers.paths import ROOT
from tests.helpers.pitch_ngram import MIXING_B, files_of, folds

FINETUNE, ALONE = "chorales-from-melodies", "chorales-copying"  # whose settings are used
PARENTS = {"kinder": "melodies", "chorales": "melodies-eighths"}  # of the same grid
# less to learn from, so longer and in other keys, too: the best of four trials on the chorales' folds
OF_PITCH_ALONE = {"transpose_semitones": 5, "epochs": 20}
WHOLE = 0.001  # a cut after the first note
ONE = {"continued_pieces": 1, "continuation_samples": 1}


def rows_of(corpus: str) -> pa.Table:
    """The set as token rows, each with its tune family over all corpora."""
    name, dataset, paths = files_of(corpus)
    rows = pa.concat_tables([encode_file(path, dataset, name, ROOT).rows for path in paths])
    table = pq.read_table(ROOT / "data/families.parquet", columns=["piece_id", "tune_family"])
    known = dict(zip(table["piece_id"].to_pylist(), table["tune_family"].to_pylist(), strict=True))
    families = [known[piece] for piece in rows["piece_id"].to_pylist()]
    place = rows.schema.get_field_index("tune_family")
    return rows.set_column(place, "tune_family", pa.array(families))


def pitch_rows(corpus: str, rows: pa.Table) -> pa.Table:
    """The same melodies as notes alone, one step each, in the key of the score."""
    melodies, _ = melodies_of(corpus)
    made = []
    for row in rows.to_pylist():
        pitches = melodies[row["piece_id"]].pitch.tolist()
        tokens = [START, *pitches, STOP]
        changes = {"tokens": tokens, "n_steps": len(pitches), "steps_per_bar": 0, "step_in_bar": []}
        made.append({**row, **changes, "steps_per_quarter": 1, "transposition": 0})
    return pa.Table.from_pylist(made, schema=TOKENS)


def studies(corpus: str) -> dict[str, Study]:
    """What is trained and measured, by the name of its row."""
    rows = rows_of(corpus)
    alone, tuned = read_study(ALONE, ROOT), read_study(FINETUNE, ROOT)
    parent = read_study(PARENTS[corpus], ROOT)
    evaluation = alone.evaluation.model_copy(update={"ngram_mixing_b": MIXING_B})
    recipe = replace(alone.recipe, training=alone.recipe.training.model_copy(update=OF_PITCH_ALONE))
    notes = replace(alone, rows=pitch_rows(corpus, rows), recipe=recipe)
    quick = evaluation.model_copy(update=ONE)
    return {
        "own folds": replace(alone, rows=rows, evaluation=evaluation),
        "pretrained": replace(
            tuned, rows=rows, evaluation=evaluation, parent=parent.recipe, parent_rows=parent.rows
        ),
        "pitch alone, second half": replace(notes, evaluation=quick),
        "pitch alone, whole": replace(notes, evaluation=quick.model_copy(update={"cut": WHOLE})),
    }


def fold_of(n: int, seed: int) -> np.ndarray:
    """The same folds as those of the n-grams."""
    dealt = np.zeros(n, np.int64)
    for fold, members in enumerate(folds(n, seed)):
        dealt[members] = fold
    return dealt


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("corpora", nargs="*", default=list(PARENTS))
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1])
    arguments.add_argument("--only", nargs="+", help="names of rows")
    arguments.add_argument("--threads", type=int)
    arguments.add_argument("--out", type=Path, help="folder for all figures and rows of pieces")
    options = arguments.parse_args()
    result: dict[str, Any] = {"seeds": options.seeds, "unit": "pitch bits per note"}
    for corpus in options.corpora:
        found = {}
        for name, study in studies(corpus).items():
            if options.only and name not in options.only:
                continue
            dealt = fold_of(len(study.rows), options.seeds[0])
            measured = cross_validate(study, dealt, options.seeds, options.threads)
            facts = summary(study, measured, dealt, options.seeds)
            found[name] = in_short(facts)
            say(f"{corpus}, {name}: {found[name]}")
            if options.out:
                write_results(
                    options.out / f"{corpus}, {name}".replace(", ", "-").replace(" ", "-"), measured, facts
                )
        result[corpus] = {"ours": found, "published": PUBLISHED[corpus]}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
