"""Write the labelled pairs of tunes on which the rules for relatives are measured.

    python -m tests.benchmarks.label_pairs [--notes data/notes ...] [--bach-370 FOLDER]

The pairs of ``related/pairs.tsv`` come from five sources:

- ``judged.tsv``, labelled by reading both tunes note by note, transposed to one key: tunes of
  O'Neill, Ryan, Aird and Nottingham with the same title, ballads of Essen with the same
  title, and pairs that the skeletons or the alignment find similar. Pairs on which no
  decision was possible are left out.
- one number of O'Neill's collection in two files, by two transcribers: related.
- a chorale of music21 and the same BWV number of the 370 chorales: related.
- chorales with the same number in Zahn's catalogue of hymn tunes, as the Bach literature gives
  it for each BWV number; and chorales with different numbers: unrelated, in one style.
- random pairs, and pairs of one corpus and one ending of six intervals (a cadence alone):
  taken as unrelated.

Each line: both piece ids, 1 for related or 0, and the source. Corpora that data/notes lacks
add no pairs, so write the file with all of them.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.datasets.columns.ngrams import Sequences
from tests.helpers.labelled_pairs import Pair, families_of, judged_pairs, write_pairs
from tests.helpers.paths import ROOT

# Zahn, Die Melodien der deutschen evangelischen Kirchenlieder (1889-1893): number, BWV numbers
ZAHN = {
    "983": "244.3 244.46 245.3 245.17",
    "1712c": "281 282",
    "2293b": "13.6 44.7 97.9 244.10 244.37 245.11 392 393 394 395",
    "2561": "90.5 101.7 102.7 245.5 416",
    "2778": "84.5 88.7 93.7 166.6 179.6 197.10 434",
    "4430": "9.7 86.6 117.4 155.5 251",
    "4441a": "114.7 178.7 256 257 258",
    "5385a": "135.6 153.5 161.6 244.15 244.17 244.44 244.54 244.62 248.5 270 271",
    "5629": "12.7 69.6-a 99.6 144.3 250",
    "5741": "11.6 43.11 248.12-2",
    "6283b": "245.15 245.37 283",
    "6543": "19.7 25.6 30.6 32.6 39.7 70.7 194.6",
    "6551": "55.5 146.8 154.3 244.40 359 360",
    "7341a": "17.7 29.8 389 390",
    "7377": "80.8 302 303",
    "7568": "65.7 72.6 92.9 103.6 111.6 144.6 244.25",
    "8032": "64.8 81.7 87.7 227.1 227.3 227.7 227.11 358",
    "8359": "1.6 36.4-2 172.6 436",
}
SEED = 23
RANDOM, ENDINGS, CATALOGUED = 150, 75, 40  # pairs
ENDING = 6  # intervals


def transcribed_twice(ids: Iterable[str]) -> Iterator[Pair]:
    """Pieces of O'Neill's collection with one number in two files."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for piece in ids:
        if piece.startswith("oneills/") and "#" in piece:
            found[piece.rsplit("#", 1)[1]].append(piece)
    several = [pieces for _, pieces in sorted(found.items()) if len(pieces) > 1]
    for pieces in several[:CATALOGUED]:
        yield Pair(pieces[0], pieces[1], True, "one number, two transcribers")


def by_bwv(ids: Iterable[str], folder: Path) -> Iterator[Pair]:
    """Chorales of music21 and of the 370 with one BWV number."""
    known = set(ids)
    numbered: dict[str, str] = {}
    for path in sorted(folder.rglob("*.krn")):
        found = re.search(r"^!!!SCT: BWV ([\d/]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        piece = f"bach-370/kern/{path.stem}"
        if found and piece in known:
            numbered.setdefault(f"bach-chorales/bwv{found[1].replace('/', '.')}", piece)
    both = [(ours, theirs) for ours, theirs in sorted(numbered.items()) if ours in known]
    for ours, theirs in both[:: max(1, len(both) // CATALOGUED)][:CATALOGUED]:
        yield Pair(ours, theirs, True, "one BWV number")


def by_zahn(ids: Iterable[str]) -> Iterator[Pair]:
    """Chorales on one hymn tune, each with the next; and the first of each tune with those of others."""
    known = set(ids)
    tunes = [[f"bach-chorales/bwv{bwv}" for bwv in numbers.split()] for numbers in ZAHN.values()]
    for tune in tunes:
        for left, right in pairwise([piece for piece in tune if piece in known]):
            yield Pair(left, right, True, "one hymn tune (Zahn)")
    for first, second in combinations(tunes, 2):
        if first[0] in known and second[-1] in known and (len(first) + len(second)) % 3 == 0:
            yield Pair(first[0], second[-1], False, "two hymn tunes (Zahn)")


def at_random(families: pa.Table) -> Iterator[Pair]:
    """Random pairs, and pairs of one corpus with the same ending."""
    dice = np.random.default_rng(SEED)
    ids, tunes = families["piece_id"].to_pylist(), families["tune_family"].to_pylist()
    for left, right in dice.integers(0, len(ids), (RANDOM, 2)).tolist():
        if tunes[left] != tunes[right]:
            yield Pair(ids[left], ids[right], False, "random")
    skeletons, endings = Sequences.from_column(families["skeleton"]), defaultdict(list)
    for row, corpus in enumerate(families["corpus"].to_pylist()):
        if len(ending := skeletons.piece(row)[-ENDING:]) == ENDING:
            endings[corpus, ending.tobytes()].append(row)
    several = [rows for _, rows in sorted(endings.items()) if len({tunes[row] for row in rows}) > 1]
    for chosen in dice.permutation(len(several))[:ENDINGS].tolist():
        left, right = dice.choice(several[chosen], 2, replace=False).tolist()
        if tunes[left] != tunes[right]:
            yield Pair(ids[left], ids[right], False, "one ending")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--notes", type=Path, nargs="+", default=[ROOT / "data/notes"])
    arguments.add_argument("--bach-370", type=Path, help="the folder with chor001.krn")
    options = arguments.parse_args()
    families = families_of(options.notes)
    ids = families["piece_id"].to_pylist()
    pairs = [*judged_pairs(), *transcribed_twice(ids), *by_zahn(ids), *at_random(families)]
    if options.bach_370:
        pairs += by_bwv(ids, options.bach_370)
    write_pairs(pairs)
    print(f"{len(pairs)} pairs, {sum(pair.related for pair in pairs)} of them related")


if __name__ == "__main__":
    main()
