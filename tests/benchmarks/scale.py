"""How the data stages grow: seconds and memory of each, on 10,000 tunes and more.

    python tests/benchmarks/scale.py [--tunes 10000 100000] [--data data]

The tunes are those of data/notes, repeated and transposed under new names, as
often as it takes. Each stage runs in a process of its own, as under DVC. The
last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ruamel.yaml import YAML

from pipeline.tables import NOTES, as_lists, flatten, read_table

ROOT = Path(__file__).resolve().parents[2]
STAGES = ("quantize", "filter", "families", "split", "encode")
DATASET = "melodies"


def transposed_copy(notes: pa.Table, copy: int) -> pa.Table:
    """The same pieces under other names, at another height."""
    offsets, pitch = flatten(notes["pitch"])
    moved = pitch.astype(np.int64) + copy % 11 - 5
    corpora, names = notes["corpus"], notes["piece_id"]
    renamed = [
        f"{corpus}/{copy}/{piece[len(corpus) + 1 :]}"
        for corpus, piece in zip(corpora.to_pylist(), names.to_pylist(), strict=True)
    ]
    copied = notes.set_column(NOTES.names.index("piece_id"), NOTES.field("piece_id"), pa.array(renamed))
    pitches = as_lists(offsets, np.clip(moved, 1, 127), pa.uint8())
    return copied.set_column(NOTES.names.index("pitch"), NOTES.field("pitch"), pitches)


def compose(tunes: int, source: Path, target: Path, corpora: list[str]) -> int:
    """Write a notes table a corpus; the number of pieces."""
    tables = [read_table(source / f"{corpus}.parquet", NOTES) for corpus in corpora]
    per_copy = sum(len(table["piece_id"].unique()) for table in tables)
    written = 0
    for table, corpus in zip(tables, corpora, strict=True):
        pieces = table["piece_id"].unique()
        wanted = -(-tunes * len(pieces) // per_copy)
        with pq.ParquetWriter(target / f"{corpus}.parquet", NOTES) as writer:
            for copy, start in enumerate(range(0, wanted, len(pieces))):
                chosen = pieces.slice(0, min(len(pieces), wanted - start))
                rows = table.filter(pc.is_in(table["piece_id"], value_set=chosen))
                writer.write_table(transposed_copy(rows, copy).cast(NOTES))
                written += len(chosen)
    return written


def measure(stage: str, folder: Path) -> dict[str, float]:
    """Run one stage in a process of its own."""
    argument = "" if stage == "families" else f"'{DATASET}'"
    program = f"from stages import {stage}; {stage}.run({argument})"
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-c", program], cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{stage} ended with status {child.returncode}")
    return {"seconds": round(time.perf_counter() - started, 2), "peak_mib": used.ru_maxrss // 1024}


def run_at(tunes: int, data: Path) -> dict[str, object]:
    params = YAML().load(ROOT / "params.yaml")
    with tempfile.TemporaryDirectory(prefix="scale-") as name:
        folder = Path(name)
        (folder / "data/notes").mkdir(parents=True)
        with (folder / "params.yaml").open("w") as file:
            YAML().dump(params, file)
        corpora = list(params["datasets"][DATASET]["corpora"])
        pieces = compose(tunes, data / "notes", folder / "data/notes", corpora)
        print(f"{pieces} tunes", flush=True)
        found: dict[str, object] = {"tunes": pieces}
        for stage in STAGES:
            found[stage] = measure(stage, folder)
            print(f"  {stage:10} {found[stage]}", flush=True)
    return found


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tunes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--data", type=Path, default=ROOT / "data")
    chosen = parser.parse_args()
    print(json.dumps({"scale": [run_at(tunes, chosen.data) for tunes in chosen.tunes]}))


if __name__ == "__main__":
    main()
