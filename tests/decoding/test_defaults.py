"""The decoding defaults are those selected by the committed benchmarks."""

import json
from typing import Any

import pytest

from pipeline.decoding.defaults import REPETITION_NATS, TEMPERATURE, TOP_P
from pipeline.decoding.voice_leading.rules import RULES
from tests.helpers.paths import ROOT


def kept(name: str, command: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / f"data/benchmarks/{name}.json").read_text(encoding="utf-8"))
    return found[command]


def test_decoding_defaults_are_nearest_to_the_true_continuations() -> None:
    nearest = next(iter(kept("continuing", "continuing")["distance"]))
    assert nearest == f"temperature {TEMPERATURE}, top_p {TOP_P}, repetition {REPETITION_NATS}"


def test_costs_and_rates_of_the_rules_are_those_of_the_benchmark() -> None:
    chosen = kept("voice-leading", "choose")
    assert {rule.name: rule.cost_nats for rule in RULES} == chosen["nats"]
    for rule in RULES:
        assert rule.bach_per_hundred == pytest.approx(chosen["bach"][rule.name], abs=0.005)
