"""Train one experiment: token shards to weights and a learning curve."""

from __future__ import annotations

from pathlib import Path

from pipeline.models import parse_model
from pipeline.settings import load_yaml, lookup, read_section
from pipeline.training.experiment import train_experiment
from pipeline.training.processes import stage_of_all
from pipeline.training.settings import TrainingSettings


def run(key: str) -> None:
    """Train ``experiments.KEY``."""
    settings = read_section(TrainingSettings, "experiments", key, "training")
    params = load_yaml()
    config = parse_model(lookup(params, "experiments", key, "model"), f"experiments.{key}.model")
    train_experiment(
        Path("data/tokens") / lookup(params, "experiments", key, "dataset"),
        config,
        settings,
        out=Path("data/runs") / key,
        curve=Path("data/plots") / key / "learning.csv",
    )


if __name__ == "__main__":
    stage_of_all("train", run)
