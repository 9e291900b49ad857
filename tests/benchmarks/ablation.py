"""What each part of a model and of its training brings: one change at a time.

    python -m tests.benchmarks.ablation [--experiment E] [--folds N] [--seeds 1 2] [--threads N] [--only ...]

Every variant of the experiment is trained and measured on the same folds over tune
families with the same seeds; the difference to the experiment in
params.yaml is paired on pieces, its 95 % interval over tune families. Variants that
are parts left out come first, then parts of params.yaml that are off there; an experiment
of kind ``lstm`` has variants of its own (``--experiment bach-chorales``). The last
line is one JSON object: nats per token, lowest first.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from pipeline.evaluation.metrics.likelihood import interval
from pipeline.tools.crossvalidation.figures import summary
from pipeline.tools.crossvalidation.folds import deal
from pipeline.tools.crossvalidation.measuring import Measured, cross_validate
from pipeline.tools.crossvalidation.study import Recipe, Study, read_study
from pipeline.workflow.progress import say
from tests.helpers.paths import ROOT

AS_IT_IS = "as it is"


@dataclass(frozen=True)
class Change:
    """What a variant changes in ``task``, ``model`` and ``training``, or another experiment's sections."""

    experiment: str | None = None
    task: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)


VARIANTS = {
    AS_IT_IS: Change(),
    "attention, no copying": Change(experiment="bach-chorales"),
    "copies of pitches only": Change(model={"copies": ["pitch"]}),
    "copies of intervals only": Change(model={"copies": ["interval"]}),
    "no counted matches": Change(model={"matches": False}),
    "no bars": Change(model={"bars": False, "meter": False}),
    "no time signature": Change(model={"meter": False}),
    "no dropout": Change(model={"dropout": 0.0}),
    "second halves only": Change(task={"min_cut": 0.5, "max_cut": 0.5}),
    "random cuts": Change(task={"min_cut": 0.1, "max_cut": 0.5}),
    "constant learning rate": Change(training={"schedule": "constant", "warmup": 0.0}),
    "cosine learning rate": Change(training={"schedule": "cosine"}),
    "transposed by up to 5": Change(training={"transpose_semitones": 5}),
    "label smoothing 0.05": Change(training={"label_smoothing": 0.05}),
    "averaged weights": Change(training={"ema_decay": 0.98}),
    "scheduled sampling 0.9": Change(training={"teacher_forcing": 0.9}),
}
LSTM_VARIANTS = {  # of experiments whose model is of kind lstm, parts that are off in params.yaml
    AS_IT_IS: Change(),
    "tied embeddings": Change(model={"tied": True}),
    "position in the bar": Change(model={"bars": True}),
    "copies of the source": Change(model={"copy_source": True}),
    "additive attention": Change(model={"attention": "additive"}),
    "bidirectional encoder": Change(model={"bidirectional": True}),
    "second halves only": Change(task={"min_cut": 0.5, "max_cut": 0.5}),
    "transposed by up to 5": Change(training={"transpose_semitones": 5}),
    "averaged weights": Change(training={"ema_decay": 0.98}),
    "all parts": Change(model={"tied": True, "bars": True, "copy_source": True, "bidirectional": True}),
}


def changed(study: Study, change: Change) -> Study:
    """The study with one part of its recipe changed."""
    if change.experiment:
        return replace(study, recipe=read_study(change.experiment, ROOT).recipe)
    own = study.recipe
    recipe = Recipe(
        type(own.task).model_validate({**own.task.model_dump(), **change.task}),
        type(own.config).model_validate({**own.config.model_dump(), **change.model}),
        type(own.training).model_validate({**own.training.model_dump(), **change.training}),
    )
    return replace(study, recipe=recipe)


def nats_of(measured: Measured) -> dict[str, np.ndarray]:
    """Of each piece the model's nats, mean over seeds, and its tokens; in the order of their names."""
    rows = measured.scores.to_pandas().query("predictor == 'model'")
    rows["nats"] = rows.onset_nats + rows.tied_nats + rows.silence_nats
    rows["tokens"] = rows.n_onset + rows.n_tied + rows.n_silence
    mean = (
        rows.groupby("piece_id").agg({"nats": "mean", "tokens": "first", "tune_family": "first"}).sort_index()
    )
    return {name: mean[name].to_numpy() for name in mean.columns}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--experiment", default="chorales-copying")
    arguments.add_argument("--folds", type=int, default=5)
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1])
    arguments.add_argument("--threads", type=int)
    arguments.add_argument("--only", nargs="+", choices={**VARIANTS, **LSTM_VARIANTS})
    options = arguments.parse_args()
    study = read_study(options.experiment, ROOT)
    variants = LSTM_VARIANTS if study.recipe.config.kind == "lstm" else VARIANTS
    few = {"continued_pieces": 1, "continuation_samples": 1}
    study = replace(study, evaluation=study.evaluation.model_copy(update=few))
    folds = deal(study.rows["tune_family"].to_pylist(), options.folds)
    found: dict[str, dict[str, Any]] = {}
    whole: dict[str, np.ndarray] = {}
    for name in dict.fromkeys([AS_IT_IS, *(options.only or variants)]):
        variant = changed(study, variants[name])
        measured = cross_validate(variant, folds, options.seeds, options.threads)
        own = nats_of(measured)
        whole = whole or own
        model = summary(variant, measured, folds, options.seeds)["predictors"]["model"]
        less = interval(own["tune_family"].tolist(), own["nats"] - whole["nats"], own["tokens"], seed=1)
        found[name] = {
            "nats_per_token": model["nats_per_token"],
            "bits_per_onset": model["bits_per_onset"],
            "more_nats_than_as_it_is": {key: round(value, 5) for key, value in asdict(less).items()},
        }
        spread = f"{less.value:+.4f} [{less.low:+.4f}, {less.high:+.4f}]"
        say(f"{name:26}{model['nats_per_token']:.4f} nats per token, {spread}")
    ordered = dict(sorted(found.items(), key=lambda item: float(item[1]["nats_per_token"])))
    print(
        json.dumps(
            {
                "variants": ordered,
                "experiment": options.experiment,
                "folds": options.folds,
                "seeds": options.seeds,
            }
        )
    )


if __name__ == "__main__":
    main()
