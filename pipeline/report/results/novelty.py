"""Section: novelty, the share of generated material that is found in training tunes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.core.settings import SCRATCH
from pipeline.report.charts import GENERATED, TRUTH, colours, in_two_widths, interval_dots, legend
from pipeline.report.html import ReportSection, counted, folded, folded_table, paragraph
from pipeline.report.inputs import ExperimentResults, Inputs
from pipeline.report.results.continuations import predictor_name
from pipeline.report.results.predictors import interval

HUMAN, MODEL = "human reference: held-out tunes", "model"
KINDS = {
    "copied": "Shared with a training tune but not with the prompt",
    "in_prompt": "Shared with the prompt",
    "inside_shared": "Shared with a training tune, runs inside the continuation only",
}
LEAD = (
    "Does the model copy? The chart shows the share of runs of successive intervals (in any key and "
    "rhythm) that also "
    "occur in a training tune. A model that shares more than held-out human tunes has memorized its "
    "training data."
)


def novelty(inputs: Inputs) -> ReportSection:
    """A dot plot of shared sequences of comparable length; tables in folds."""
    body = _chart(inputs.held_out) if inputs.held_out else Markup("")
    body += folded("Novelty by experiment", Markup("").join(map(_of, inputs.held_out)))
    return ReportSection("novelty", "Novelty", LEAD, body, folded=True)


def _chart(held_out: list[ExperimentResults]) -> Markup:
    rows = []
    for experiment in held_out:
        found = experiment.figures["novelty"]
        length = str(found["fair_up_to"])
        for name in (MODEL, HUMAN):
            share = found["predictors"][name]["n_grams"][length]["shared"]
            if share:
                label = f"{experiment.name}, {predictor_name(name)}: {interval(share)} of runs of {length}"
                row = {"group": f"{experiment.name}, runs of {length}", "series": predictor_name(name)}
                rows.append({**row, **_bounds(share), "label": label})
    if not rows:
        return paragraph("No passage is long enough for a comparison.")
    scale = colours([MODEL, predictor_name(HUMAN)], {MODEL: GENERATED, predictor_name(HUMAN): TRUTH})
    alt = "Dot plot: share of runs that occur in a training tune, of model and held-out human tunes."
    groups = list(dict.fromkeys(str(row["group"]) for row in rows))
    title = "share of runs found in a training tune"
    return legend(scale) + in_two_widths(
        lambda width: interval_dots(rows, groups, scale, title, width, 26), alt, narrow=150
    )


def _bounds(share: Mapping[str, float]) -> dict[str, float | None]:
    return {"value": share["value"], "low": share.get("low"), "high": share.get("high")}


def _of(experiment: ExperimentResults) -> Markup:
    found = experiment.figures["novelty"]
    predictors = found["predictors"]
    lengths = list(predictors[MODEL]["n_grams"])
    start = experiment.settings.get("init_from", SCRATCH)
    caution = (
        f" The training tunes of {start}, the initial weights, are not searched." if start != SCRATCH else ""
    )
    text = paragraph(_summary(predictors, str(found["fair_up_to"])) + caution)
    tables = [_shares(title, predictors, kind, lengths) for kind, title in KINDS.items()]
    return folded(
        experiment.name,
        text + _overview(predictors, lengths) + Markup("").join(tables) + _nearest(found["samples"]),
    )


def _summary(predictors: Mapping[str, Any], fair: str) -> str:
    shares = {name: predictors[name]["n_grams"][fair]["shared"] for name in (MODEL, HUMAN)}
    texts = {name: interval(share) or "nothing (no run is that long)" for name, share in shares.items()}
    return (
        f"Runs of {fair} intervals, the longest for which held-out tunes are a fair comparison: the model "
        "shares "
        f"{texts[MODEL]} with a training tune, held-out human tunes share {texts[HUMAN]}. Longest shared "
        "run: "
        f"{counted(predictors[MODEL]['longest']['most'], 'interval')} of the model, "
        f"{predictors[HUMAN]['longest']['most']} of "
        "held-out tunes. Longer runs are kept out of held-out tunes by the split; compare them with "
        "training tunes, "
        "each searched in all others."
    )


def _overview(predictors: Mapping[str, Any], lengths: list[str]) -> Markup:
    rows = [
        [
            predictor_name(name),
            figures["longest"]["mean"],
            figures["longest"]["most"],
            *((share := figures["n_grams"][n]["shared"]) and share["value"] for n in lengths),
            figures["n_passages"],
        ]
        for name, figures in predictors.items()
    ]
    head = [
        "predictor",
        "longest run, mean",
        "longest of all",
        *(f"runs of {n}" for n in lengths),
        "passages",
    ]
    return folded_table("Shared with a training tune", head, rows)


def _shares(title: str, predictors: Mapping[str, Any], kind: str, lengths: list[str]) -> Markup:
    rows = [
        [predictor_name(name), *(interval(figures["n_grams"][n][kind]) for n in lengths)]
        for name, figures in predictors.items()
    ]
    return folded_table(title, ["predictor", *(f"runs of {n}" for n in lengths)], rows)


def _nearest(samples: list[Mapping[str, Any]]) -> Markup:
    rows = [
        [
            _named(sample["title"], sample["piece_id"]),
            sample["longest"],
            sample["longest_in_prompt"],
            _named(sample["nearest_title"], sample["nearest"]),
            sample["n_holders"],
            sample["decoding"],
        ]
        for sample in samples
    ]
    head = ["piece", "longest run shared", "longest run in its prompt", "nearest training tune"]
    head += ["tunes with that run", "decoding"]
    note = (
        "The nearest tune is the first one with the longest shared run. A run that many tunes have is common "
        "property."
    )
    return folded_table("Nearest training tune of each sample", head, rows, (0, 3, 5), note)


def _named(title: str | None, piece_id: str | None) -> str | None:
    return f"{title} ({piece_id})" if title else piece_id
