"""What the benchmark ``tests.benchmarks.pitch`` keeps of a cross-validation."""

from typing import Any


def in_short(facts: dict[str, Any]) -> dict[str, float]:
    """Pitch bits per note of each predictor, and F1 of its continuations at ten quarters."""
    found = {name: figures["pitch_bits_per_onset"] for name, figures in facts["predictors"].items()}
    return found | {f"F1 {name}": figures["10"]["f1"] for name, figures in facts["continuations"].items()}
