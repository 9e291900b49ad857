"""What spreading the reading of scores costs and brings: local processes and a Dask cluster.

    python -m tests.benchmarks.engines [--pieces 4000] [--rounds 3]

Tunes of the Essen collection are read in batches of 200 by ``serial``, by
``processes`` and by a real scheduler and real workers on the loopback, 1 and 2
workers each, all engines in turn in every round; workers are started beforehand,
and each reads one batch before its time is taken. The best round counts.

The last line is one JSON object: the overhead of Dask against the same number of
local processes first.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Sequence

from pipeline.corpora.parsing import ReadBatch, code_of, read_batch
from pipeline.corpora.parsing.splitting import find_pieces
from pipeline.corpora.sources.manifest import read_manifest
from pipeline.workflow.engine import EngineSettings, map_batches
from pipeline.workflow.progress import say
from tests.helpers.cluster import cluster
from tests.helpers.paths import ROOT
from tests.helpers.reading import ESSEN, LIMITS

PIECES_A_BATCH = 200
WORKERS = (1, 2)


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--pieces", type=int, default=4000)
    arguments.add_argument("--rounds", type=int, default=3)
    options = arguments.parse_args()
    batches = essen(options.pieces)
    with cluster(1) as one, cluster(2) as two:
        engines = {
            "serial": EngineSettings(kind="serial", workers=1, address=None),
            "processes 1": EngineSettings(kind="processes", workers=1, address=None),
            "dask 1": EngineSettings(kind="dask", workers="auto", address=one.address),
            "processes 2": EngineSettings(kind="processes", workers=2, address=None),
            "dask 2": EngineSettings(kind="dask", workers="auto", address=two.address),
        }
        for engine in engines.values():
            list(map_batches(read_batch, batches[:2], engine))
        seconds: dict[str, list[float]] = {name: [] for name in engines}
        digests = set()
        for _ in range(options.rounds):
            for name, engine in engines.items():
                taken, digest = timed(batches, engine)
                seconds[name].append(taken)
                digests.add(digest)
                say(f"{name}: {options.pieces / taken:.0f} pieces a second")
    best = {name: min(rounds) for name, rounds in seconds.items()}
    overhead = {f"dask_overhead_{n}": best[f"dask {n}"] / best[f"processes {n}"] - 1 for n in WORKERS}
    gain = {
        f"{kind}_2_workers_against_1": best[f"{kind} 1"] / best[f"{kind} 2"] for kind in ("processes", "dask")
    }
    rates = {f"{name} pieces_per_second": round(options.pieces / taken) for name, taken in best.items()}
    rounded = {name: round(value, 3) for name, value in {**overhead, **gain}.items()}
    print(json.dumps({**rounded, "same_bytes": len(digests) == 1, **rates}))


def essen(n_pieces: int) -> Sequence[ReadBatch]:
    """The first tunes of the collection, in batches."""
    folder = ROOT / "data/raw/essen"
    pieces, _ = find_pieces("essen", folder, read_manifest(folder)["files"], LIMITS)
    sources = [piece.source for piece in pieces[:n_pieces]]
    return [
        ReadBatch(tuple(sources[first : first + PIECES_A_BATCH]), ESSEN, LIMITS, code_of(ESSEN))
        for first in range(0, len(sources), PIECES_A_BATCH)
    ]


def timed(batches: Sequence[ReadBatch], engine: EngineSettings) -> tuple[float, str]:
    """Seconds to read all batches, and a digest of what was read."""
    began = time.perf_counter()
    digest = hashlib.sha256()
    for records in map_batches(read_batch, batches, engine):
        for record in records:
            digest.update(record if isinstance(record, bytes) else repr(record).encode())
    return time.perf_counter() - began, digest.hexdigest()


if __name__ == "__main__":
    main()
