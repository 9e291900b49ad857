"""Section: what continuations share with the training tunes, and the nearest one of each sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.core.settings import SCRATCH
from pipeline.report.html import Section, folded, heading, number, paragraph, table
from pipeline.report.inputs import Experiment, Inputs

PEOPLE, MODEL = "people, held-out tunes", "model"
KINDS = {
    "copied": "Shared with a training tune and not with the piece's own first half, 95 %",
    "in_prompt": "Shared with the piece's own first half",
    "inside_shared": "Shared with a training tune, of runs that stand wholly in the continuation",
}


def novelty(inputs: Inputs) -> Section:
    """Of each experiment with held-out pieces: shares of n-grams, longest runs, nearest tunes."""
    body = Markup("").join(_of(each) for each in inputs.experiments if each.held_out)
    how = (
        "Does the model copy? A run is a number of intervals on end, in any key and rhythm; the figures are "
        "the share of a continuation's runs that also stand in a training tune. A model that shares more "
        "than people do has memorized. Held-out tunes are the fair comparison up to the length that the "
        "table says: longer runs are kept out of them when families of tunes are split. Beyond it compare "
        "with training tunes, each looked up in all the others. Runs end in the continuation and may begin "
        "in the first half; going on with the material of the first half is no copy of another tune, so it "
        "is told apart."
    )
    return Section("novelty", "Novelty", how, body)


def _of(experiment: Experiment) -> Markup:
    found = experiment.figures["novelty"]
    predictors = found["predictors"]
    fair = str(found["fair_up_to"])
    lengths = list(predictors[MODEL]["n_grams"])
    tables = [folded(title, _shares(predictors, kind, lengths)) for kind, title in KINDS.items()]
    start = experiment.settings.get("init_from", SCRATCH)
    caution = f" The training tunes of {start} are not searched." if start != SCRATCH else ""
    return (
        heading(experiment.name)
        + paragraph(_in_short(predictors, fair) + caution)
        + _overview(predictors, lengths)
        + Markup("").join(tables)
        + folded("The nearest training tune of every sample", _nearest(found["samples"]))
    )


def _in_short(predictors: Mapping[str, Any], fair: str) -> str:
    shares = {name: predictors[name]["n_grams"][fair]["shared"] for name in (MODEL, PEOPLE)}
    told = {name: _with_interval(share) or "nothing (none is so long)" for name, share in shares.items()}
    return (
        f"Of its runs of {fair} intervals, the longest for which held-out tunes are a fair comparison, the "
        f"model shares {told[MODEL]} with a training tune; people's held-out tunes share {told[PEOPLE]}. The "
        f"longest run that the model shares has {predictors[MODEL]['longest']['most']} intervals, the "
        f"longest of people's held-out tunes {predictors[PEOPLE]['longest']['most']}."
    )


def _overview(predictors: Mapping[str, Any], lengths: list[str]) -> Markup:
    rows = [
        [
            name,
            figures["n_passages"],
            figures["longest"]["mean"],
            figures["longest"]["most"],
            *((share := figures["n_grams"][n]["shared"]) and share["value"] for n in lengths),
        ]
        for name, figures in predictors.items()
    ]
    head = ["who", "passages", "longest run, mean", "longest of all", *(f"runs of {n}" for n in lengths)]
    return table(head, rows)


def _shares(predictors: Mapping[str, Any], kind: str, lengths: list[str]) -> Markup:
    rows = [
        [name, *(_with_interval(figures["n_grams"][n][kind]) for n in lengths)]
        for name, figures in predictors.items()
    ]
    return table(["who", *(f"runs of {n}" for n in lengths)], rows)


def _with_interval(share: Mapping[str, float] | None) -> str | None:
    if share is None:
        return None
    spread = f" [{number(share['low'])}, {number(share['high'])}]" if "low" in share else ""
    return number(share["value"]) + spread


def _nearest(samples: list[Mapping[str, Any]]) -> Markup:
    rows = [
        [
            _named(sample["title"], sample["piece_id"]),
            sample["decoding"],
            sample["longest"],
            sample["longest_in_prompt"],
            _named(sample["nearest_title"], sample["nearest"]),
            sample["n_holders"],
        ]
        for sample in samples
    ]
    head = [
        "piece",
        "decoding",
        "longest run shared",
        "longest run in its first half",
        "nearest training tune",
        "tunes that hold the run",
    ]
    note = paragraph(
        "The nearest tune is the first that holds the longest shared run. A run that many tunes hold is "
        "common property."
    )
    return note + table(head, rows, text_columns=(0, 1, 4))


def _named(title: str | None, piece_id: str | None) -> str | None:
    return f"{title} ({piece_id})" if title else piece_id
