"""Section: the page in a few sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.harmony import voices_named
from pipeline.report.html import ReportSection, number, paragraph
from pipeline.report.inputs import ExperimentResults, HarmonizerResults, Inputs


def summary(inputs: Inputs) -> ReportSection:
    """What came in, what leaks, and what the models are worth, in the figures that matter."""
    sentences = (*_pieces(inputs), *_leaks(inputs), *_models(inputs), *_harmonies(inputs), *_folds(inputs))
    how = "The figures that matter, in words; the sections below show where each of them comes from."
    return ReportSection("summary", "In short", how, Markup("").join(map(paragraph, sentences)))


def _pieces(inputs: Inputs) -> Iterator[str]:
    parsed = [step for step in inputs.steps if step.stage == "parse"]
    counts = [count for step in parsed for count in step.counts.values()]
    kept, rejected = sum(count.kept for count in counts), sum(count.rejected for count in counts)
    yield (
        f"{number(kept + rejected)} pieces came in from {len(parsed)} corpora; {number(kept)} could be read, "
        f"{number(rejected)} could not, each with its reason. None was lost on the way."
    )
    sizes = [
        f"{name} {number(sum(split['examples'] for split in card['examples'].values()))}"
        for name, card in inputs.cards.items()
    ]
    yield f"Examples in the data sets: {', '.join(sizes)}."


def _leaks(inputs: Inputs) -> Iterator[str]:
    audits = {name: card["split"] for name, card in inputs.cards.items()}
    divided = {name: audit for name, audit in audits.items() if audit["settings"]["kind"] != "none"}
    leaking = {name: sum(audit["share_a_run_with_train"].values()) for name, audit in divided.items()}
    if not leaking:
        return
    if any(leaking.values()):
        found = ", ".join(f"{name} {number(n)}" for name, n in leaking.items() if n)
        yield f"Held-out pieces that share a run of intervals with a training piece: {found}."
    else:
        yield f"No held-out piece shares a run of intervals with a training piece ({', '.join(leaking)})."


def _models(inputs: Inputs) -> Iterator[str]:
    for experiment in inputs.experiments:
        if experiment.figures["split"] == "test":
            yield f"{experiment.name}: {_worth(experiment)}."
    learned = [e for e in inputs.experiments if e.figures["split"] != "test" and e.metrics.get("exact")]
    if learned:
        names = ", ".join(experiment.name for experiment in learned)
        yield f"Learned by heart, the second half said exactly: {names}."


def _worth(experiment: ExperimentResults) -> str:
    overall = experiment.figures["predictors"]["model"]["all"]["overall"]
    difference = experiment.figures["bits_per_onset_intervals"]["model - ngram_memory"]
    return (
        f"{number(overall['bits_per_onset'])} bits per onset on {number(overall['n_pieces'])} test pieces, "
        f"{_signed(difference)} beside an n-gram with memory"
    )


def _harmonies(inputs: Inputs) -> Iterator[str]:
    for harmonizer in inputs.harmonizers:
        if harmonizer.figures["split"] == "test":
            yield f"{harmonizer.name}, {_harmony(harmonizer)}."


def _harmony(harmonizer: HarmonizerResults) -> str:
    """Likelihood and parallels, of the choice of given voices whose voice leading was looked at."""
    found, leading = harmonizer.figures, harmonizer.figures["voice_leading"]
    choice = next(each for each in found["given"].values() if each["given"] == leading["given"])
    nats = choice["predictors"]["model"]["all"]["overall"]["nats_per_token"]
    fifths = {who: number(rates["parallel_fifths"]) for who, rates in leading["per_hundred_chords"].items()}
    return (
        f"given {voices_named(choice['given'])}: {number(nats)} nats per token of the voices to be said on "
        f"{number(found['n_pieces'])} test pieces, {_signed(choice['intervals']['model - ngram'])} beside an "
        f"n-gram; parallel fifths per 100 chords: {fifths['model, likeliest symbols']} in its likeliest "
        f"harmonies, {fifths['the pieces themselves']} in the pieces themselves"
    )


def _folds(inputs: Inputs) -> Iterator[str]:
    for name, facts in inputs.crossvalidated.items():
        difference = facts["intervals"]["nats_per_token"]["model - ngram_memory"]
        yield (
            f"{name}, on all {number(facts['pieces'])} pieces of its data set in {facts['folds']} folds with "
            f"{len(facts['seeds'])} seeds: {number(facts['predictors']['model']['nats_per_token'])} nats per "
            f"token, {_signed(difference)} beside an n-gram with memory."
        )


def _signed(found: Mapping[str, Any]) -> str:
    return f"{found['value']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"
