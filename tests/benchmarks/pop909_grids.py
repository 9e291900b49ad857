"""The grids of POP909 songs, compared with their annotated beats (see ``tests.benchmarks.catalogue``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.settings import parse_section
from pipeline.core.tables import GRIDS, NOTES, read_table
from pipeline.datasets.filters import FilterSettings, apply_filters
from pipeline.datasets.quantize import QuantizeSettings, quantize
from pipeline.formats.readers.base.beats import beats_in_ticks
from pipeline.formats.readers.midi.score import read_score
from tests.helpers.paths import ROOT

ANNOTATED = ROOT / "tests/benchmarks/pop909_beats.tsv"
NEAR_TEMPO = Fraction(1, 100)
NEAR_PHASE = Fraction(1, 5)  # steps


def annotated(corpus: str) -> Iterator[tuple[str, int, int]]:
    """Identifier of each annotated song that the corpus has, and the ticks of its last two beats."""
    for line in ANNOTATED.read_text(encoding="utf-8").splitlines()[1:]:
        song, *times = line.split("\t")
        file = Path(f"data/raw/{corpus}/POP909/{song}/{song}.mid")
        if file.exists():
            tempi = read_score(file.read_bytes()).tempi
            last_but_one, last = beats_in_ticks([(Fraction(text), False) for text in times], tempi)
            yield f"{corpus}/POP909/{song}/{song}", last_but_one.onset, last.onset


def agreement(corpus: str, dataset: Mapping[str, Any]) -> dict[str, Any]:
    """How many grids agree with the beats in tempo and phase, and which songs the beats themselves keep.

    Args:
        corpus: the name of the corpus, whose stages have run in the current folder.
        dataset: its section of ``datasets``.
    """
    grids = {
        row["piece_id"]: row for row in read_table(Path(f"data/grids/{corpus}.parquet"), GRIDS).to_pylist()
    }
    kept = set(
        read_table(Path(f"data/filtered/{corpus}.parquet"), GRIDS, ["piece_id"])["piece_id"].to_pylist()
    )
    beats = list(annotated(corpus))
    counts = {name: Counter[str]() for name in ("kept", "rejected")}
    distances = []
    for piece, before, last in beats:
        count = counts["kept" if piece in kept else "rejected"]
        grid = grids[piece]
        period = Fraction(grid["grid_period"])
        tempo = period * grid["steps_per_quarter"] / (last - before)
        steps = (last - grid["grid_shift"]) / period
        distance = abs(steps - round(steps))
        count["songs"] += 1
        count["grid_found"] += grid["grid_method"] != "unknown"
        count["tempo_agrees"] += abs(tempo - 1) <= NEAR_TEMPO
        count["phase_agrees"] += distance <= NEAR_PHASE
        count["step_0_on_a_beat"] += round(steps) % grid["steps_per_quarter"] == 0
        if piece in kept:
            distances.append(float(distance))
    with_beats = _kept_with(corpus, dataset, {piece: (before, last) for piece, before, last in beats})
    return {
        **{name: dict(count) for name, count in counts.items()},
        "mean_distance_of_a_beat_in_steps": round(float(np.mean(distances)), 3),
        "largest_distance_of_a_beat_in_steps": round(max(distances), 3),
        "kept_with_grid_beats": {
            "and_with_the_grid_found": len(with_beats & kept),
            "only_with_beats": len(with_beats - kept),
        },
    }


def _kept_with(corpus: str, dataset: Mapping[str, Any], beats: Mapping[str, tuple[int, int]]) -> set[str]:
    """The annotated songs that ``grid: beats`` keeps; the last two beats are continued to the beginning."""
    notes = read_table(Path(f"data/notes/{corpus}.parquet"), NOTES)
    notes = notes.filter(pc.is_in(notes["piece_id"], pa.array(list(beats))))
    rows = notes.to_pylist()
    for row in rows:
        before, last = beats[row["piece_id"]]
        first = last % (last - before)
        row["beats"] = [
            {"onset": onset, "downbeat": False} for onset in range(first, last + 1, last - before)
        ]
    settings = parse_section(QuantizeSettings, {**dataset["quantize"], "grid": "beats"}, "quantize")
    grids = quantize(pa.Table.from_pylist(rows, schema=NOTES), settings).grids
    filtered = apply_filters(grids, parse_section(FilterSettings, dict(dataset["filter"]), "filter"))
    return set(filtered.grids["piece_id"].to_pylist())
