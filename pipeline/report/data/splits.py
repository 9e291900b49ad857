"""Section: the splits of the data sets, and leakage between training and test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.charts import SERIES, colours, in_two_widths, legend, ranked_bars
from pipeline.report.columns import relatives_by_split
from pipeline.report.html import ReportSection, counted, folded, folded_table, number
from pipeline.report.inputs import Inputs

FAMILIES = 5  # named per data set
TITLES = 6  # named per family
SIZES = ("examples", "steps", "notes")
KINDS = {"hard": "shares a melody", "soft_only": "possible variant"}
LEAD = (
    "Pieces that share a melody (16 successive intervals in any key, unless params.yaml sets another length) form a tune "
    "family. The split assigns whole families. The chart shows how many test pieces have a relative in training under "
    "this split, and under a random or the published split. A possible variant has the same beat skeleton or the "
    "same title, or is contained in a training piece."
)


def splits(inputs: Inputs) -> ReportSection:
    """A chart of leakage by kind of split; tables of sizes, leakage and the largest families."""
    split_cards = {
        name: card for name, card in inputs.cards.items() if card["split"]["settings"]["kind"] != "none"
    }
    body = _chart(split_cards) if split_cards else Markup("")
    tables = _sizes(inputs.cards) + _leaks(split_cards) + _kinds(split_cards) + _families(split_cards)
    body += folded("Tables of sizes, leakage and tune families", tables)
    return ReportSection("splits", "Splits and leakage", LEAD, body)


def _chart(cards: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = []
    for name, card in cards.items():
        for kind, found in relatives_by_split(card).items():
            total = max(found.get("pieces", 0), 1)
            parts = {"hard": found.get("hard", 0), "soft_only": found.get("either", 0) - found.get("hard", 0)}
            for part, n in parts.items():
                label = f"{name}, {kind} split: {number(n)} of {counted(total, 'test piece')}, {KINDS[part]}"
                row = {"name": f"{name}, {kind}", "value": 100 * n / total, "series": KINDS[part]}
                rows.append({**row, "label": label})
    scale = colours(list(KINDS.values()), {KINDS["hard"]: SERIES[1], KINDS["soft_only"]: SERIES[4]})
    alt = "Bar chart: share of test pieces with a relative in training, by data set and kind of split."
    title = "test pieces with a relative in training, %"
    return legend(scale) + in_two_widths(lambda width: ranked_bars(rows, title, "", width, scale), alt)


def _sizes(cards: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = [
        [name, split, *(sizes[what] for what in SIZES), card["voices"], card["steps_per_quarter"]]
        for name, card in cards.items()
        for split, sizes in card["examples"].items()
        if sizes["examples"]
    ]
    head = ["data set", "split", *SIZES, "voices", "steps per quarter note"]
    return folded_table("Sizes of the data sets", head, rows, (0, 1))


def _leaks(cards: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = []
    for name, card in cards.items():
        split = card["split"]
        soft = split["soft_relatives_in_train"]["test"]
        rows.append(
            [
                name,
                split["share_a_run_with_train"]["test"],
                *(soft[kind] for kind in ("any", "skeleton", "title", "contained", "alignment")),
                split["pieces"]["test"],
                split["settings"]["kind"],
            ]
        )
    head = [
        "data set",
        "share a melody with training",
        "possible variant in training",
        "same beat skeleton",
        "same title",
        "contained",
        "similar by alignment",
        "test pieces",
        "split by",
    ]
    note = (
        "Counts of test pieces. data/cards/DATASET/leaks.parquet lists each held-out piece with its nearest relative "
        "in training. Results are also given without pieces that have a possible variant in training."
    )
    return folded_table("Leakage of the splits in use", head, rows, (0, 8), note)


def _kinds(cards: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = [
        [name, kind, corpus, *cells]
        for name, card in cards.items()
        for kind, corpora in card["split"]["leaks_by_kind"].items()
        for corpus, cells in _tested(corpora)
    ]
    head = ["data set", "split by", "corpus", "test pieces", "share a melody", "%"]
    head += ["possible variant only", "%", "either", "%"]
    note = (
        "Family: whole tune families are assigned. Random: single pieces are assigned, with the same shares and "
        "seed. Published: the split published with a corpus, where there is one."
    )
    return folded_table("Leakage by kind of split and corpus", head, rows, (0, 1, 2), note)


def _tested(corpora: Mapping[str, Mapping[str, Mapping[str, int]]]) -> list[tuple[str, list[float]]]:
    """Counts of test pieces and their shares in %, per corpus and, of several, of all."""
    counts = {corpus: found["test"] for corpus, found in corpora.items()}
    if len(counts) > 1:
        names = next(iter(counts.values()))
        counts["all"] = {name: sum(found[name] for found in counts.values()) for name in names}
    return [(corpus, _with_shares(found)) for corpus, found in counts.items()]


def _with_shares(found: Mapping[str, int]) -> list[float]:
    cells: list[float] = [found["pieces"]]
    for name in ("hard", "soft", "either"):
        cells += [found[name], round(100 * found[name] / max(found["pieces"], 1))]
    return cells


def _families(cards: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = [
        [name, family["size"], family["tune_family"], _titles(family["pieces"])]
        for name, card in cards.items()
        for family in card["split"]["largest_families"][:FAMILIES]
    ]
    head = ["data set", "pieces", "family", "titles"]
    return folded_table("Largest tune families", head, rows, (0, 2, 3))


def _titles(pieces: list[dict[str, Any]]) -> str:
    titles = dict.fromkeys(piece["title"] or piece["piece_id"] for piece in pieces)
    return " · ".join(list(titles)[:TITLES])
