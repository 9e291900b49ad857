"""The data card of a data set, as JSON for programs and Markdown for readers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core import vocabulary
from pipeline.core.accounting import Count
from pipeline.core.schemas import EMBARGOED, PLACES
from pipeline.core.text import counted
from pipeline.datasets.encoding.encode import PROJECT_VERSION, Encoded, EncodeSettings
from pipeline.datasets.encoding.keys import key_name

PITCH_CLASSES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
COMMON_KEYS = 12  # keys listed in the Markdown card; card.json has all of them


def make_card(
    dataset: str,
    made: Encoded,
    settings: EncodeSettings,
    counts: Mapping[str, Count],
    audit: Mapping[str, Any],
    distributions: Mapping[str, Any],
) -> dict[str, Any]:
    """All facts about a data set, ready for JSON.

    Args:
        made: the rows that were written.
        counts: per corpus the pieces read, kept and rejected by encode.
        audit: the audit of the split.
        distributions: counts of notes and pieces, see ``distributions.added``.
    """
    grids, rows = made.grids, made.rows
    return {
        "dataset": dataset,
        "project_version": PROJECT_VERSION,
        "vocabulary": {"size": vocabulary.VOCAB_SIZE, "sha256": vocabulary.sha256()},
        "parameters": settings.model_dump(),
        "voices": grids["voices"][0].as_py(),
        "steps_per_quarter": grids["steps_per_quarter"][0].as_py(),
        "examples": _examples(rows, grids),
        "corpora": _corpora(grids, counts),
        "keys": _keys(rows),
        "meters": dict(Counter(meter or "none" for meter in grids["meter"].to_pylist()).most_common()),
        "distributions": dict(distributions),
        "rejected": dict(sorted(Counter(rejection.rule for rejection in made.rejections).items())),
        "split": dict(audit),
    }


def prose(card: Mapping[str, Any]) -> str:
    """The data card as Markdown."""
    written = card["examples"]
    lines = [
        f"# {card['dataset']}",
        "",
        f"Melodies as sequences of {card['vocabulary']['size']} tokens, {counted(card['voices'], 'voice')} "
        f"on a grid of {counted(card['steps_per_quarter'], 'step')} per quarter note. Each step "
        "is `onset p`, `tied p` or silence; START is the first token and STOP the last. `vocabulary.json` "
        "names every token.",
        "",
        *_table(
            ("split", "examples", "steps", "notes"),
            [
                (name, *each.values())
                for name, each in written.items()
                if each["examples"] or name != EMBARGOED
            ],
        ),
        "",
        "## Sources",
        "",
        *_table(
            ("corpus", "pieces", "licence", "citation"),
            [
                (name, corpus["kept"], _listed(corpus["licences"]), _listed(corpus["citations"]))
                for name, corpus in card["corpora"].items()
            ],
        ),
        "",
        "## Keys",
        "",
        f"Transposition: {card['parameters']['transpose']}. The most frequent keys, as the source writes "
        "them and in the shards (`card.json` lists all of them):",
        "",
        *_table(
            ("corpus", "written", "used", "found by", "pieces"),
            [tuple(row.values()) for row in _most_frequent(card["keys"])],
        ),
        "",
        "## Split",
        "",
        *(f"**Warning:** {warning}.\n" for warning in card["split"]["warnings"]),
        f"Kind: {card['split']['settings']['kind']}. {card['split']['claim']} The columns `relative_of`, "
        "`relation` and `likeness` name the nearest relative across the split: of a held-out piece in train, "
        "of an embargoed piece among those held out. The [leak card](leaks.md) shows what this split and "
        "other kinds leak; [leaks.parquet](leaks.parquet) has one row per held-out piece.",
    ]
    return "\n".join(lines) + "\n"


def _examples(rows: pa.Table, grids: pa.Table) -> dict[str, dict[str, int]]:
    totals = {name: {"examples": 0, "steps": 0, "notes": 0} for name in PLACES}
    columns = (rows["split"].to_pylist(), rows["n_steps"].to_pylist(), grids["n_notes"].to_pylist())
    for split, steps, notes in zip(*columns, strict=True):
        totals[split]["examples"] += 1
        totals[split]["steps"] += steps
        totals[split]["notes"] += notes
    return totals


def _corpora(grids: pa.Table, counts: Mapping[str, Count]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for corpus, count in counts.items():
        rows = grids.filter(pc.equal(grids["corpus"], corpus))
        texts = {
            name: sorted(filter(None, rows[name].unique().to_pylist())) for name in ("licence", "citation")
        }
        found[corpus] = {
            "incoming": count.incoming,
            "kept": count.kept,
            "rejected": count.rejected,
            "licences": texts["licence"],
            "citations": texts["citation"],
        }
    return found


def _keys(rows: pa.Table) -> list[dict[str, Any]]:
    """Written keys and keys used, per corpus."""
    names = ("corpus", "key_fifths", "key_mode", "tonic_pc", "mode_used", "key_source", "transposition")
    table: Counter[tuple[str, ...]] = Counter()
    for corpus, fifths, mode, tonic, mode_used, source, shift in zip(
        *(rows[name].to_pylist() for name in names), strict=True
    ):
        used = "unknown" if tonic is None else f"{PITCH_CLASSES[(tonic + shift) % 12]} {mode_used}"
        table[corpus, key_name(fifths, mode), used, source or "unknown"] += 1
    columns = ("corpus", "written", "used", "found_by")
    return [{**dict(zip(columns, key, strict=True)), "pieces": n} for key, n in sorted(table.items())]


def _most_frequent(keys: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(keys, key=lambda row: -row["pieces"])[:COMMON_KEYS]


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(str(cell) for cell in line)} |" for line in lines]


def _listed(texts: Sequence[str]) -> str:
    return "; ".join(texts) or "not stated"
