"""The n-grams and published figures: ten folds by melody, files read by our readers.

Run ``python -m tests.benchmarks.ngram`` (some minutes; ``--without-viewpoints``
for one minute). ``--seeds`` names the folds: figures are means over them, those of
viewpoints are of the first. The last line is one JSON object:
ours, published or measured elsewhere, and which viewpoints each fold chose.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipeline.core.settings import load_yaml, lookup, parse_section
from pipeline.evaluation.baselines.predictors import Memory, NGram
from pipeline.evaluation.metrics.likelihood import figures, measure, total
from pipeline.formats.readers import ReadLimits, ReadSettings
from pipeline.models.base.examples import cut_at_note
from pipeline.tools.inspection.encode_file import encode_file, read_file
from pipeline.workflow.progress import say
from tests.helpers.paths import ROOT
from tests.helpers.pitch_ngram import (
    FOLDS,
    MIXING_B,
    alphabet,
    bits,
    files_of,
    folds,
    mean,
    melody,
    on_pitch,
    others,
    ratio,
)
from tests.helpers.viewpoints import Melody, View, Viewpoint, combine, see

LEAST_GAIN = 0.002  # bits a note that one more viewpoint must bring on the held-out training fold
PUBLISHED = {  # Pearce 2005, chapter 6; the rest measured elsewhere
    "kinder": {
        "long_term": 2.428, "mixed": 2.10, "mixed_second_half": 1.93,
        "mixed_second_half_c_am": 1.84, "tokens_memory_pitch": 1.71, "hybrid_of_pearce": 2.102,
    },
    "chorales": {
        "long_term": 2.444, "mixed": 2.33, "mixed_second_half": 2.18, "mixed_second_half_c_am": 2.06,
        "tokens_memory_pitch": 1.96, "hybrid_of_pearce": 2.342, "viewpoints": 1.953,
        "viewpoints_extended": 1.911,
    },
}  # fmt: skip
TOLD = (("pitch",), ("interval",), ("degree",), ("degree", "interval"), ("interval from bar",),
        ("degree", "interval from phrase"))  # fmt: skip
CONTEXTS = ((), ("duration",), ("place in bar",), ("phrase",), ("place in bar", "phrase"),
            ("duration", "place in bar", "phrase"))  # fmt: skip
B = (0.5, 1.0, 2.0)  # of the products of viewpoints, one chosen by each fold

Opinions = Mapping[str, Sequence[np.ndarray]]


class Chosen(NamedTuple):
    """Viewpoints, their b, and the bits a note that they gave where they were chosen."""

    names: tuple[str, ...]
    b: float
    bits: float


def melodies_of(corpus: str) -> tuple[dict[str, Melody], list[dict[str, object]]]:
    """Every top voice by its piece_id, and the token rows of those that can be put on the grid."""
    name, dataset, paths = files_of(corpus)
    section = lookup(load_yaml(ROOT / "params.yaml"), "corpora", name)
    reading, limits = (
        parse_section(ReadSettings, section["read"], name),
        parse_section(ReadLimits, section["limits"], name),
    )
    notes = pa.concat_tables([read_file(path, name, reading, limits)[0] for path in paths])
    encoded = [encode_file(path, dataset, name, ROOT).rows for path in paths]
    rows = [row for table in encoded for row in table.to_pylist()]
    tonic = {row["piece_id"]: row["tonic_pc"] for row in rows}
    found = {
        row["piece_id"]: melody(row, tonic.get(row["piece_id"]))
        for row in notes.to_pylist()
        if row["part"] == 0
    }
    return found, rows


def on_tokens(rows: Sequence[dict[str, object]], seed: int) -> dict[str, float]:
    """Second halves in the 258 tokens, C major / A minor."""
    examples = [cut_at_note(np.array(row["tokens"]), 0.5) for row in rows]
    parts = folds(len(examples), seed)
    sums: dict[str, list[object]] = {"tokens": [], "tokens_memory": []}
    for fold, test in enumerate(parts):
        heard, predicted = [examples[i] for i in others(parts, fold)], [examples[i] for i in test]
        ngram, memory = NGram.fit(heard, None), Memory.fit(heard, None, MIXING_B)
        for scores, example in zip(ngram.log_probs(predicted), predicted, strict=True):
            sums["tokens"].append(measure(scores, example))
            sums["tokens_memory"].append(measure(memory.mixed_with(scores, example), example))
    wanted = {"nats_per_token": "nats", "bits_per_onset": "onset", "pitch_bits_per_onset": "pitch"}
    return {f"{name}_{short}": round(float(figures(total(found), tokens_per_quarter=1)[long] or 0), 4)  # type: ignore[arg-type]
            for name, found in sums.items() for long, short in wanted.items()}  # fmt: skip


def with_viewpoints(melodies: Sequence[Melody], seed: int) -> tuple[dict[str, float], list[Chosen]]:
    """Bits a note of whole melodies and of second halves; each fold chooses for itself.

    Greedy: the viewpoint that helps most on one held-out training fold is added,
    until none brings LEAST_GAIN; of the B the best one there is taken. The test
    fold is seen only by what was chosen.
    """
    parts, candidates = folds(len(melodies), seed), alphabet(melodies)
    kinds = [Viewpoint(predicted, facts) for predicted in TOLD for facts in CONTEXTS]
    views = {str(kind): see(melodies, kind, candidates) for kind in kinds}
    own = {name: [view.short_term(i, None) for i in range(len(melodies))] for name, view in views.items()}
    whole, second, choices = [], [], []
    for fold, test in enumerate(parts):
        held = parts[(fold + 1) % FOLDS]
        train = others(parts, fold, (fold + 1) % FOLDS)
        known = {name: view.long_term(train, held, None) for name, view in views.items()}
        best = min((choose(views, own, known, held, b) for b in B), key=lambda chosen: chosen.bits)
        known = {name: views[name].long_term(others(parts, fold), test, None) for name in best.names}
        mixed = mixture(own, known, best.names, test, best.b)
        whole.append(bits(views[best.names[0]], test, mixed))
        second.append(bits(views[best.names[0]], test, mixed, 0.5))
        choices.append(best)
        say(f"fold {fold + 1}: {ratio(whole[-1:])} bits a note, b = {best.b:g}: {'; '.join(best.names)}")
    return {"viewpoints": ratio(whole), "viewpoints_second_half": ratio(second)}, choices


def choose(
    views: Mapping[str, View], own: Opinions, known: Opinions, held: Sequence[int], b: float
) -> Chosen:
    """Add viewpoints while they help on the held-out melodies."""
    best = Chosen((), b, np.inf)
    while True:
        tried = []
        for name in views:
            if name not in best.names:
                names = (*best.names, name)
                tried.append(
                    Chosen(names, b, ratio([bits(views[name], held, mixture(own, known, names, held, b))]))
                )
        found = min(tried, key=lambda chosen: chosen.bits)
        if found.bits > best.bits - LEAST_GAIN:
            return best
        best = found


def mixture(
    own: Opinions, known: Opinions, names: Sequence[str], melodies: Sequence[int], b: float
) -> list[np.ndarray]:
    """All melodies at once: a mixture costs a call, not a call a melody."""
    long_term = [np.concatenate(known[name]) for name in names]
    short_term = [np.concatenate([own[name][i] for i in melodies]) for name in names]
    joined = combine(long_term, short_term, b)
    return np.split(joined, np.cumsum([len(rows) for rows in known[names[0]]])[:-1])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    arguments.add_argument("--corpora", nargs="+", choices=PUBLISHED, default=list(PUBLISHED))
    arguments.add_argument("--without-viewpoints", action="store_true")
    options = arguments.parse_args()
    result: dict[str, object] = {"seeds": options.seeds, "folds": FOLDS, "mixing_b": MIXING_B}
    for corpus in options.corpora:
        published = PUBLISHED[corpus]
        found, rows = melodies_of(corpus)
        melodies = list(found.values())
        shift = {row["piece_id"]: row["transposition"] for row in rows}
        moved = [replace(m, pitch=m.pitch + shift.get(name, 0)) for name, m in found.items()]
        ours = mean([on_pitch(melodies, seed) for seed in options.seeds])
        ours["mixed_second_half_c_am"] = mean([on_pitch(moved, seed) for seed in options.seeds])[
            "mixed_second_half"
        ]
        ours |= mean([on_tokens(rows, seed) for seed in options.seeds])
        chosen: list[Chosen] = []
        if not options.without_viewpoints:
            more, chosen = with_viewpoints(melodies, options.seeds[0])
            ours |= more
        for name in {**ours, **published}:
            say(f"{corpus:9}{name:28}{ours.get(name, ''):>9}{published.get(name, ''):>9}")
        result[corpus] = {"melodies": len(melodies), "notes": sum(len(m.pitch) for m in melodies),
                          "ours": ours, "published": published, "chosen": chosen}  # fmt: skip
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
