"""Evaluate one harmonizer: figures beside the baselines, and harmonies to look at and hear."""

from __future__ import annotations

from pathlib import Path

from pipeline.evaluation.harmony import evaluate_harmonies
from pipeline.evaluation.settings import HarmonyEvaluationSettings
from pipeline.files import write_json
from pipeline.runner import stage_main
from pipeline.settings import load_yaml, lookup, read_section


def run(key: str) -> None:
    """Evaluate ``harmonizers.KEY`` on the test split of its data set."""
    settings = read_section(HarmonyEvaluationSettings, "harmonizers", key, "evaluation")
    dataset = lookup(load_yaml(), "harmonizers", key, "dataset")
    numbers = evaluate_harmonies(
        Path("data/tokens") / dataset, Path("data/runs") / key, settings, Path("data/evaluations") / key
    )
    write_json(Path("data/metrics") / f"{key}.json", numbers)


if __name__ == "__main__":
    stage_main("evaluate_harmonizer", run)
