"""Claims of docs/data.md about POP909: its annotated beats, and performances note by note."""

from __future__ import annotations

from typing import Any

from tests.helpers.claims import Claim, count, fixed
from tests.helpers.figure_rows import DATA

TO_THE = ("to_the_grid_ms", "to_the_beats_ms")


def against_beats(found: dict[str, Any]) -> list[str]:
    """Kept songs with annotated beats, those whose grid agrees, and the rejected ones."""
    beats = found["pop909"]["beats"]
    kept, rejected = beats["kept"], beats["rejected"]
    agree = [kept["songs"], kept["tempo_agrees"], kept["phase_agrees"]]
    mean = fixed(beats["mean_distance_of_a_beat_in_steps"], 3)
    return [
        *map(count, agree),
        mean,
        count(rejected["songs"]),
        count(beats["kept_with_grid_beats"]["only_with_beats"]),
    ]


def against_performances(found: dict[str, Any]) -> list[str]:
    """Mean grid error before and after, and distances of performed onsets in ten melodies."""
    error, played = found["pop909"]["beats"]["mean_error_in_steps"], found["pop909"]["performances"]
    spreads = (played[name][key] for name in TO_THE for key in ("median", "percentile_95"))
    return [
        *(fixed(error[name], 3) for name in ("before", "after")),
        count(played["notes"]),
        *(fixed(value, 1) for value in (*spreads, played["longest_ms"])),
    ]


POP909_CLAIMS = [
    Claim(
        DATA,
        "Of {} kept songs the tempo agrees in {} and the phase in {} (a beat is {} steps from a step of the "
        "grid on average). Of {} rejected songs, `grid: beats` with the annotated beats keeps {}",
        ("data/benchmarks/catalogue.json",),
        against_beats,
    ),
    Claim(
        DATA,
        "In the kept songs an onset is {} steps from the steps of the source on average, and {} from those "
        "of the grid found. Ten melodies ({} notes) were compared note by note: the median distance of a "
        "performed onset to its step is {} ms, the 95th percentile {} ms; to the nearest quarter of an "
        "annotated beat it is {} ms and {} ms. The largest distance is {} ms",
        ("data/benchmarks/catalogue.json",),
        against_performances,
    ),
]
