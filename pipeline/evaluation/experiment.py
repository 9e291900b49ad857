"""Evaluation of one experiment by its task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.core.settings import parse_section
from pipeline.evaluation.continue_task import evaluate_continuing
from pipeline.evaluation.harmonize_task import evaluate_harmonizing
from pipeline.evaluation.settings import ContinueEvaluation, HarmonizeEvaluation
from pipeline.models.base.tasks import Continue, Harmonize


def evaluate(
    tokens: Path, run: Path, task: Continue | Harmonize, section: Any, where: str, out: Path
) -> dict[str, float | int | None]:
    """Evaluate a trained model and its baselines, and write samples.

    Args:
        tokens: ``data/tokens/DATASET``.
        run: ``data/runs/EXPERIMENT``, trained on that data set.
        task: the section ``task``.
        section: the parsed YAML of the section ``evaluation``; its settings depend on the task.
        where: its place in params.yaml, for messages.
        out: folder for figures, tables and samples.

    Returns:
        The headline figures for the comparison of experiments.

    Raises:
        SettingsError: an error in the section.
        EvaluationError: no examples, or a model trained on other shards.
    """
    if isinstance(task, Continue):
        return evaluate_continuing(tokens, run, parse_section(ContinueEvaluation, section, where), out)
    return evaluate_harmonizing(tokens, run, parse_section(HarmonizeEvaluation, section, where), out)
