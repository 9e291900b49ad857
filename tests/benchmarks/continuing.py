"""Default decoding of continuations: temperature, nucleus and repetition costs.

    python -m tests.benchmarks.continuing [--experiments E ...] [--pieces N] [--steps N] [--seed S]

Second halves of validation pieces are decoded by every one of SETTINGS, greedy decoding
included, until STOP or ``--steps``, and compared with the true second halves: the share of
repeated bars, the entropy of bars, loops, and lengths; see
``pipeline/evaluation/metrics/repetition.py``. Pieces whose true second half is longer than
``--steps`` are left out. The distance of a setting from the true continuations is the sum over
the experiments of the differences of repeated bars and of entropy and of the distance of
the lengths over their mean; the settings are listed by it, nearest first.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from typing import Any

import torch

from pipeline.core.settings import load_yaml, lookup
from pipeline.decoding.continuation import continue_melodies
from pipeline.decoding.sampling import Sampling
from pipeline.evaluation.metrics.repetition import RepetitionFigures, repetition, repetition_figures
from pipeline.evaluation.samples import choose
from pipeline.models.base.batches import read_rows
from pipeline.models.base.pretrained import load_run
from pipeline.models.base.tasks import cut_rows
from pipeline.workflow.progress import say
from tests.helpers.paths import ROOT

SETTINGS = (  # temperature, top_p, repetition_nats
    (0.0, 1.0, 0.0),
    (0.0, 1.0, 2.0),
    (1.0, 1.0, 0.0),
    (1.0, 0.95, 0.0),
    (0.8, 1.0, 0.0),
    (1.0, 1.0, 0.5),
    (1.0, 1.0, 1.0),
    (1.0, 0.95, 1.0),
    (0.9, 1.0, 1.0),
    (1.0, 0.95, 2.0),
    (0.9, 0.95, 2.0),
    (0.8, 1.0, 2.0),
)


def compare(experiment: str, n_pieces: int, max_steps: int, seed: int) -> dict[str, RepetitionFigures]:
    """The true continuations, and those of every setting."""
    dataset = lookup(load_yaml(ROOT / "params.yaml"), "experiments", experiment, "dataset")
    model, _ = load_run(ROOT / "data/runs" / experiment)
    rows = read_rows(ROOT / "data/tokens" / dataset, "valid")
    rows = rows.take(choose(rows["piece_id"].to_pylist(), n_pieces, seed))
    pairs = list(zip(cut_rows(rows, 0.5), rows["steps_per_quarter"].to_pylist(), strict=True))
    pairs = [
        (example, steps) for example, steps in pairs if len(example.target) <= max_steps * example.voices
    ]
    examples = [example for example, _ in pairs]
    true = [repetition(example, example.target, steps) for example, steps in pairs]
    lengths = [each.quarters for each in true]
    found = {"true": repetition_figures(true, lengths)}
    for temperature, top_p, nats in SETTINGS:
        made = continue_melodies(
            model, examples, max_steps, Sampling(temperature, top_p=top_p), seed, repetition_nats=nats
        )
        measured = [
            repetition(example, each.tokens, steps)
            for (example, steps), each in zip(pairs, made, strict=True)
        ]
        name = f"temperature {temperature}, top_p {top_p}, repetition {nats}"
        found[name] = repetition_figures(measured, lengths)
        say(f"{experiment}: {name}: {distance(found[name], found['true']):.3f}")
    return found


def distance(found: RepetitionFigures, true: RepetitionFigures) -> float:
    """From the true continuations; undefined figures count as 0."""
    return (
        abs((found.repeated_bars or 0) - (true.repeated_bars or 0))
        + abs((found.entropy_of_bars or 0) - (true.entropy_of_bars or 0))
        + found.length_distance_quarters / true.mean_quarters
    )


def rounded(figures: RepetitionFigures) -> dict[str, Any]:
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in asdict(figures).items()
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--experiments", nargs="+", default=["chorales-from-melodies", "melodies"])
    arguments.add_argument("--pieces", type=int, default=60)
    arguments.add_argument("--steps", type=int, default=320)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    found = {name: compare(name, options.pieces, options.steps, options.seed) for name in options.experiments}
    settings = [name for name in next(iter(found.values())) if name != "true"]
    distances = {name: sum(distance(own[name], own["true"]) for own in found.values()) for name in settings}
    ordered = dict(sorted(distances.items(), key=lambda item: item[1]))
    result = {
        "seed": options.seed,
        "distance": {name: round(value, 4) for name, value in ordered.items()},
        "experiments": {
            experiment: {name: rounded(figures) for name, figures in own.items()}
            for experiment, own in found.items()
        },
    }
    print(json.dumps({"continuing": result}))


if __name__ == "__main__":
    main()
