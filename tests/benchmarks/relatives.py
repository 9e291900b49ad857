"""Precision and recall of the rules for relatives on labelled pairs of tunes.

    python -m tests.benchmarks.relatives [--notes data/notes FOLDER ...] [--nearest N]

The pairs are those of ``related/pairs.tsv`` (see ``tests.benchmarks.label_pairs``); pairs of
corpora that are not among the notes are left out and counted. The soft rules are measured on
the pairs that share no 16-gram, because those that do are in one family anyway. The pairs are
divided into two halves that have no tune family in common. The threshold of a rule is the lowest at which at
least nine in ten of the pairs that it relates in the first half are labelled as related (the
best F1 where there is none); precision and recall are those on the second half, with Wilson
intervals of 95 %. A second table has the thresholds of the pipeline on all pairs, and the
recall by source. With ``--nearest N`` the N most similar pairs of a held-out and a training
piece of ``melodies`` are listed that no rule relates. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.core.schemas import SPLITS
from pipeline.core.tables import read_table
from pipeline.datasets.columns.ngrams import Sequences, components, distinct_runs
from pipeline.datasets.columns.ragged import Bools, Ints
from pipeline.datasets.families.alignment import MelodyLines, alignment
from pipeline.datasets.families.idiom import SKELETON_RUN, Idiom
from pipeline.datasets.families.ngram_overlap import SHORTEST_CONTAINED
from pipeline.datasets.families.relatives import (
    ALIGNED,
    CONTAINED_IN_TEN,
    FEW_RUNS,
    HARD,
    NAMESAKES,
    Related,
    related_pairs,
)
from pipeline.datasets.families.titles import title_key
from pipeline.datasets.families.tunes import MOST_BEARERS, Tunes
from tests.helpers.labelled_pairs import FAMILY_RUN, Pair, families_of, read_pairs
from tests.helpers.paths import ROOT

PRECISION = 0.9  # wanted of a threshold
FAINT = 0.05  # likeness from which pairs are listed
Z = 1.96
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """A score of pairs, the threshold that the pipeline uses, and the thresholds to choose from.

    Attributes:
        scores: (P,) larger for pairs that are more alike.
        used: the threshold of the pipeline; None for a rule that it does not use.
    """

    scores: Scores
    used: float | None
    choices: Sequence[float]


def wilson(hits: int, n: int) -> dict[str, float]:
    """A share with its interval.

    >>> wilson(8, 10)
    {'value': 0.8, 'low': 0.49, 'high': 0.943}
    """
    if not n:
        return {"value": 0.0, "low": 0.0, "high": 1.0}
    share, square = hits / n, Z * Z / n
    middle = (share + square / 2) / (1 + square)
    width = Z * math.sqrt(share * (1 - share) / n + square / (4 * n)) / (1 + square)
    return {
        name: round(v, 3)
        for name, v in zip(("value", "low", "high"), (share, middle - width, middle + width), strict=True)
    }


def shared_runs(sequences: Sequences, left: Ints, right: Ints, length: int) -> Scores:
    """(P,) share of the runs of the smaller of two pieces that both have, of FEW_RUNS at least."""
    used = np.unique(np.append(left, right))
    chosen = np.zeros(len(sequences), bool)
    chosen[used] = True
    piece, run = distinct_runs(sequences.where(chosen), length)
    runs = {int(row): set(run[piece == place].tolist()) for place, row in enumerate(used)}
    return np.array(
        [
            len(runs[a] & runs[b]) / max(min(len(runs[a]), len(runs[b])), FEW_RUNS)
            for a, b in zip(left.tolist(), right.tolist(), strict=True)
        ]
    )


def shares_a_run(a: bytes, b: bytes, length: int) -> bool:
    """Whether two pieces share a run of a length, or are equal as a whole."""
    gap = bytes([128])
    windows = [
        {text[i : i + length] for i in range(len(text) - length + 1) if gap not in text[i : i + length]}
        for text in (a, b)
    ]
    return bool(windows[0] & windows[1]) or a == b


def contained(a: bytes, b: bytes) -> bool:
    """Whether the longest part of one, shorter than a family's run, occurs whole in the other."""
    parts = [max(text.split(bytes([128])), key=len) for text in (a, b)]
    pairs = ((parts[0], b), (parts[1], a))
    return any(SHORTEST_CONTAINED <= len(part) < FAMILY_RUN and part in whole for part, whole in pairs)


def rules_of(families: pa.Table, pairs: Sequence[Pair]) -> dict[str, Rule]:
    """The scores of all pairs by every rule."""
    row = {piece: place for place, piece in enumerate(families["piece_id"].to_pylist())}
    left, right = (np.array([row[getattr(p, side)] for p in pairs], np.int64) for side in ("left", "right"))
    intervals = Sequences.from_column(families["intervals"])
    texts = [
        (intervals.piece(a).tobytes(), intervals.piece(b).tobytes()) for a, b in zip(left, right, strict=True)
    ]
    keys = [title_key(title) for title in families["title"].to_pylist()]
    same = np.array([bool(keys[a]) and keys[a] == keys[b] for a, b in zip(left, right, strict=True)])
    bearers = _bearers(keys, families["tune_family"].to_pylist())
    rare = np.array([1 / bearers[keys[a]] if s else 0.0 for a, s in zip(left, same, strict=True)])
    likeness = alignment(MelodyLines.from_column(families["melody"]), left, right)
    tenths = [n / 20 for n in range(1, 20)]
    return {
        HARD: Rule(np.array([float(shares_a_run(a, b, FAMILY_RUN)) for a, b in texts]), 1.0, [1.0]),
        "skeleton": Rule(
            shared_runs(Sequences.from_column(families["skeleton"]), left, right, SKELETON_RUN),
            CONTAINED_IN_TEN / 10,
            tenths,
        ),
        "contained": Rule(np.array([float(contained(a, b)) for a, b in texts]), 1.0, [1.0]),
        "title": Rule(same * (likeness + 1e-9) * (rare >= 1 / MOST_BEARERS), NAMESAKES, tenths),
        "title, whatever the melody": Rule(same.astype(float), None, [1.0]),
        "title of few families, whatever the melody": Rule(
            rare, None, [1 / n for n in (2, 3, 4, 5, 8, 12, 100)]
        ),
        "alignment": Rule(likeness, ALIGNED, tenths),
    }


def _bearers(keys: Sequence[str], families: Sequence[str]) -> Mapping[str, int]:
    found: dict[str, set[str]] = {}
    for key, family in zip(keys, families, strict=True):
        found.setdefault(key, set()).add(family)
    return {key: len(several) for key, several in found.items()}


def halves(families: pa.Table, pairs: Sequence[Pair]) -> Bools:
    """(P,) True for the half on which thresholds are chosen; the halves share no tune family."""
    names = dict(zip(families["piece_id"].to_pylist(), families["tune_family"].to_pylist(), strict=True))
    known = {family: place for place, family in enumerate(sorted(set(names.values())))}
    left, right = (np.array([known[names[getattr(p, side)]] for p in pairs]) for side in ("left", "right"))
    root = components(len(known), [(left, right)])[left].tolist()
    ordered = sorted(known)
    return np.array([hashlib.sha256(ordered[place].encode()).digest()[0] % 2 == 0 for place in root])


def measured(found: Bools, related: Bools) -> dict[str, Any]:
    """Precision and recall of the pairs that a rule relates."""
    right = int((found & related).sum())
    return {
        "pairs": int(found.sum()),
        "precision": wilson(right, int(found.sum())),
        "recall": wilson(right, int(related.sum())),
    }


def chosen_threshold(rule: Rule, related: Bools) -> float:
    """The lowest threshold with the wanted precision, else that of the best F1."""

    def quality(threshold: float) -> tuple[float, float]:
        found = rule.scores >= threshold
        right = (found & related).sum()
        return right / max(found.sum(), 1), 2 * right / max(found.sum() + related.sum(), 1)

    precise = [threshold for threshold in rule.choices if quality(threshold)[0] >= PRECISION]
    return min(precise) if precise else max(rule.choices, key=lambda threshold: quality(threshold)[1])


def results(rules: Mapping[str, Rule], pairs: Sequence[Pair], first: Bools) -> dict[str, Any]:
    """Of each rule the chosen threshold on the second half, and the pipeline's on all pairs."""
    hard = rules[HARD].scores >= 1
    table = {
        name: _of_rule(rule, pairs, first, np.zeros_like(hard) if name == HARD else hard)
        for name, rule in rules.items()
    }
    used = [rule.scores >= rule.used for rule in rules.values() if rule.used is not None]
    related = np.array([pair.related for pair in pairs])
    table["any soft rule in use"] = {"all": measured(np.logical_or.reduce(used)[~hard], related[~hard])}
    return table


def _of_rule(rule: Rule, pairs: Sequence[Pair], first: Bools, left_out: Bools) -> dict[str, Any]:
    related = np.array([pair.related for pair in pairs])
    sources = np.array([pair.source for pair in pairs])
    here, there = first & ~left_out, ~first & ~left_out
    half = Rule(rule.scores[here], rule.used, rule.choices)
    threshold = chosen_threshold(half, related[here])
    row: dict[str, Any] = {
        "threshold": round(threshold, 3),
        "second_half": measured(rule.scores[there] >= threshold, related[there]),
    }
    if rule.used is None:
        return row
    found, asked = rule.scores >= rule.used, related & ~left_out
    return {
        **row,
        "used": rule.used,
        "all": measured(found[~left_out], related[~left_out]),
        "recall_by_source": {
            source: round(float(found[asked & (sources == source)].mean()), 3)
            for source in sorted(set(sources[asked].tolist()))
        },
    }


def nearest_left(families: pa.Table, n: int, root: Path = ROOT) -> list[dict[str, Any]]:
    """The most similar pairs of a held-out and a training piece of ``melodies`` that no rule relates."""
    rows = read_table(root / "data/splits/melodies.parquet", SPLITS)
    place = dict(zip(rows["piece_id"].to_pylist(), rows["split"].to_pylist(), strict=True))
    tunes = Tunes.of_pieces(families, FAMILY_RUN)
    idiom = Idiom.of(
        Sequences.from_column(families["intervals"]), Sequences.from_column(families["skeleton"])
    )
    names, titles = families["piece_id"].to_pylist(), families["title"].to_pylist()
    split = np.array([place.get(piece, "") for piece in names])
    firsts = [_first_of(tunes, np.isin(split, ["valid", "test"])), _first_of(tunes, split == "train")]
    found = Related.join(list(related_pairs(tunes, idiom, least=FAINT)))
    both = Related.join([found, Related(found.right, found.left, found.holds, found.likeness)])
    pairs = both.where(firsts[0] >= 0, firsts[1] >= 0)
    order = np.argsort(-pairs.likeness, kind="stable")[:n]
    return [
        {
            "held_out": names[firsts[0][a]],
            "title": titles[firsts[0][a]],
            "train": names[firsts[1][b]],
            "train_title": titles[firsts[1][b]],
            "likeness": round(float(alike), 3),
        }
        for a, b, alike in zip(pairs.left[order], pairs.right[order], pairs.likeness[order], strict=True)
    ]


def _first_of(tunes: Tunes, chosen: Bools) -> Ints:
    """(t,) the first of the chosen pieces of every tune, -1 for none."""
    first = np.full(len(tunes), -1)
    rows = np.flatnonzero(chosen)[::-1]
    first[tunes.of[rows]] = rows
    return first


def told(name: str, row: Mapping[str, Any]) -> str:
    """One line of the table."""

    def share(value: Mapping[str, float]) -> str:
        return f"{value['value']:.2f} [{value['low']:.2f}, {value['high']:.2f}]"

    chosen, used = (
        f"{share(row[key]['precision'])} {share(row[key]['recall'])}" if key in row else ""
        for key in ("second_half", "all")
    )
    return f"{name:44}{row.get('threshold', ''):>6}  {chosen:40}  {row.get('used', ''):>5} {used}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--notes", type=Path, nargs="+", default=[ROOT / "data/notes"])
    arguments.add_argument("--nearest", type=int, default=0)
    options = arguments.parse_args()
    families = families_of(options.notes)
    known = set(families["piece_id"].to_pylist())
    every = read_pairs()
    pairs = [pair for pair in every if pair.left in known and pair.right in known]
    table = results(rules_of(families, pairs), pairs, halves(families, pairs))
    print(f"{'rule':44}{'chosen':>6}  {'precision and recall, second half':40}  {'used':>5} on all pairs")
    for name, row in table.items():
        print(told(name, row))
    left = nearest_left(families, options.nearest) if options.nearest else []
    for row in left:
        print(*row.values(), sep="\t")
    print(
        json.dumps(
            {"pairs": len(pairs), "left_out": len(every) - len(pairs), "rules": table, "nearest_left": left}
        )
    )


if __name__ == "__main__":
    main()
