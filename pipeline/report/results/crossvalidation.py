"""Section: cross-validation over tune families."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.html import ReportSection, counted, folded, number, paragraph, table
from pipeline.report.inputs import Inputs
from pipeline.report.results.continuations import predictor_name
from pipeline.report.results.predictors import interval

MODEL = "model"
PREDICTORS = {
    MODEL: "model",
    "before fine-tuning": "the model before fine-tuning",
    "ngram": "n-gram",
    "ngram_memory": "n-gram with memory",
}
QUARTERS = "10"  # after the last onset of the first half


def crossvalidation(inputs: Inputs) -> ReportSection:
    """A fold per experiment: loss with intervals, spread over seeds, F1."""
    found = inputs.crossvalidated
    body = Markup("").join(_of(name, facts) for name, facts in found.items())
    nothing = paragraph("Not run; python -m pipeline cross-validate --experiment NAME runs it.")
    lead = (
        "Tune families are assigned to folds. Each fold is held out once, so that every piece is tested by a "
        "model trained "
        "without its relatives. Intervals are 95 %, over tune families; differences are paired."
    )
    return ReportSection("crossvalidation", "Cross-validation", lead, body or nothing, folded=True)


def _of(name: str, facts: Mapping[str, Any]) -> Markup:
    seeds = ", ".join(map(str, facts["seeds"]))
    versions = ", ".join(f"{library} {version}" for library, version in facts["versions"].items())
    text = paragraph(
        f"{counted(facts['pieces'], 'piece')} of {counted(facts['families'], 'family', 'families')} in "
        f"{counted(facts['folds'], 'fold')}; seeds {seeds}. "
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
        "model \N{MINUS SIGN} this, nats per token",
        "model \N{MINUS SIGN} this, bits per onset",
        "bits per onset by seed",
    ]
    continued = [
        [
            predictor_name(predictor),
            interval(figures["f1_interval"]),
            figures["n_pieces"],
            figures["n_undefined"],
        ]
        for predictor, figures in (
            (predictor, by_horizon[QUARTERS]) for predictor, by_horizon in facts["continuations"].items()
        )
    ]
    columns = ["continuations", f"F1 at {QUARTERS} quarter notes", "pieces", "without F1"]
    summary = f"{name}: {_summary(facts)}"
    loss = table(head, rows, name=f"cross-validation of {name}")
    return folded(
        summary, text + loss + table(columns, continued, name=f"similarity, cross-validation of {name}")
    )


def _summary(facts: Mapping[str, Any]) -> str:
    """Nats per token and the difference from the best baseline, in one line."""
    difference = interval(facts["intervals"]["nats_per_token"][f"{MODEL} - ngram_memory"])
    nats = number(facts["predictors"][MODEL]["nats_per_token"])
    folds = f"{counted(facts['folds'], 'fold')}, {counted(len(facts['seeds']), 'seed')}"
    return f"{folds}, {nats} nats per token, model \N{MINUS SIGN} n-gram with memory {difference}"


def _interval(facts: Mapping[str, Any], unit: str, predictor: str) -> str | None:
    return interval(facts["intervals"][unit][predictor])


def _difference(facts: Mapping[str, Any], unit: str, predictor: str) -> str | None:
    return None if predictor == MODEL else interval(facts["intervals"][unit][f"{MODEL} - {predictor}"])


def _seeds(figures: Mapping[str, Any]) -> str | None:
    found = figures.get("by_seed")
    return found and ", ".join(number(value) for value in found["bits_per_onset"])
