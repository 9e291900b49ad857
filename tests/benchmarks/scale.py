"""How the data stages grow: seconds and memory of each, on 10,000 tunes and more.

    python -m tests.benchmarks.scale 10000 100000 1000000 [--data data]

The tunes are those of data/notes, copied under new names and titles as often as it
takes. Copies transpose a tune; four of them make a variant, and a variant moves a
good third of the notes by one or two semitones, so that two variants seldom share a
run of 16 intervals: families grow to four times their size and no further, however
many tunes there are. Each stage runs in a process of its own, as under DVC. The last
line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ruamel.yaml import YAML

from pipeline.core.lists import as_lists, flatten
from pipeline.core.portions import open_table
from pipeline.core.schemas import NOTES
from pipeline.core.tables import read_table
from tests.helpers.paths import ROOT

STAGES = ("quantize", "filter", "families", "split", "encode")
DATASET = "melodies"
COPIES_A_VARIANT = 4
MOVED_SHARE = 0.35
PROGRAM = """
import re
from pathlib import Path
from stages import {stage}
{stage}.run({argument})
print("peak", re.search("VmHWM:\\\\s+(\\\\d+)", Path("/proc/self/status").read_text())[1])
"""


def copied(notes: pa.Table, copy: int) -> pa.Table:
    """The same pieces under other names, at another height, and as another variant."""
    variant = copy // COPIES_A_VARIANT
    offsets, pitch = flatten(notes["pitch"])
    moved = pitch.astype(np.int64) + copy % 11 - 5
    if variant:
        dice = np.random.default_rng(variant)
        steps = dice.choice([-2, -1, 1, 2], len(pitch))
        moved += np.where(dice.random(len(pitch)) < MOVED_SHARE, steps, 0)
    name = pc.replace_substring(notes["piece_id"], "/", f"/{copy:04d}/", max_replacements=1)
    title = pc.binary_join_element_wise(notes["title"], f"({variant})", " ") if variant else notes["title"]
    pitches = as_lists(offsets, np.clip(moved, 1, 127), pa.uint8())
    for column, values in (("piece_id", name), ("title", title), ("pitch", pitches)):
        notes = notes.set_column(NOTES.names.index(column), NOTES.field(column), values)
    return notes


def compose(tunes: int, source: Path, target: Path, corpora: list[str]) -> int:
    """Write a notes table a corpus; the number of pieces."""
    tables = [read_table(source / f"{corpus}.parquet", NOTES) for corpus in corpora]
    pieces = [table["piece_id"].unique() for table in tables]
    wanted = np.diff(
        np.array([tunes * n // sum(map(len, pieces)) for n in np.cumsum([0, *map(len, pieces)])])
    )
    for table, ids, n, corpus in zip(tables, pieces, wanted.tolist(), corpora, strict=True):
        with open_table(target / f"{corpus}.parquet", NOTES) as written:
            for copy, start in enumerate(range(0, n, len(ids))):
                chosen = pc.is_in(table["piece_id"], value_set=ids.slice(0, n - start))
                written.add(copied(table.filter(chosen), copy))
    return int(wanted.sum())


def measure(stage: str, folder: Path) -> dict[str, float]:
    """Run one stage in a process of its own: seconds, and the most memory that it held."""
    program = PROGRAM.format(stage=stage, argument="" if stage == "families" else f"'{DATASET}'")
    started = time.perf_counter()
    made = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seconds = time.perf_counter() - started
    (peak_kib,) = re.findall(r"^peak (\d+)$", made.stdout, re.MULTILINE)
    return {"seconds": round(seconds, 1), "peak_mib": int(peak_kib) // 1024}


def run_at(tunes: int, data: Path) -> dict[str, dict[str, float]]:
    """All stages over so many tunes."""
    params = YAML().load(ROOT / "params.yaml")
    corpora = list(params["datasets"][DATASET]["corpora"])
    found = {}
    with tempfile.TemporaryDirectory(prefix="scale-") as name:
        folder = Path(name)
        (folder / "data").mkdir()
        params["corpora"] = {corpus: params["corpora"][corpus] for corpus in corpora}
        YAML().dump(params, folder / "params.yaml")
        compose(tunes, data / "notes", folder / "data/notes", corpora)
        for stage in STAGES:
            found[stage] = measure(stage, folder)
            seconds, peak = found[stage].values()
            print(f"{tunes:>9} {stage:9} {seconds:>8.1f} {peak:>6}", flush=True)
    return found


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("tunes", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--data", type=Path, default=ROOT / "data")
    chosen = parser.parse_args()
    print(f"{'tunes':>9} {'stage':9} {'seconds':>8} {'MiB':>6}")
    found = {tunes: run_at(tunes, chosen.data) for tunes in chosen.tunes}
    few, many = min(found), max(found)
    per_tune = {
        stage: round(found[many][stage]["seconds"] / found[few][stage]["seconds"] * few / many, 2)
        for stage in STAGES
    }
    peak = max(used["peak_mib"] for stages in found.values() for used in stages.values())
    print(json.dumps({"time_per_tune_many_over_few": per_tune, "largest_peak_mib": peak, "scale": found}))


if __name__ == "__main__":
    main()
