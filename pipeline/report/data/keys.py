"""Section: keys as written in the sources and as used in the shards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pipeline.report.html import ReportSection, folded_table
from pipeline.report.inputs import Inputs

Key = Mapping[str, Any]  # corpus, written, used, found_by, pieces: a row of a data card's keys


def keys(inputs: Inputs) -> ReportSection:
    """Modes as written and as used, per corpus, and every key."""
    written = {name: card["keys"] for name, card in inputs.cards.items()}
    lead = (
        "A key signature alone does not determine the key: minor Essen songs, for example, are often written with a "
        "major signature and accidentals. “Found by” names the rule: the signature with its mode, the tonic with the "
        "third that sounds longer (“no third”: neither sounds, taken as major), or an analysis of all notes. “Used” "
        "is the key after transposition."
    )
    return ReportSection("keys", "Keys", lead, _modes(written) + _all(written), folded=True)


def _modes(written: Mapping[str, Sequence[Key]]) -> Markup:
    """Pieces of each corpus by mode as written and as used."""
    pieces: Counter[tuple[str, str, str, str, str]] = Counter()
    for dataset, rows in written.items():
        for row in rows:
            modes = _mode(row["written"]), _mode(row["used"])
            pieces[dataset, row["corpus"], *modes, row["found_by"]] += row["pieces"]
    head = ["data set", "corpus", "mode as written", "mode as used", "found by", "pieces"]
    cells = [[*group, n] for group, n in sorted(pieces.items())]
    return folded_table("Modes as written and as used", head, cells, range(5))


def _all(written: Mapping[str, Sequence[Key]]) -> Markup:
    columns = ("corpus", "written", "used", "found_by", "pieces")
    rows = [[dataset, *(row[name] for name in columns)] for dataset, found in written.items() for row in found]
    head = ["data set", "corpus", "as written", "as used", "found by", "pieces"]
    return folded_table("Keys as written and as used", head, rows, range(5))


def _mode(key: str) -> str:
    """The last word of a key's name; a signature such as "2 sharps" names no mode."""
    word = key.rpartition(" ")[2]
    return "none named" if word in ("sharps", "flats", "unknown") else word
