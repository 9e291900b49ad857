"""Time of isolation: reading a corpus in child processes compared with reading it in this process.

    python -m tests.benchmarks.isolation FOLDER... [--rounds 5] [--pieces 1000]

Both read the same pieces to records, one after the other, in batches of the stage ``parse``; rounds
alternate. The processor time of the children is measured too: on a busy machine it is the steadier
figure. The last line is one JSON object with medians, ratios first.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.corpora.parsing import BYTES_A_BATCH, ReadBatch, batch_size, code_of, read_batch
from pipeline.corpora.parsing.records import pack, refusal
from pipeline.corpora.parsing.splitting import find_pieces, in_batches
from pipeline.formats.readers import SUFFIXES, ReadError, Source, read
from tests.helpers.memory import family
from tests.helpers.reading import LIMITS, READ

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def in_process(sources: Sequence[Source]) -> None:
    """Read without isolation."""
    for source in sources:
        try:
            pack(read(source, READ, LIMITS))
        except ReadError as error:
            pack(refusal(error))


def isolated(sources: Sequence[Source]) -> None:
    """Read as the stage does with one worker."""
    for batch in in_batches(sources, batch_size, BYTES_A_BATCH):
        read_batch(ReadBatch(tuple(batch), READ, LIMITS, code_of(READ)))


def processor_seconds() -> float:
    """Processor time of this process and its living descendants."""
    found = 0
    for member in family(os.getpid()):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        found += int(fields[11]) + int(fields[12])
    return found / TICKS_PER_SECOND


def timed(work: Callable[[Sequence[Source]], None], sources: Sequence[Source]) -> tuple[float, float]:
    """Seconds, and processor seconds of all processes."""
    began, used = time.perf_counter(), processor_seconds()
    work(sources)
    return time.perf_counter() - began, processor_seconds() - used


def measure(folder: Path, n_pieces: int, rounds: int) -> dict[str, float]:
    """Medians over the rounds, after one that is not counted."""
    paths = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.suffix in SUFFIXES]
    files = [{"path": path.as_posix(), "sha256": ""} for path in paths]
    sources = [piece.source for piece in find_pieces("", folder, files, LIMITS)[0]][:n_pieces]
    isolated(sources[: len(sources) // 4])
    plain, child = [], []
    for _ in range(rounds):
        plain.append(timed(in_process, sources))
        child.append(timed(isolated, sources))
    walls = [statistics.median(seconds for seconds, _ in measured) for measured in (plain, child)]
    processor = [statistics.median(seconds for _, seconds in measured) for measured in (plain, child)]
    return {
        "wall_ratio": round(walls[1] / walls[0], 3),
        "processor_ratio": round(processor[1] / processor[0], 3),
        "pieces": len(sources),
        "seconds_in_process": round(walls[0], 2),
        "seconds_isolated": round(walls[1], 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pieces", type=int, default=1000)
    chosen = parser.parse_args()
    found = {}
    for folder in chosen.folders:
        found[folder.name] = measure(folder, chosen.pieces, chosen.rounds)
        print(folder.name, found[folder.name], flush=True)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
