"""Section: the data sets, their splits, and what leaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.html import Section, heading, paragraph, table
from pipeline.report.inputs import Inputs

FAMILIES = 5  # named per data set
TITLES = 6  # named per family
WHAT = ("examples", "steps", "notes")


def datasets(inputs: Inputs) -> Section:
    """Sizes and leaks of every data set, and the largest tune families."""
    split_cards = {
        name: card for name, card in inputs.cards.items() if card["split"]["settings"]["kind"] != "none"
    }
    body = _sizes(inputs.cards) + _leaks(split_cards) + _families(split_cards)
    how = (
        "Pieces that share a melody form a tune family, and a family is never divided between training and "
        "test. The table of leaks shows what that prevents: how many test pieces a customary random split "
        "would have had a relative of in training."
    )
    return Section("datasets", "Data sets and their splits", how, body)


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
        by_chance = split["random_split_would_leak"].values()
        rows.append(
            [
                name,
                split["pieces"]["test"],
                split["share_a_run_with_train"]["test"],
                soft["any"],
                soft["skeleton"],
                soft["title"],
                soft["contained"],
                sum(corpus["leaked"] for corpus in by_chance),
                sum(corpus["test"] for corpus in by_chance),
            ]
        )
    head = [
        "data set",
        "test pieces",
        "share a run with training",
        "have a softer relative there",
        "same beat skeleton",
        "same title",
        "contained",
        "a random split would leak",
        "of its test pieces",
    ]
    note = paragraph(
        "A run is a stretch of 16 intervals, whatever the key. Softer relatives may be variants of a tune or "
        "mere namesakes; every figure below is also given without the pieces that have one."
    )
    return heading("Leaks") + note + table(head, rows)


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
