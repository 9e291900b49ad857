"""What chords bring to a melody model, and chords predicted from melodies, on lead sheets.

    python -m tests.benchmarks.chords [--corpora FOLDER] [--seeds 1 2 3] [--epochs N] [--keep FOLDER]
        [--only continuing | harmonizing]

Nottingham and OpenEWLD, divided by tune families over both. **Continuing:** the LSTM with a copy
mechanism is trained with and without ``model.chords`` with each seed; bits per onset of the second
halves of the test pieces, their difference paired on pieces (mean over the seeds) with its 95 %
bootstrap interval over tune families, and n-grams with and without chords in their contexts.
**Harmonizing:** the chord of each bar predicted from the melody by an n-gram of chords with
pitch-class histograms, by an LSTM, and by the most frequent chord; accuracy as in the MIREX audio
chord estimation task, and the accuracy of the best choice of one chord per bar.

``--keep`` names a folder in which the data set and each measured training are kept and found again.
Six trainings of about three minutes on one core each; the last line is one JSON object, kept as
data/benchmarks/chords.json.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.tables import read_table, write_table
from pipeline.evaluation.baselines.predictors import Memory, NGram
from pipeline.evaluation.comparison import MODEL, NGRAM, NGRAM_MEMORY, compare
from pipeline.evaluation.metrics.likelihood import PIECES, interval
from pipeline.evaluation.predictor import ModelPredictor
from pipeline.models.base.registry import build, parse_model
from pipeline.models.base.tasks import Continue, cut_rows
from pipeline.training.data import TrainingData
from pipeline.training.determinism import prepare
from pipeline.training.loop import train
from pipeline.training.settings import TrainingSettings
from pipeline.workflow.progress import say
from tests.benchmarks.harmonizing import harmonizing
from tests.helpers.lead_sheets import kept
from tests.helpers.paths import SHARED

MAX_STEPS = 640  # longer pieces take most of the time of training
CUT, MIXING_B = 0.5, 1.5
SHAPE = {
    **{"kind": "copying", "embedding_size": 64, "hidden_size": 128, "layers": 1, "attention_size": 32},
    **{"copies": ["pitch", "interval"], "matches": True, "bars": True, "meter": True, "dropout": 0.2},
}
PARTS = ("bits_per_onset", "pitch_bits_per_onset", "rhythm_bits_per_onset")


def training_settings(seed: int, epochs: int) -> TrainingSettings:
    """The settings of every training."""
    return TrainingSettings.model_validate(
        {
            **{"seed": seed, "epochs": epochs, "batch_tokens": 2048, "learning_rate": 0.004, "warmup": 0.1},
            **{"schedule": "linear", "clip_norm": 1.0, "teacher_forcing": 1.0, "label_smoothing": 0.0},
            **{"ema_decay": 0.0, "patience": 0, "transpose_semitones": 0, "precision": "float32"},
            **{"checkpoint_seconds": 60, "device": "cpu", "threads": 1},
        }
    )


def continuing(rows: pa.Table, seeds: Sequence[int], epochs: int, keep: Path) -> dict[str, Any]:
    """Bits per onset of models and n-grams with and without chords, and the paired differences."""
    names = {False: "without chords", True: "with chords"}
    tables: dict[str, list[pa.Table]] = {}
    for chords, name in names.items():
        ngrams = _kept(keep / f"ngram-{chords}.parquet", partial(counted, rows, chords))
        for predictor, label in ((NGRAM, "n-gram"), (NGRAM_MEMORY, "n-gram with memory")):
            own = ngrams.filter(pc.equal(ngrams["predictor"], predictor))
            tables[f"{label}, {name}"] = [own]
            say(f"{label}, {name}: {_bits([own])}")
    for seed in seeds:  # each seed with and without chords before the next
        for chords, name in names.items():
            path = keep / f"model-{chords}-{seed}-{epochs}.parquet"
            own = _kept(path, partial(trained, rows, seed, epochs, chords))
            tables.setdefault(f"model, {name}", []).append(own)
            say(f"model, {name}, seed {seed}: {_bits([own])}")
    labels = ("model", "n-gram", "n-gram with memory")
    groups = {"all": None, "nottingham": "nottingham", "openewld": "openewld"}
    return {
        "pieces": {split: int(pc.sum(pc.equal(rows["split"], split)).as_py()) for split in SPLITS},
        "bits": {
            name: {group: _bits(found, corpus) for group, corpus in groups.items()}
            for name, found in tables.items()
        },
        "by_seed": {name: [_bits([one]) for one in found] for name, found in tables.items()},
        "difference": {
            label: {
                group: _differences(
                    tables[f"{label}, with chords"], tables[f"{label}, without chords"], corpus
                )
                for group, corpus in groups.items()
            }
            for label in labels
        },
    }


SPLITS = ("train", "valid", "test")


def trained(rows: pa.Table, seed: int, epochs: int, chords: bool) -> pa.Table:
    """Train one model and measure it on the test pieces: rows of ``likelihood.PIECES``."""
    task = Continue(kind="continue", cut=CUT, min_cut=0.0, max_cut=0.0)
    settings = training_settings(seed, epochs)
    train_rows, valid_rows, test_rows = (rows.filter(pc.equal(rows["split"], split)) for split in SPLITS)
    prepare(settings)
    network = build(parse_model({**SHAPE, "chords": chords}, "model"))
    train(network, TrainingData(task, task.examples(train_rows), task.examples(valid_rows)), settings)
    return compare({MODEL: ModelPredictor(network)}, test_rows, cut_rows(test_rows, CUT))


def counted(rows: pa.Table, chords: bool) -> pa.Table:
    """The n-grams on the test pieces."""
    train_rows, test_rows = (rows.filter(pc.equal(rows["split"], split)) for split in ("train", "test"))
    known = cut_rows(train_rows, CUT)
    memory = Memory.fit(known, None, MIXING_B, chords)
    predictor = NGram.fit(known, None, chords)
    return compare({NGRAM: predictor}, test_rows, cut_rows(test_rows, CUT), memory)


def _kept(path: Path, make: Callable[[], pa.Table]) -> pa.Table:
    if not path.exists():
        write_table(path, make(), PIECES)
    return read_table(path, PIECES)


def _columns(tables: Sequence[pa.Table], corpus: str | None) -> dict[str, Any]:
    """Per piece: bits in all and by part, mean over the tables, its onsets and its family."""
    frames = [table.to_pandas().sort_values("piece_id") for table in tables]
    if corpus is not None:
        frames = [frame[frame.corpus == corpus] for frame in frames]
    first = frames[0]
    nats = {
        "bits_per_onset": [f.onset_nats + f.tied_nats + f.silence_nats for f in frames],
        "pitch_bits_per_onset": [f.pitch_nats for f in frames],
        "rhythm_bits_per_onset": [f.tied_nats + f.onset_nats - f.pitch_nats for f in frames],
    }
    means = {name: np.mean([each.to_numpy() for each in found], axis=0) for name, found in nats.items()}
    return {
        **{name: mean / math.log(2) for name, mean in means.items()},
        "onsets": first.n_onset.to_numpy(),
        "families": first.tune_family.tolist(),
    }


def _bits(tables: Sequence[pa.Table], corpus: str | None = None) -> dict[str, float]:
    own = _columns(tables, corpus)
    return {name: round(float(own[name].sum() / own["onsets"].sum()), 4) for name in PARTS}


def _differences(
    tables: Sequence[pa.Table], others: Sequence[pa.Table], corpus: str | None
) -> dict[str, Mapping[str, float]]:
    """Bits per onset of the first less those of the others, with intervals over families."""
    first, second = _columns(tables, corpus), _columns(others, corpus)
    return {
        name: {
            key: round(value, 4)
            for key, value in asdict(
                interval(first["families"], first[name] - second[name], first["onsets"], seed=1)
            ).items()
        }
        for name in PARTS
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--corpora", type=Path, default=SHARED / "corpora")
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    arguments.add_argument("--epochs", type=int, default=4)
    arguments.add_argument("--keep", type=Path)
    arguments.add_argument("--only", choices=("continuing", "harmonizing"))
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        keep = options.keep or Path(temporary)
        rows = kept(keep / "rows.parquet", options.corpora, MAX_STEPS)
        result: dict[str, Any] = {"seeds": options.seeds, "epochs": options.epochs, "max_steps": MAX_STEPS}
        if options.only != "harmonizing":
            result["continuing"] = continuing(rows, options.seeds, options.epochs, keep)
        if options.only != "continuing":
            result["harmonizing"] = harmonizing(rows, options.seeds)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
