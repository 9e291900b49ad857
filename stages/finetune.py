"""Train on from the weights of an experiment, on another data set."""

from __future__ import annotations

from pathlib import Path

from pipeline.models import parse_model
from pipeline.settings import load_yaml, lookup, read_section
from pipeline.training.experiment import train_experiment
from pipeline.training.processes import stage_of_all
from pipeline.training.settings import TrainingSettings


def run(key: str) -> None:
    """Train ``finetunes.KEY``, beginning with the weights of its ``from``."""
    settings = read_section(TrainingSettings, "finetunes", key, "training")
    params = load_yaml()
    config = parse_model(lookup(params, "finetunes", key, "model"), f"finetunes.{key}.model")
    train_experiment(
        Path("data/tokens") / lookup(params, "finetunes", key, "dataset"),
        config,
        settings,
        out=Path("data/runs") / key,
        curve=Path("data/plots") / key / "learning.csv",
        parent=Path("data/runs") / lookup(params, "finetunes", key, "from"),
    )


if __name__ == "__main__":
    stage_of_all("finetune", run)
