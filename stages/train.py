"""Train a model, from scratch or from the weights of another experiment."""

from __future__ import annotations

from pathlib import Path

from pipeline.core.settings import SCRATCH, load_yaml, lookup, parse_section
from pipeline.models.base.registry import parse_model
from pipeline.models.base.tasks import TASK
from pipeline.training.experiment import train_experiment
from pipeline.training.processes import stage_of_all
from pipeline.training.settings import TrainingSettings


def run(key: str) -> None:
    """Train ``experiments.KEY``."""
    experiment, where = lookup(load_yaml(), "experiments", key), f"experiments.{key}"
    init_from = lookup(experiment, "init_from")
    train_experiment(
        Path("data/tokens") / lookup(experiment, "dataset"),
        parse_section(TASK, lookup(experiment, "task"), f"{where}.task"),
        parse_model(lookup(experiment, "model"), f"{where}.model"),
        parse_section(TrainingSettings, lookup(experiment, "training"), f"{where}.training"),
        out=Path("data/runs") / key,
        curve=Path("data/plots") / key / "learning.csv",
        init_from=None if init_from == SCRATCH else Path("data/runs") / init_from,
    )


if __name__ == "__main__":
    stage_of_all("train", run)
