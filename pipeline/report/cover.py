"""The first screen: three figures, one sample to play, and the pieces kept at each stage."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from pipeline.report.columns import relatives_by_split, split_in_use
from pipeline.report.html import ReportSection, counted, number
from pipeline.report.inputs import ExperimentResults, Inputs, StageCounts
from pipeline.report.listen.samples import covers

STAGES = {"parse": "read", "quantize": "on a grid", "filter": "filtered", "encode": "encoded"}
BASELINES = {"ngram": "n-gram", "ngram_memory": "n-gram with memory", "copy": "copy baseline"}


def cover(inputs: Inputs) -> ReportSection:
    """Pieces kept, leakage, the best model against its best baseline; samples; the pipeline."""
    cards = covers(inputs)
    figures = Markup("").join((*_pieces(inputs), *_leakage(inputs), *_model(inputs)))
    samples = Markup("").join(
        Markup('<div class="sample"{}>{}</div>').format("" if place == 0 else Markup(" hidden"), card.html)
        for place, card in enumerate(cards)
    )
    following = Markup('<button type="button" class="next">Next sample</button>') if len(cards) > 1 else ""
    body = Markup(
        '<div class="cover"><dl class="figures">{}</dl><div class="samples">{}{}</div></div>\n{}'
    ).format(figures, samples, following, _strip(inputs))
    return ReportSection("summary", "Summary", "", body, [score for card in cards for score in card.scores])


def _figure(label: str, value: str, words: str | Markup) -> Markup:
    return Markup("<div><dt>{}</dt><dd><strong>{}</strong> <span>{}</span></dd></div>").format(
        label, value, words
    )


def _pieces(inputs: Inputs) -> Iterator[Markup]:
    steps = stages_of(inputs, inputs.main_dataset)
    if steps:
        incoming, kept = _incoming(steps[0]), _kept(steps[-1])
        words = f"of {counted(incoming, 'piece')}; every rejected piece has a reason"
        yield _figure("Pieces kept", number(kept), words)


def _leakage(inputs: Inputs) -> Iterator[Markup]:
    card = inputs.cards.get(inputs.main_dataset or "")
    found = relatives_by_split(card) if card else {}
    used = split_in_use(card) if card else ""
    if used in found:
        own, random = found[used], found.get("random")
        words = (
            f"of {counted(own['pieces'], 'test piece')}; {number(own['hard'])} share a melody, "
            f"possible variants: {number(own['soft'])}"
        )
        if "family" in found and used != "family":
            words += f". Without the embargo: {number(found['family']['either'])}"
        if random and used != "random":
            words += f". A random split: {number(random['either'])}, "
            words += f"of which {number(random['hard'])} share a melody"
        yield _figure("Test pieces with a relative in training", number(own["either"]), words)


def _model(inputs: Inputs) -> Iterator[Markup]:
    for experiment in inputs.held_out[:1]:
        bits = {name: _bits(experiment, name) for name in ("model", *BASELINES)}
        best = min(BASELINES, key=lambda name: bits[name])
        found = experiment.figures["bits_per_onset_intervals"].get(f"model - {best}")
        words = f"of {experiment.name}; best baseline ({BASELINES[best]}) {bits[best]:.2f}"
        if found:
            words += (
                f"; difference {signed(found['value'])} [{signed(found['low'])}, {signed(found['high'])}]"
            )
        yield _figure("Bits per note, lower is better", f"{bits['model']:.2f}", words)


def _bits(experiment: ExperimentResults, predictor: str) -> float:
    return float(experiment.figures["predictors"][predictor]["all"]["overall"]["bits_per_onset"])


def signed(value: float) -> str:
    """Two decimals with a sign, the minus as a minus sign."""
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")


def stages_of(inputs: Inputs, dataset: str | None) -> list[StageCounts]:
    """Counts of a data set from reading to encoding, those of its corpora only."""
    own = [step for step in inputs.steps if step.stage != "parse" and step.name == dataset]
    corpora = set(own[0].counts) if own else set()
    parsed = [step for step in inputs.steps if step.stage == "parse" and step.name in corpora]
    counts = {corpus: count for step in parsed for corpus, count in step.counts.items()}
    rejected = [row for step in parsed for row in step.rejected]
    return [StageCounts("parse", dataset or "", counts, rejected), *own] if own else []


def _incoming(step: StageCounts) -> int:
    return sum(count.incoming for count in step.counts.values())


def _kept(step: StageCounts) -> int:
    return sum(count.kept for count in step.counts.values())


def _strip(inputs: Inputs) -> Markup:
    """One line: pieces kept and rejected at each stage."""
    steps = stages_of(inputs, inputs.main_dataset)
    if not steps:
        return Markup("")
    items = [
        Markup("<li><b>{}</b> {}{}</li>").format(
            number(_kept(step)),
            STAGES[step.stage],
            Markup(' <a href="#rejections">{} rejected</a>').format(number(_incoming(step) - _kept(step)))
            if _incoming(step) > _kept(step)
            else "",
        )
        for step in steps
    ]
    sources = Markup("<li><b>{}</b> in {} corpora</li>").format(
        number(_incoming(steps[0])), len(steps[0].counts)
    )
    label = f"Pieces of the data set {inputs.main_dataset} at each stage"
    return Markup('<ol class="strip" aria-label="{}">{}{}</ol>\n').format(
        label, sources, Markup("").join(items)
    )
