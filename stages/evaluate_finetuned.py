"""Evaluate one fine-tuned model, as any experiment is evaluated."""

from __future__ import annotations

from pipeline.runner import stage_main
from stages import evaluate


def run(key: str) -> None:
    """Evaluate ``finetunes.KEY`` on the test split of its data set."""
    evaluate.run(key, "finetunes")


if __name__ == "__main__":
    stage_main("evaluate_finetuned", run)
