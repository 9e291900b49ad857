"""Evaluate a model and its baselines on the test split, and write samples."""

from __future__ import annotations

from pathlib import Path

from pipeline.core.files import write_json
from pipeline.core.settings import load_yaml, lookup, parse_section
from pipeline.evaluation.experiment import evaluate
from pipeline.models.base.tasks import TASK
from pipeline.workflow.runner import stage_main


def run(key: str) -> None:
    """Evaluate ``experiments.KEY``."""
    experiment, where = lookup(load_yaml(), "experiments", key), f"experiments.{key}"
    numbers = evaluate(
        Path("data/tokens") / lookup(experiment, "dataset"),
        Path("data/runs") / key,
        parse_section(TASK, lookup(experiment, "task"), f"{where}.task"),
        lookup(experiment, "evaluation"),
        f"{where}.evaluation",
        Path("data/evaluations") / key,
    )
    write_json(Path("data/metrics") / f"{key}.json", numbers)


if __name__ == "__main__":
    stage_main("evaluate", run)
