"""Section: experiments measured on every piece of their data sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.html import ReportSection, heading, number, paragraph, table
from pipeline.report.inputs import Inputs

MODEL = "model"
PREDICTORS = {
    MODEL: "model",
    "before fine-tuning": "the model before fine-tuning",
    "ngram": "n-gram",
    "ngram_memory": "n-gram with memory",
}
QUARTERS = "10"  # after the last onset of the first half


def crossvalidation(inputs: Inputs) -> ReportSection:
    """A table an experiment: bits and nats with intervals, the spread of seeds, F1."""
    found = inputs.crossvalidated
    body = Markup("").join(_of(name, facts) for name, facts in found.items())
    nothing = paragraph("None was asked for: python -m pipeline cross-validate --experiment NAME makes one.")
    how = (
        "Tune families are dealt to folds; each fold is held out once, and a model is trained on the others "
        "with the experiment's own settings, so that every piece of the data set is tested by a model that "
        "knows no relative of it. What a fine-tuned experiment begins with has seen no relative of any "
        "piece of the set. Intervals are over tune families, 95 %; differences are paired on pieces."
    )
    return ReportSection("crossvalidation", "Folds over tune families", how, body or nothing)


def _of(name: str, facts: Mapping[str, Any]) -> Markup:
    seeds = ", ".join(map(str, facts["seeds"]))
    versions = ", ".join(f"{library} {version}" for library, version in facts["versions"].items())
    text = paragraph(
        f"{facts['pieces']} pieces of {facts['families']} families in {facts['folds']} folds; seeds {seeds}. "
        f"{versions}; {facts['machine']}."
    )
    rows = [
        [
            label,
            _interval(facts, "nats_per_token", predictor),
            _interval(facts, "bits_per_onset", predictor),
            facts["predictors"][predictor]["pitch_bits_per_onset"],
            _difference(facts, "nats_per_token", predictor),
            _difference(facts, "bits_per_onset", predictor),
            _seeds(facts["predictors"][predictor]),
        ]
        for predictor, label in PREDICTORS.items()
        if predictor in facts["predictors"]
    ]
    head = [
        "predictor",
        "nats per token",
        "bits per onset",
        "pitch",
        "model less this, nats per token",
        "model less this, bits per onset",
        "bits per onset of each seed",
    ]
    said = [
        [predictor, figures["n_pieces"], figures["n_undefined"], _spread(figures["f1_interval"])]
        for predictor, figures in (
            (predictor, by_horizon[QUARTERS]) for predictor, by_horizon in facts["continuations"].items()
        )
    ]
    continued = ["continuations", "pieces", "without a score", f"F1 at {QUARTERS} quarters"]
    return heading(name) + text + table(head, rows) + table(continued, said)


def _interval(facts: Mapping[str, Any], unit: str, predictor: str) -> str | None:
    return _spread(facts["intervals"][unit][predictor])


def _difference(facts: Mapping[str, Any], unit: str, predictor: str) -> str | None:
    return None if predictor == MODEL else _spread(facts["intervals"][unit][f"{MODEL} - {predictor}"])


def _spread(found: Mapping[str, Any] | None) -> str | None:
    if found is None:
        return None
    return f"{number(found['value'])} [{number(found['low'])}, {number(found['high'])}]"


def _seeds(figures: Mapping[str, Any]) -> str | None:
    found = figures.get("by_seed")
    return found and ", ".join(number(value) for value in found["bits_per_onset"])
