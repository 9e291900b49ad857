"""An n-gram of pitch alone on the melodies of published results, ten folds by melody."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.evaluation.baselines.mixing import mix
from pipeline.models.base.examples import cut_point
from tests.helpers.viewpoints import Melody, View, Viewpoint, see

FOLDS, MIXING_B = 10, 2.0
PITCH = Viewpoint(("pitch",))


def files_of(corpus: str) -> tuple[str, str, list[Path]]:
    """Name of the corpus and of the data set whose settings are used, and its files in the wheel."""
    from music21 import common

    wheel = Path(common.getCorpusFilePath())
    if corpus == "kinder":
        return "essen", "melodies", [wheel / "essenFolksong/kinder0.abc"]
    numbered = {int(found[1]): path for path in (wheel / "bach").glob("bwv*.mxl")
                if (found := re.fullmatch(r"bwv(\d+)\.mxl", path.name))}  # fmt: skip
    return "bach-chorales", "chorale-melodies", [numbered[n] for n in range(253, 439)]


def melody(row: Mapping[str, Any], tonic: int | None) -> Melody:
    onset, ends = np.array(row["onset"]), np.array(row["phrase_end"], dtype=bool)
    bars = np.array(row["bar_onsets"] if row["bar_onsets"] else [0])
    bar = np.searchsorted(bars, onset, side="right") - 1
    first_bar = int(bars[1] - bars[0]) if len(bars) > 1 else 0
    whole = int(np.median(np.diff(bars))) if len(bars) > 1 else 0
    place = onset - bars[bar] + np.where(bar == 0, max(whole - first_bar, 0), 0)
    return Melody(
        pitch=np.array(row["pitch"], dtype=np.int64),
        duration=np.array(row["duration"], dtype=np.int64),
        place_in_bar=place,
        begins_phrase=np.concatenate([[True], ends[:-1]]),
        ends_phrase=ends,
        tonic=0 if tonic is None else tonic,
    )


def folds(n: int, seed: int) -> list[list[int]]:
    order = np.random.default_rng(seed).permutation(n)
    return [order[fold::FOLDS].tolist() for fold in range(FOLDS)]


def others(parts: Sequence[Sequence[int]], *without: int) -> list[int]:
    return [i for fold, part in enumerate(parts) if fold not in without for i in part]


def bits(
    view: View, melodies: Sequence[int], probs: Sequence[np.ndarray], cut: float = 0.0
) -> tuple[float, int]:
    """Sum of bits and number of notes, of whole melodies or of what follows the cut."""
    costs = []
    for i, rows in zip(melodies, probs, strict=True):
        first = cut_point(len(rows), cut) if cut else 0
        costs.append(-np.log2(rows[np.arange(len(rows)), view.true[i]][first:]))
    return float(np.concatenate(costs).sum()), sum(map(len, costs))


def alphabet(melodies: Sequence[Melody]) -> np.ndarray:
    return np.unique(np.concatenate([melody.pitch for melody in melodies]))


def on_pitch(melodies: Sequence[Melody], seed: int) -> dict[str, float]:
    """Bits a note of pitch alone: long-term, mixed, and mixed on second halves."""
    view, parts = see(melodies, PITCH, alphabet(melodies)), folds(len(melodies), seed)
    sums: dict[str, list[tuple[float, int]]] = {"long_term": [], "mixed": [], "mixed_second_half": []}
    for fold, test in enumerate(parts):
        known = view.long_term(others(parts, fold), test, None)
        mixed = [mix([a, view.short_term(i, None)], np.ones(a.shape, bool), MIXING_B)
                 for i, a in zip(test, known, strict=True)]  # fmt: skip
        sums["long_term"].append(bits(view, test, known))
        sums["mixed"].append(bits(view, test, mixed))
        sums["mixed_second_half"].append(bits(view, test, mixed, 0.5))
    return {name: ratio(values) for name, values in sums.items()}


def ratio(values: Sequence[tuple[float, int]]) -> float:
    return round(sum(b for b, _ in values) / sum(n for _, n in values), 4)


def mean(results: Sequence[dict[str, float]]) -> dict[str, float]:
    """Over the seeds: two copies of a song in different folds are worth 0.02 bits a note."""
    return {name: round(sum(each[name] for each in results) / len(results), 4) for name in results[0]}
