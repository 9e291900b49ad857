"""Kinds of models on four-part chorales, at about equal parameters and equal time.

    python -m tests.benchmarks.chorales harmonize [--seconds 200] [--kinds stepwise transformer ...]
    python -m tests.benchmarks.chorales continue [--seconds 200]
    python -m tests.benchmarks.chorales published --jsb FILE [--seconds 400 | --epochs N]
        [--transpose 3] [--dropout 0.3] [--averaging 0.0]

``harmonize`` trains each kind of model on the data set ``chorales`` with any voices
given, for as many epochs as fit into the time (a first epoch is timed, and thrown
away), and measures it on the test split: nats per token for every choice of given
voices, and the token error rate of greedy decoding. ``continue`` does the same
for second halves given the first. ``published`` trains the stepwise model on the
published JSB chorales (229 / 76 / 77 pieces, sixteenths, as printed: in their own
keys; a repeated note counts as a held one, which the data do not distinguish; training
pieces are transposed by up to ``--transpose``) and measures all four voices of whole
test pieces, soprano first in each step, STOP apart.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core.vocabulary import START, STOP, TIED
from pipeline.decoding.harmonization import harmonize
from pipeline.decoding.scoring import log_probs
from pipeline.evaluation.harmonize_task import errors_of, named
from pipeline.evaluation.metrics.surprisal import STOPS, surprisal
from pipeline.models.base.batches import read_rows
from pipeline.models.base.examples import Example, give_voices
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.registry import build, parse_model
from pipeline.models.base.tasks import Continue, Harmonize, harmony_rows
from pipeline.training.data import TrainingData, read_training_data
from pipeline.training.determinism import prepare
from pipeline.training.loop import train
from pipeline.training.settings import TrainingSettings
from pipeline.workflow.progress import say
from tests.helpers.paths import ROOT

TOKENS = ROOT / "data/tokens/chorales"
GIVEN = ([], [0], [0, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2])
SHAPES: dict[str, dict[str, Any]] = {
    "stepwise": {"embedding_size": 64, "hidden_size": 160, "layers": 1, "dropout": 0.3},
    "lstm": {
        **{"input": "embedding", "attention": "dot", "attention_size": 64, "embedding_size": 64},
        **{"hidden_size": 192, "layers": 1, "bidirectional": True, "dropout": 0.2},
    },
    "decoder": {"embedding_size": 64, "hidden_size": 224, "layers": 2, "dropout": 0.2},
    "transformer": {
        **{"size": 96, "heads": 4, "layers": 3, "widening": 4, "distances": 128, "bars": True},
        "dropout": 0.1,
    },
}
RATES = {"stepwise": 0.004, "lstm": 0.004, "decoder": 0.004, "transformer": 0.002}
OPTIMIZATION = {
    **{"seed": 1, "transpose_semitones": 0, "epochs": 1, "batch_tokens": 3072, "warmup": 0.1},
    **{"schedule": "linear", "clip_norm": 1.0, "teacher_forcing": 1.0, "label_smoothing": 0.0},
    **{"ema_decay": 0.0, "patience": 0, "precision": "float32", "checkpoint_seconds": 600},
    **{"device": "auto", "threads": 2},
}


def optimization(learning_rate: float, seed: int) -> TrainingSettings:
    return TrainingSettings.model_validate({**OPTIMIZATION, "learning_rate": learning_rate, "seed": seed})


def learned(
    kind: str,
    settings: TrainingSettings,
    data: TrainingData,
    seconds: float,
    shape: dict[str, Any] | None = None,
    epochs: int | None = None,
) -> tuple[Seq2Seq, dict[str, Any]]:
    """A model trained for so many epochs or about so many seconds, and what that took."""
    config = parse_model({"kind": kind, **(shape or SHAPES[kind])}, kind)
    if epochs is None:
        device = prepare(settings)
        began = time.perf_counter()
        train(build(config).to(device), data, settings)
        epochs = max(int(seconds / (time.perf_counter() - began)), 1)
    device = prepare(settings)
    model = build(config).to(device)
    began = time.perf_counter()
    done = train(model, data, settings.model_copy(update={"epochs": epochs}))
    took = {
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "epochs": epochs,
        "seconds": round(time.perf_counter() - began),
        "valid_nats": round(done.best.valid_nats, 4),
        "device": str(device),
    }
    say(f"{kind}: {took}")
    return model, took


def nats(model: Seq2Seq, examples: Sequence[Example]) -> dict[str, float]:
    """Per token, STOP left out, and the share of tokens that were not the most probable."""
    found = [
        surprisal(rows, example) for rows, example in zip(log_probs(model, examples), examples, strict=True)
    ]
    counts = [piece.kind != STOPS for piece in found]
    n_tokens = sum(int(each.sum()) for each in counts)
    cost = sum(float(piece.nats[each].sum()) for piece, each in zip(found, counts, strict=True))
    missed = sum(int((~piece.hit[each]).sum()) for piece, each in zip(found, counts, strict=True))
    return {"nats_per_token": round(cost / n_tokens, 4), "error": round(missed / n_tokens, 4)}


def harmonizing(kinds: Sequence[str], seconds: float, seed: int) -> dict[str, Any]:
    """Every kind with any voices given."""
    data = read_training_data(TOKENS, Harmonize(kind="harmonize", given="any"))
    test = read_rows(TOKENS, "test")
    result = {}
    for kind in kinds:
        model, took = learned(kind, optimization(RATES[kind], seed), data, seconds)
        figures = {}
        for given in GIVEN:
            examples = harmony_rows(test, [given] * len(test))
            figures[named(given)] = nats(model, examples)
            if given:
                errors = errors_of(harmonize(model, examples), examples)
                figures[named(given)]["greedy_error"] = {name: round(e, 4) for name, e in errors.items()}
        result[kind] = {**took, "given": figures}
        say(f"{kind}: {figures}")
    return result


def continuing(kinds: Sequence[str], seconds: float, seed: int) -> dict[str, Any]:
    """Every kind on second halves given the first."""
    task = Continue(kind="continue", cut=0.5, min_cut=0.1, max_cut=0.5)
    data, test = read_training_data(TOKENS, task), task.examples(read_rows(TOKENS, "test"))
    result = {}
    for kind in kinds:
        model, took = learned(kind, optimization(RATES[kind], seed), data, seconds)
        result[kind] = {**took, **nats(model, test)}
        say(f"{kind}: {result[kind]}")
    return result


def published(
    file: Path, seconds: float, epochs: int | None, dropout: float, settings: TrainingSettings
) -> dict[str, Any]:
    """All four voices of the published chorales, whole pieces."""
    content = json.loads(file.read_text(encoding="utf-8"))
    parts = {
        split: [give_voices(tokens_of(piece), [], 4) for piece in content[split]]
        for split in ("train", "valid", "test")
    }
    data = TrainingData(Harmonize(kind="harmonize", given=[]), parts["train"], parts["valid"])
    shape = {"embedding_size": 64, "hidden_size": 256, "layers": 1, "dropout": dropout}
    model, took = learned("stepwise", settings, data, seconds, shape, epochs)
    pieces = {split: len(examples) for split, examples in parts.items()}
    recipe = {"dropout": dropout, "averaging": settings.ema_decay, "transpose": settings.transpose_semitones}
    return {**took, **recipe, "pieces": pieces, **nats(model, parts["test"])}


def tokens_of(piece: Sequence[Sequence[float]]) -> list[int]:
    """A published chorale in the 258 tokens: repeated values are tied, -1 is silence."""
    pitch = np.maximum(np.array(piece, np.int64), 0)  # (N, 4)
    again = np.zeros(pitch.shape, bool)
    again[1:] = pitch[1:] == pitch[:-1]
    return [START, *(pitch + TIED * again).ravel().tolist(), STOP]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("what", choices=["harmonize", "continue", "published"])
    arguments.add_argument("--kinds", nargs="+", choices=SHAPES)
    arguments.add_argument("--seconds", type=float, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--jsb", type=Path, help="the published JSON")
    arguments.add_argument("--transpose", type=int, default=3)
    arguments.add_argument(
        "--epochs", type=int, help="of published; default: as many as fit into the seconds"
    )
    arguments.add_argument("--dropout", type=float, default=0.3)
    arguments.add_argument("--averaging", type=float, default=0.0, help="decay of the averaged weights")
    options = arguments.parse_args()
    if options.what == "published":
        update = {"transpose_semitones": options.transpose, "ema_decay": options.averaging}
        settings = optimization(0.004, options.seed).model_copy(update=update)
        found = published(options.jsb, options.seconds, options.epochs, options.dropout, settings)
    elif options.what == "continue":
        kinds = options.kinds or ["lstm", "decoder", "transformer"]
        found = continuing(kinds, options.seconds, options.seed)
    else:
        found = harmonizing(options.kinds or list(SHAPES), options.seconds, options.seed)
    print(json.dumps({options.what: found, "seeds": [options.seed]}))


if __name__ == "__main__":
    main()
