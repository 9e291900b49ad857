"""Larger models on the published JSB chorales, for one GPU: at most eight minutes, nothing to download.

    python -m tests.benchmarks.gpu [--jsb FILE] [--seconds 180] [--small]

A transformer and a stepwise model, both larger than those that a processor trains, are trained
in bfloat16 on the published chorales (229 / 76 / 77 pieces, see ``tests/benchmarks/chorales.py``)
for ``--seconds`` each. Of each: nats per token on the test pieces, to compare with the 0.335 of Music
Transformer (Huang et al. 2019, table 1), target tokens per second of training, and the share of
the time of a training step that kernels take (null on a processor). ``--small``
trains tiny models on a few pieces, in float32 on the processor, to test the command.

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from pipeline.models.base.batches import plan
from pipeline.models.base.examples import Example, give_voices
from pipeline.models.base.registry import build, parse_model
from pipeline.models.base.tasks import Harmonize
from pipeline.training.data import TrainingData
from pipeline.training.determinism import prepare
from pipeline.training.gradients import Workers
from pipeline.training.loop import train
from pipeline.training.processes import SINGLE
from pipeline.training.settings import TrainingSettings
from pipeline.workflow.progress import say
from tests.benchmarks.chorales import nats, optimization, tokens_of
from tests.helpers.paths import ROOT

JSB = ROOT / "shared/corpora/jsb-chorales/Jsb16thSeparated.json"
MUSIC_TRANSFORMER = 0.335  # nats per token
PROFILED_STEPS = 8
SHAPES: dict[str, dict[str, Any]] = {
    "transformer": {
        **{"size": 256, "heads": 8, "layers": 4, "widening": 4, "distances": 256, "bars": True},
        "dropout": 0.35,
    },
    "stepwise": {"embedding_size": 128, "hidden_size": 768, "layers": 1, "dropout": 0.5},
}
SMALL: dict[str, dict[str, Any]] = {
    "transformer": {
        **{"size": 16, "heads": 2, "layers": 1, "widening": 2, "distances": 16, "bars": True},
        "dropout": 0.1,
    },
    "stepwise": {"embedding_size": 8, "hidden_size": 16, "layers": 1, "dropout": 0.1},
}
RATES = {"transformer": 0.0015, "stepwise": 0.002}
AVERAGING = 0.99  # decay of the averaged weights


def published_data(file: Path, most: int | None) -> tuple[TrainingData, list[Example]]:
    """Training and validation examples, and the test pieces."""
    content = json.loads(file.read_text(encoding="utf-8"))
    parts = {
        split: [give_voices(tokens_of(piece), [], 4) for piece in content[split][:most]]
        for split in ("train", "valid", "test")
    }
    data = TrainingData(Harmonize(kind="harmonize", given=[]), parts["train"], parts["valid"])
    return data, list(parts["test"])


def measured(
    kind: str,
    shape: dict[str, Any],
    settings: TrainingSettings,
    data: TrainingData,
    test: Sequence[Example],
    seconds: float,
) -> dict[str, Any]:
    """Train one model for about so many seconds, and measure it."""
    config = parse_model({"kind": kind, **shape}, kind)
    device = prepare(settings)
    share = kernel_share(build(config).to(device), data, settings)  # also warms the device up
    began = time.perf_counter()
    train(build(config).to(device), data, settings)
    epochs = max(int(seconds / (time.perf_counter() - began)), 1)
    prepare(settings)
    model = build(config).to(device)
    began = time.perf_counter()
    done = train(model, data, settings.model_copy(update={"epochs": epochs}))
    took = time.perf_counter() - began
    n_tokens = sum(int(example.predicted.sum()) for example in data.train)
    found = {
        "shape": shape,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "precision": settings.precision,
        "epochs": epochs,
        "best_epoch": done.best.epoch,
        "seconds": round(took),
        "tokens_per_second": round(epochs * n_tokens / took),
        "kernel_share": None if share is None else round(share, 3),
        "valid_nats": round(done.best.valid_nats, 4),
        **nats(model, test),
    }
    say(f"{kind}: {found}")
    return found


def kernel_share(model: Any, data: TrainingData, settings: TrainingSettings) -> float | None:
    """Share of the wall time of training steps that kernels take; None on a processor."""
    workers = Workers(model, settings, SINGLE)
    examples = list(data.train)
    batches = plan(examples, settings.batch_tokens, settings.seed, 1)[: PROFILED_STEPS + 1]
    on_gpu = model.grammar_mask.device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    workers.gradient([examples[i] for i in batches[0]], (settings.seed, 1, 0))
    with profile(activities=activities) as seen:
        began = time.perf_counter()
        for number, batch in enumerate(batches[1:] or batches[:1], start=1):
            workers.gradient([examples[i] for i in batch], (settings.seed, 1, number))
        if on_gpu:
            torch.cuda.synchronize()
        took = time.perf_counter() - began
    workers.close()
    kernels = sum(float(event.self_device_time_total) for event in seen.key_averages())  # microseconds
    return kernels / 1e6 / took if on_gpu else None


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--jsb", type=Path, default=JSB, help="the published JSON")
    arguments.add_argument("--seconds", type=float, default=180, help="of training, for each model")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument(
        "--small", action="store_true", help="tiny models and few pieces, on the processor"
    )
    options = arguments.parse_args()
    if not options.jsb.exists():
        arguments.error(f"{options.jsb} is missing: name the published JSON by --jsb")
    data, test = published_data(options.jsb, 3 if options.small else None)
    update: dict[str, Any] = {
        **{"transpose_semitones": 5, "batch_tokens": 12288, "precision": "bfloat16"},
        "ema_decay": AVERAGING,
    }
    seconds = options.seconds
    if options.small:
        update |= {"batch_tokens": 1024, "precision": "float32", "device": "cpu"}
        seconds = 0.0
    found = {}
    for kind, shape in (SMALL if options.small else SHAPES).items():
        settings = optimization(RATES[kind], options.seed).model_copy(update=update)
        found[kind] = measured(kind, shape, settings, data, test, seconds)
    device = "cpu" if options.small else torch.cuda.get_device_name()
    result = {"device": device, "music_transformer_nats": MUSIC_TRANSFORMER, **found}
    print(json.dumps({"gpu": result, "seeds": [options.seed]}))


if __name__ == "__main__":
    main()
