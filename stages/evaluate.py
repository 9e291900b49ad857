"""Evaluate one experiment: figures beside the baselines, and samples to look at and hear."""

from __future__ import annotations

from pathlib import Path

from pipeline.evaluation.experiment import evaluate
from pipeline.evaluation.settings import EvaluationSettings
from pipeline.files import write_json
from pipeline.runner import stage_main
from pipeline.settings import load_yaml, lookup, read_section


def run(key: str, group: str = "experiments") -> None:
    """Evaluate ``GROUP.KEY`` on the test split of its data set."""
    settings = read_section(EvaluationSettings, group, key, "evaluation")
    dataset = lookup(load_yaml(), group, key, "dataset")
    numbers = evaluate(
        Path("data/tokens") / dataset, Path("data/runs") / key, settings, Path("data/evaluations") / key
    )
    write_json(Path("data/metrics") / f"{key}.json", numbers)


if __name__ == "__main__":
    stage_main("evaluate", run)
