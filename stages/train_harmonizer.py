"""Train one harmonizer: token shards to weights and a learning curve."""

from __future__ import annotations

from pathlib import Path

from pipeline.models import parse_model
from pipeline.settings import load_yaml, lookup, read_section
from pipeline.training.experiment import train_experiment
from pipeline.training.processes import stage_of_all
from pipeline.training.settings import HarmonyTrainingSettings


def run(key: str) -> None:
    """Train ``harmonizers.KEY``."""
    settings = read_section(HarmonyTrainingSettings, "harmonizers", key, "training")
    params = load_yaml()
    train_experiment(
        Path("data/tokens") / lookup(params, "harmonizers", key, "dataset"),
        parse_model(lookup(params, "harmonizers", key, "model"), f"harmonizers.{key}.model"),
        settings,
        out=Path("data/runs") / key,
        curve=Path("data/plots") / key / "learning.csv",
    )


if __name__ == "__main__":
    stage_of_all("train_harmonizer", run)
