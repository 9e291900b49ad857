"""Peak memory of the stage ``parse`` on generated MIDI files of the kind that Lakh contains.

    python -m tests.benchmarks.streaming 10000 40000 100000 [--notes 6000] [--workers 2]

A file has eight tracks on eight channels, one of them percussion, and different notes. Every
fiftieth is damaged: cut in the middle, or some of its bytes replaced. The stage runs in a process of
its own with an empty cache; the most resident memory of each of its processes is read from the
system twice a second. The last line is one JSON object: seconds, the largest peak of a process and
pieces kept, by number of files.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq
from ruamel.yaml import YAML

from pipeline.corpora.sources.manifest import write_manifest
from tests.helpers.memory import peaks
from tests.helpers.midi_bytes import file, meta, note, track
from tests.helpers.paths import ROOT

CORPUS = "generated"
TRACKS = 8
PERCUSSION = 9
BODIES = 40  # different files of notes; every file has another name in its first track
DAMAGED = 50
FILES_A_FOLDER = 1000
TRACK_NAME, TEMPO, TIME_SIGNATURE = 0x03, 0x51, 0x58
SECONDS_BETWEEN_LOOKS = 0.5


def voices(n_notes: int, dice: random.Random) -> list[bytes]:
    """The tracks of one file; so many notes together."""
    found = []
    for voice in range(TRACKS):
        channel = PERCUSSION if voice == TRACKS - 1 else voice
        name = meta(TRACK_NAME, f"Voice {voice}".encode())
        notes = [
            note(dice.choice((0, 0, 120, 240)), dice.choice((119, 120, 240)), dice.randint(36, 84), channel)
            for _ in range(n_notes // TRACKS)
        ]
        found.append(track(name, *notes))
    return found


def damaged(content: bytes, dice: random.Random) -> bytes:
    """The file cut in the middle, or with some bytes replaced."""
    if dice.random() < 0.5:
        return content[: dice.randrange(20, len(content))]
    spoilt = bytearray(content)
    for _ in range(20):
        spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
    return bytes(spoilt)


def compose(folder: Path, n_files: int, n_notes: int) -> None:
    """Write a corpus as the stage ``download`` does."""
    dice = random.Random(n_files)
    bodies = [voices(n_notes, dice) for _ in range(BODIES)]
    written = []
    for number in range(n_files):
        signs = (meta(TEMPO, b"\x07\xa1\x20"), meta(TIME_SIGNATURE, b"\x04\x02\x18\x08"))
        first = track(meta(TRACK_NAME, f"Song {number}".encode()), *signs)
        content = file(first, *bodies[number % BODIES])
        path = folder / f"{number // FILES_A_FOLDER:03}" / f"{number:06}.mid"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(damaged(content, dice) if number % DAMAGED == 0 else content)
        written.append(path)
    facts = {"corpus": CORPUS, "kind": "folder", "licence": "CC0-1.0", "citation": "generated"}
    write_manifest(folder, facts, written, [])


def measure(n_files: int, n_notes: int, workers: int) -> dict[str, float]:
    """Parse so many files: seconds, largest peak in MiB, pieces kept and rejected."""
    with tempfile.TemporaryDirectory(prefix="streaming-") as name:
        folder = Path(name)
        params = YAML().load(ROOT / "params.yaml")
        some = next(iter(params["corpora"].values()))
        params["corpora"] = {CORPUS: some}
        params["engine"].update(kind="processes" if workers > 1 else "serial", workers=workers)
        YAML().dump(params, folder / "params.yaml")
        compose(folder / "data/raw" / CORPUS, n_files, n_notes)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DVC_ROOT": name}
        program = f"from stages import parse\nif __name__ == '__main__':\n    parse.run('{CORPUS}')\n"
        (folder / "program.py").write_text(program, encoding="utf-8")
        began = time.perf_counter()
        stage = subprocess.Popen([sys.executable, "program.py"], cwd=folder, env=environment)
        most: dict[int, int] = {}
        while stage.poll() is None:
            for member, peak in peaks(stage.pid).items():
                most[member] = max(peak, most.get(member, 0))
            time.sleep(SECONDS_BETWEEN_LOOKS)
        if stage.returncode:
            raise SystemExit(f"the stage ended with {stage.returncode}")
        notes = pq.ParquetFile(folder / f"data/notes/{CORPUS}.parquet")
        n_kept = len(notes.read(columns=["piece_id"])["piece_id"].unique())
        return {
            "seconds": round(time.perf_counter() - began, 1),
            "peak_mib": max(most.values()) // 1024,
            "peak_mib_of_the_stage": most[stage.pid] // 1024,
            "peak_mib_of_all_processes": sum(most.values()) // 1024,
            "kept": n_kept,
            "rejected": n_files - n_kept,
        }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", type=int, nargs="*", default=[10_000, 40_000, 100_000])
    parser.add_argument("--notes", type=int, default=6000)
    parser.add_argument("--workers", type=int, default=2)
    chosen = parser.parse_args()
    found = {}
    for n_files in chosen.files:
        found[n_files] = measure(n_files, chosen.notes, chosen.workers)
        print(n_files, found[n_files], flush=True)
    largest = max(measured["peak_mib"] for measured in found.values())
    print(json.dumps({"largest_peak_mib": largest, "notes": chosen.notes, "by_files": found}))


if __name__ == "__main__":
    main()
