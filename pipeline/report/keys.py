"""Section: the keys that the sources write against the keys that the shards are in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pipeline.report.html import ReportSection, folded, heading, table
from pipeline.report.inputs import Inputs

Key = Mapping[str, Any]  # corpus, written, used, found_by, pieces: a row of a data card's keys


def keys(inputs: Inputs) -> ReportSection:
    """Modes as written and as used, per corpus; every key beneath."""
    written = {name: card["keys"] for name, card in inputs.cards.items()}
    body = heading("Modes") + _modes(written) + folded("Every key, as written and as used", _all(written))
    how = (
        "A signature alone does not tell the key: the Essen songs, for one, write minor songs under a major "
        "signature with accidentals. “Found by” says what decided: the signature with its mode, the tonic "
        "with the third that sounds longer (“no third”: neither sounds, taken as major), or an analysis of "
        "all notes. “Used” is the key after transposition; a signature without a mode names no tonic."
    )
    return ReportSection("keys", "Keys", how, body)


def _modes(written: Mapping[str, Sequence[Key]]) -> Markup:
    """How many pieces of each corpus change their mode, and how many keep it."""
    pieces: Counter[tuple[str, str, str, str, str]] = Counter()
    for dataset, rows in written.items():
        for row in rows:
            modes = _mode(row["written"]), _mode(row["used"])
            pieces[dataset, row["corpus"], *modes, row["found_by"]] += row["pieces"]
    head = ["data set", "corpus", "mode as written", "mode as used", "found by", "pieces"]
    return table(head, [[*group, n] for group, n in sorted(pieces.items())], text_columns=range(5))


def _all(written: Mapping[str, Sequence[Key]]) -> Markup:
    columns = ("corpus", "written", "used", "found_by", "pieces")
    rows = [[dataset, *(row[name] for name in columns)] for dataset, keys in written.items() for row in keys]
    head = ["data set", "corpus", "as written", "as used", "found by", "pieces"]
    return table(head, rows, text_columns=range(5))


def _mode(key: str) -> str:
    """The last word of a key's name; a signature such as "2 sharps" names no mode."""
    word = key.rpartition(" ")[2]
    return "none named" if word in ("sharps", "flats", "unknown") else word
