"""Section: the data sets, their splits, and what leaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.html import ReportSection, heading, paragraph, table
from pipeline.report.inputs import Inputs

FAMILIES = 5  # named per data set
TITLES = 6  # named per family
WHAT = ("examples", "steps", "notes")


def datasets(inputs: Inputs) -> ReportSection:
    """Sizes and leaks of every data set, and the largest tune families."""
    split_cards = {
        name: card for name, card in inputs.cards.items() if card["split"]["settings"]["kind"] != "none"
    }
    body = _sizes(inputs.cards) + _leaks(split_cards) + _kinds(split_cards) + _families(split_cards)
    how = (
        "Pieces that share a melody form a tune family, and a split by family never divides one between "
        "training and test. The second table of leaks shows what that prevents: how many test pieces the "
        "customary splits, by chance or as published, have a relative of in training. "
        "data/cards/DATASET/leaks.md and leaks.parquet list the nearest relative in training of every "
        "held-out piece."
    )
    return ReportSection("datasets", "Data sets and their splits", how, body)


def _sizes(cards: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = [
        [name, card["voices"], card["steps_per_quarter"], split, *(sizes[what] for what in WHAT)]
        for name, card in cards.items()
        for split, sizes in card["examples"].items()
        if sizes["examples"]
    ]
    head = ["data set", "voices", "steps a quarter", "split", *WHAT]
    return heading("Sizes") + table(head, rows, text_columns=(0, 3))


def _leaks(cards: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = []
    for name, card in cards.items():
        split = card["split"]
        soft = split["soft_relatives_in_train"]["test"]
        rows.append(
            [
                name,
                split["settings"]["kind"],
                split["pieces"]["test"],
                split["share_a_run_with_train"]["test"],
                soft["any"],
                soft["skeleton"],
                soft["title"],
                soft["contained"],
                soft["alignment"],
            ]
        )
    head = [
        "data set",
        "split by",
        "test pieces",
        "share a run with training",
        "have a softer relative there",
        "same beat skeleton",
        "same title",
        "contained",
        "similar by alignment",
    ]
    note = paragraph(
        "A run is a stretch of so many intervals as make a family (16, unless params.yaml says otherwise), "
        "whatever the key. Softer relatives may be variants of a tune or mere namesakes; every figure below "
        "is also given without the pieces that have one."
    )
    return heading("Leaks") + note + table(head, rows, text_columns=(0, 1))


def _kinds(cards: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = [
        [name, kind, corpus, *cells]
        for name, card in cards.items()
        for kind, corpora in card["split"]["leaks_by_kind"].items()
        for corpus, cells in _tested(corpora)
    ]
    head = [
        "data set",
        "a split by",
        "corpus",
        "test pieces",
        "share a run with training",
        "in 100",
        "have only a softer relative there",
        "in 100",
        "either",
        "in 100",
    ]
    note = paragraph(
        "Family gives out whole tune families; random gives out single pieces, with the same shares and "
        "seed; published is the split that a corpus comes with, where it does."
    )
    return heading("What other kinds of split leak") + note + table(head, rows, text_columns=(0, 1, 2))


def _tested(corpora: Mapping[str, Mapping[str, Mapping[str, int]]]) -> list[tuple[str, list[float]]]:
    """Counts of test pieces and their shares in 100, per corpus and, of several, of all."""
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
        [name, family["tune_family"], family["size"], _titles(family["pieces"])]
        for name, card in cards.items()
        for family in card["split"]["largest_families"][:FAMILIES]
    ]
    head = ["data set", "family", "pieces", "among them"]
    return heading("The largest tune families") + table(head, rows, text_columns=(0, 1, 3))


def _titles(pieces: list[dict[str, Any]]) -> str:
    titles = dict.fromkeys(piece["title"] or piece["piece_id"] for piece in pieces)
    return " · ".join(list(titles)[:TITLES])
