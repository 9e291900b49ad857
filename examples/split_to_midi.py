"""Write a split as MIDI files, each piece in the key of its score.

After `make repro`: python examples/split_to_midi.py melodies test midi
"""

import sys
from pathlib import Path

from pipeline.notebook import decode_row, open_dataset, save

dataset, split, folder = sys.argv[1:4]
Path(folder).mkdir(parents=True, exist_ok=True)
rows = open_dataset(dataset, split)
for _, row in rows.iterrows():
    save(decode_row(row), f"{folder}/{row['piece_id'].replace('/', '_').replace('#', '_')}.mid", row)
print(f"{len(rows)} pieces of {dataset}/{split} in {folder}")
