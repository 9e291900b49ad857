"""One training from shards to a run: from scratch or fine-tuned, resumed, in one or several processes."""

from __future__ import annotations

import hashlib
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline.core.settings import Section
from pipeline.models.base.devices import describe
from pipeline.models.base.lineage import Lineage, audit, initialize_from, read_lineage, require_embargo
from pipeline.models.base.pretrained import WEIGHTS, Run, save_run
from pipeline.models.base.registry import build
from pipeline.models.base.tasks import Continue, Harmonize
from pipeline.training.checkpoints import checkpoints
from pipeline.training.data import (
    TrainingData,
    read_training_data,
    refuse_long_pieces,
    require_chords,
)
from pipeline.training.determinism import prepare
from pipeline.training.loop import train, write_learning_curve
from pipeline.training.processes import Processes, joined
from pipeline.training.settings import TrainingSettings


def train_experiment(
    tokens: Path,
    task: Continue | Harmonize,
    config: Section,
    settings: TrainingSettings,
    out: Path,
    curve: Path,
    init_from: Path | None = None,
) -> None:
    """Train a model on a data set.

    Args:
        tokens: ``data/tokens/DATASET``.
        task: the section ``task``.
        config: the section ``model``.
        settings: the section ``training``.
        out: folder of the run.
        curve: file of the learning curve.
        init_from: folder of the run whose weights are the initial ones; None: random weights.

    Raises:
        SettingsError: a different model than that of ``init_from``, no such device, one without
            the precision, a piece of too many tokens, or chords in the model and none in the data.
        LeakError: the initial weights were trained on relatives of valid or test pieces, or the data
            set has an embargo that the initial weights did not have.
        CheckpointError, TableError: files missing or damaged.
        DivergedError: the loss is no longer a finite number.
    """
    refuse_long_pieces(tokens, settings.max_piece_tokens)
    data = read_training_data(tokens, task)
    lineage = read_lineage(init_from) if init_from else Lineage()
    audit(tokens.name, data.held_out, lineage.families)
    require_embargo(tokens.name, data.split, data.held_out, lineage)

    device = prepare(settings)
    network = build(config)
    if network.uses_chords:
        require_chords(tokens.name, data)
    if init_from:
        initialize_from(network, config, init_from)
    network.to(device)
    with joined(device) as processes:
        facts = _facts(data, config, settings, device, processes, init_from)
        kept = checkpoints(facts, [__name__, type(network).__module__], settings.checkpoint_seconds)
        result = train(network, data, settings, processes, kept, curve)
    if processes.rank:
        return
    best = result.best
    save_run(out, network, Run(config, tokens.name, data.fingerprint, best.epoch, best.valid_nats))
    lineage.then(data.families, data.held_out.values(), data.split).write(out)
    write_learning_curve(curve, result.curve)
    kept.remove()


def _facts(
    data: TrainingData,
    config: Section,
    settings: TrainingSettings,
    device: torch.device,
    processes: Processes,
    init_from: Path | None,
) -> dict[str, Any]:
    """Everything but code that the weights depend on."""
    return {
        "data": data.fingerprint,
        "task": data.task.model_dump(),
        "model": config.model_dump(),
        "training": settings.model_dump(exclude={"checkpoint_seconds", "max_piece_tokens"}),
        "init_from": hashlib.sha256((init_from / WEIGHTS).read_bytes()).hexdigest() if init_from else None,
        "versions": [platform.python_version(), np.__version__, torch.__version__],
        "device": describe(device),
        "processes": processes.world,
    }
