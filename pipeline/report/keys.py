"""Section: the keys as the sources write them against the keys that are used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.html import Section, heading, table
from pipeline.report.inputs import Inputs

MOST = 12  # pairs of keys shown per corpus; the rest are one row


def keys(inputs: Inputs) -> Section:
    """Per data set and corpus: modes that the notes corrected, and the most frequent pairs of keys."""
    how = (
        "Some collections write only the tonic: their minor songs stand under a major signature, with "
        "accidentals. There the notes decide: minor if the lowered third sounds longer than the raised one. "
        "“Used” is the key after transposition, as it stands in the shards."
    )
    return Section("keys", "Keys as written and as used", how, _modes(inputs.cards) + _pairs(inputs.cards))


def _modes(cards: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = [
        [name, corpus, written, used, found_by, pieces]
        for name, card in cards.items()
        for (corpus, written, used, found_by), pieces in _count_modes(card).items()
    ]
    head = ["data set", "corpus", "mode written", "mode used", "found by", "pieces"]
    return heading("Modes") + table(head, rows, text_columns=(0, 1, 2, 3, 4))


def _count_modes(card: Mapping[str, Any]) -> dict[tuple[str, str, str, str], int]:
    counts: Counter[tuple[str, str, str, str]] = Counter()
    for row in card["keys"]:
        modes = (_mode(row["written"]), _mode(row["used"]))
        counts[row["corpus"], *modes, row["found_by"]] += row["pieces"]
    return dict(sorted(counts.items()))


def _mode(key: str) -> str:
    """The mode of "A minor"; a key of accidentals alone, "2 sharps", names none."""
    word = key.split(" ")[-1]
    return "not named" if word in ("sharps", "flats", "unknown") else word


def _pairs(cards: Mapping[str, Mapping[str, Any]]) -> Markup:
    rows = [[name, *row] for name, card in cards.items() for row in _most_frequent(card)]
    head = ["data set", "corpus", "written", "used", "found by", "pieces"]
    return heading("The most frequent keys") + table(head, rows, text_columns=(0, 1, 2, 3, 4))


def _most_frequent(card: Mapping[str, Any]) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for corpus in sorted({row["corpus"] for row in card["keys"]}):
        found = sorted(
            (row for row in card["keys"] if row["corpus"] == corpus), key=lambda row: -row["pieces"]
        )
        rows += [
            [corpus, *(row[name] for name in ("written", "used", "found_by", "pieces"))]
            for row in found[:MOST]
        ]
        if others := found[MOST:]:
            rows.append([corpus, f"{len(others)} more pairs", "", "", sum(row["pieces"] for row in others)])
    return rows
