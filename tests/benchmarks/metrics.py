"""Compare our metrics with those of other libraries, piece by piece over a data set.

    python -m tests.benchmarks.metrics [DATASET]

Needs MusPy, mir_eval, RapidFuzz and SciPy in addition to this project's packages (a copy of
the environment with ``pip install muspy mir_eval rapidfuzz scipy``). Every piece of
the data set is cut in two; the second half of each is compared with that of the next
piece, as if it had been generated. The last line is one JSON object: of each metric
the pieces, how many differ by more than TOLERANCE, and the largest difference.

Where the definitions differ, their input is restricted to that of ours:

- MusPy's groove consistency counts every onset of a whole piece from its beginning,
  so both get whole bars alone; pieces whose bars are unknown are left out. Where the last
  note ends on a bar line MusPy counts one empty bar more: its notes get no length here.
- MusPy's pitch-class entropy is of a whole piece, ours the mean over bars: so it is
  asked bar by bar.
- mir_eval matches notes without a translation; ours takes the best translation of all: so
  mir_eval is asked under every translation that brings a first note onto another.
- MusPy's scale consistency tries major and minor scales, which hold the same notes
  in pairs.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipeline.evaluation.metrics.calibration import reliability
from pipeline.evaluation.metrics.continuation import edit_distance, pattern_match, points
from pipeline.evaluation.metrics.statistics import (
    PassageMusic,
    PassageNotes,
    divergence_bits,
    groove_similarity,
    pitch_class_entropy,
    scale_consistency,
)
from pipeline.models.base.batches import read_rows
from pipeline.models.base.examples import Example
from pipeline.models.base.tasks import cut_rows
from pipeline.workflow.progress import say, track
from tests.helpers.paths import ROOT

TOLERANCE = 1e-9
MANY = 60  # pairs whose translations mir_eval computes, one after the other

Pair = tuple[Example, Example]
Compare = Callable[[Example, Example], tuple[float | None, float | None]]


def music(notes: PassageNotes, pitches: Sequence[int] | None = None) -> Any:
    """Notes as MusPy has them, a time step a step."""
    import muspy

    found = [
        muspy.Note(time=int(onset), pitch=int(pitch), duration=int(duration), velocity=64)
        for onset, pitch, duration in zip(
            notes.onset, notes.pitch if pitches is None else pitches, notes.duration, strict=True
        )
    ]
    return muspy.Music(resolution=4, tracks=[muspy.Track(notes=found)])


def scales(example: Example, _: Example) -> tuple[float | None, float | None]:
    import muspy

    passage = PassageMusic.after(example.source, example.target)
    return scale_consistency(passage), float(muspy.scale_consistency(music(passage.notes)))


def entropies(example: Example, _: Example) -> tuple[float | None, float | None]:
    import muspy

    passage = PassageMusic.after(example.source, example.target, 1, example.bars)
    bars = [bar for bar in passage.bars if len(bar)]
    if not bars:
        return pitch_class_entropy(passage), None
    each = [
        muspy.pitch_class_entropy(
            music(PassageNotes(*(np.zeros(len(bar), np.int64) for _ in range(4))), (bar + 60).tolist())
        )
        for bar in bars
    ]
    return pitch_class_entropy(passage), float(np.mean(each))


def grooves(example: Example, _: Example) -> tuple[float | None, float | None]:
    import muspy

    passage = PassageMusic.after(example.source, example.target, 1, example.bars)
    if passage.grooves is None or len(passage.grooves) < 2 or not passage.grooves[-1].any():
        return None, None
    size = passage.grooves.shape[1]
    onsets = np.flatnonzero(passage.grooves)
    still = np.zeros(len(onsets), np.int64)
    bars = PassageNotes(still, onsets, still, still + 60)
    theirs = float(muspy.groove_consistency(music(bars), measure_resolution=size))
    return groove_similarity(passage), theirs


def distances(example: Example, other: Example) -> tuple[float | None, float | None]:
    from rapidfuzz.distance import Levenshtein

    a, b = example.target.tolist(), other.target.tolist()
    return float(edit_distance(a, b)), float(Levenshtein.distance(a, b))


def patterns(example: Example, other: Example) -> tuple[float | None, float | None]:
    import mir_eval

    true, said = points(example.target), points(other.target)
    match = pattern_match(true, said)
    if match is None:
        return None, None
    most = 0
    for shift in {tuple(a - b) for a in true for b in said}:
        moved = said + np.array(shift)
        pairs = mir_eval.transcription.match_notes(
            *_notes(true), *_notes(moved), onset_tolerance=0.5, pitch_tolerance=10.0, offset_ratio=None
        )
        most = max(most, len(pairs))
    return float(match.matched), float(most)


def _notes(found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Onset to end, one step each, and Hertz; moved up together so that all times are positive."""
    onset = found[:, :1].astype(float) + 10_000
    return np.hstack([onset, onset + 1]), 440 * 2 ** ((found[:, 1] - 69) / 12)


def divergences(example: Example, other: Example) -> tuple[float | None, float | None]:
    from scipy.stats import entropy

    one, two = (np.bincount(points(each.target)[:, 1] % 12, minlength=12) + 1.0 for each in (example, other))
    return divergence_bits(one / one.sum(), two / two.sum()), float(entropy(one, two, base=2))


def confidences(example: Example, other: Example) -> tuple[float | None, float | None]:
    """Compare the error with a plain loop over bins as in Guo et al. 2017, on synthetic confidences."""
    rng = np.random.default_rng(len(example.target) * 1000 + len(other.target))
    sure = rng.random(500)
    right = rng.random(500) < sure**2
    error = 0.0
    for m in range(15):
        inside = (sure > m / 15) & (sure <= (m + 1) / 15)
        if inside.any():
            error += inside.sum() / 500 * abs(right[inside].mean() - sure[inside].mean())
    return reliability(sure, right).error, error


COMPARED: dict[str, tuple[Compare, int | None]] = {
    "scale consistency, MusPy": (scales, None),
    "groove consistency, MusPy": (grooves, None),
    "pitch-class entropy, MusPy": (entropies, None),
    "edit distance, RapidFuzz": (distances, None),
    "matched notes, mir_eval": (patterns, MANY),
    "Kullback-Leibler divergence, SciPy": (divergences, None),
    "expected calibration error, a plain loop": (confidences, MANY),
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("dataset", nargs="?", default="chorale-melodies")
    options = arguments.parse_args()
    folder = ROOT / "data/tokens" / options.dataset
    parts = [read_rows(folder, split) for split in ("train", "valid", "test")]
    examples = [example for rows in parts for example in cut_rows(rows, 0.5)]
    measured = {}
    for name, (compare, limit) in COMPARED.items():
        pairs = list(zip(examples, examples[1:] + examples[:1], strict=True))[:limit]
        found = [compare(*pair) for pair in track(pairs, name, len(pairs), "pieces")]
        both = np.array([pair for pair in found if None not in pair], float)
        apart = np.abs(both[:, 0] - both[:, 1])
        measured[name] = {
            "pieces": len(both),
            "undefined": len(found) - len(both),
            "differ": int((apart > TOLERANCE).sum()),
            "largest_difference": float(f"{apart.max():.3g}"),
        }
        say(f"{name}: {measured[name]}")
    print(json.dumps({"metrics": measured, "dataset": options.dataset}))


if __name__ == "__main__":
    main()
