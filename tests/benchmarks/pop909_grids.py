"""The grids of POP909 songs, compared with their annotated beats (see ``tests.benchmarks.catalogue``)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.core.schemas import GRIDS, NOTES
from pipeline.core.settings import parse_section
from pipeline.core.tables import read_table
from pipeline.datasets.filters import FilterSettings, apply_filters
from pipeline.datasets.quantize import QuantizeSettings, quantize
from pipeline.formats.readers.base.beats import beats_in_ticks
from pipeline.formats.readers.midi.score import read_score
from tests.helpers.paths import ROOT

N_PERFORMANCES = 10  # songs compared note by note
ANNOTATED = ROOT / "tests/benchmarks/pop909_beats.tsv"
NEAR_TEMPO = Fraction(1, 100)
NEAR_PHASE = Fraction(1, 5)  # steps


def annotated(corpus: str) -> Iterator[tuple[str, int, int, Fraction]]:
    """Identifier of each annotated song that the corpus has, ticks of its last two beats, seconds between."""
    for line in ANNOTATED.read_text(encoding="utf-8").splitlines()[1:]:
        song, *times = line.split("\t")
        file = Path(f"data/raw/{corpus}/POP909/{song}/{song}.mid")
        if file.exists():
            tempi = read_score(file.read_bytes()).tempi
            last_but_one, last = beats_in_ticks([(Fraction(text), False) for text in times], tempi)
            seconds = Fraction(times[1]) - Fraction(times[0])
            yield f"{corpus}/POP909/{song}/{song}", last_but_one.onset, last.onset, seconds


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
    for piece, before, last, _ in beats:
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
    with_beats = _kept_with(corpus, dataset, {piece: (before, last) for piece, before, last, _ in beats})
    own = [grids[piece] for piece in sorted(kept)]
    return {
        **{name: dict(count) for name, count in counts.items()},
        "mean_error_in_steps": {
            name: round(float(np.mean([row[f"error_{name}"] for row in own])), 3)
            for name in ("before", "after")
        },
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


def performances(corpus: str) -> dict[str, Any]:
    """The first kept songs with annotated beats, note by note: onsets as performed and on the grid.

    Only songs with one section and as many notes on the grid as performed are compared, so that
    they correspond. ``to_the_grid_ms`` is the distance of a performed onset to its step of
    the grid; ``to_the_beats_ms`` to the nearest quarter of a beat, the last two annotated beats
    continued to the beginning; ``longest_ms`` is the largest distance to the grid.
    """
    notes = _by_piece(Path(f"data/notes/{corpus}.parquet"), NOTES, lambda row: row["part_name"] == "MELODY")
    grids = _by_piece(Path(f"data/filtered/{corpus}.parquet"), GRIDS, lambda row: row["grid_sections"] == 1)
    found: dict[str, list[float]] = {"to_the_grid_ms": [], "to_the_beats_ms": []}
    songs = []
    for piece, before, last, seconds in annotated(corpus):
        onsets = np.array(notes[piece]["onset"])
        if piece in grids and grids[piece]["n_notes"] == len(onsets) and len(songs) < N_PERFORMANCES:
            ms = 1000 * float(seconds) / (last - before)  # per tick
            quarter_beat = (last - before) / 4
            found["to_the_grid_ms"] += list(ms * np.abs(onsets - on_grid(grids[piece], onsets)))
            steps = (onsets - last) / quarter_beat
            found["to_the_beats_ms"] += list(ms * quarter_beat * np.abs(steps - np.rint(steps)))
            songs.append(piece.rsplit("/", 1)[-1])
    figures = {
        name: {
            "median": round(float(np.median(values)), 1),
            "percentile_95": round(float(np.percentile(values, 95)), 1),
        }
        for name, values in found.items()
    }
    longest = round(max(found["to_the_grid_ms"]), 1)
    return {"songs": songs, "notes": len(found["to_the_grid_ms"]), **figures, "longest_ms": longest}


def on_grid(grid: Mapping[str, Any], onsets: NDArray[np.int64]) -> NDArray[np.float64]:
    """The ticks of the source at which the grid has each note.

    Raises:
        ValueError: the grid has not as many notes.
    """
    pitch, tied = np.array(grid["pitch"]), np.array(grid["tied"])
    steps = np.flatnonzero((pitch > 0) & ~tied)
    if len(steps) != len(onsets):
        raise ValueError(f"{grid['piece_id']}: {len(onsets)} notes, {len(steps)} on the grid")
    period = float(Fraction(grid["grid_period"]))
    first = round((onsets[0] - grid["grid_shift"]) / period) - steps[0]  # silence at the edges is trimmed
    return np.asarray(grid["grid_shift"] + (steps + first) * period)


def _by_piece(path: Path, schema: pa.Schema, chosen: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    return {row["piece_id"]: row for row in read_table(path, schema).to_pylist() if chosen(row)}
