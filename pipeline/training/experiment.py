"""One training from shards to a run: alone, resumed, fine-tuning, or in several processes."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline.batches import EXAMPLE_COLUMNS, cut_rows, fingerprint, harmony_rows, read_rows
from pipeline.examples import Example
from pipeline.models import build
from pipeline.settings import Section
from pipeline.training.augmentation import choices_of
from pipeline.training.checkpoints import checkpoints
from pipeline.training.devices import describe, prepare
from pipeline.training.lineage import Lineage, audit, begin_with, read_lineage
from pipeline.training.loop import train, write_learning_curve
from pipeline.training.processes import Processes, joined
from pipeline.training.runs import WEIGHTS, Run, save_run
from pipeline.training.settings import HarmonyTrainingSettings, Optimization, TrainingSettings


def train_experiment(
    tokens: Path,
    config: Section,
    settings: Optimization,
    out: Path,
    curve: Path,
    parent: Path | None = None,
) -> None:
    """Train a model on a data set; without a validation split its own examples decide which epoch is best.

    Args:
        tokens: ``data/tokens/DATASET``.
        config: the section ``model``.
        settings: the section ``training``.
        out: folder of the run.
        curve: file of the learning curve.
        parent: folder of the run whose weights the training begins with; None draws them.

    Raises:
        SettingsError: another model than the parent's, or no such device.
        LeakError: the parent has seen relatives of valid or test pieces.
        CheckpointError, TableError: files missing or damaged.
        DivergedError: the loss is no longer a finite number.
    """
    heard = read_lineage(parent) if parent else Lineage()
    audit(tokens, heard.families)
    examples = load(tokens, "train", settings)
    validation = load(tokens, "valid", settings) or examples

    device = prepare(settings)
    network = build(config)
    if parent:
        begin_with(network, config, parent)
    network.to(device)
    with joined(device) as processes:
        facts = _facts(tokens, config, settings, device, processes, parent)
        kept = checkpoints(facts, settings.checkpoint_seconds)
        trained = train(network, examples, validation, settings, processes, kept)
    if processes.rank:
        return
    best = trained.best
    save_run(out, network, Run(config, tokens.name, fingerprint(tokens), best.epoch, best.valid_nats))
    heard.then(tokens).write(out)
    write_learning_curve(curve, trained.curve)
    kept.remove()


def load(tokens: Path, split: str, settings: Optimization) -> list[Example]:
    """The pieces of a split as the task has them; where any voices may be given, each set in turn.

    Raises:
        GivenError: voices that the pieces do not have.
        TableError: files missing or damaged.
    """
    rows = read_rows(tokens, split, EXAMPLE_COLUMNS)
    if isinstance(settings, HarmonyTrainingSettings):
        voices = rows["voices"].to_pylist()
        if settings.given == "any":
            return harmony_rows(rows, [choices_of(n)[i % len(choices_of(n))] for i, n in enumerate(voices)])
        return harmony_rows(rows, [settings.given] * len(rows))
    assert isinstance(settings, TrainingSettings)
    return cut_rows(rows, settings.cut)


def _facts(
    tokens: Path,
    config: Section,
    settings: Optimization,
    device: torch.device,
    processes: Processes,
    parent: Path | None,
) -> dict[str, Any]:
    """All that the weights depend on, beside the code."""
    return {
        "data": fingerprint(tokens),
        "model": config.model_dump(),
        "training": settings.model_dump(exclude={"checkpoint_seconds"}),
        "parent": hashlib.sha256((parent / WEIGHTS).read_bytes()).hexdigest() if parent else None,
        "versions": [platform.python_version(), np.__version__, torch.__version__],
        "device": describe(device),
        "processes": processes.world,
    }
