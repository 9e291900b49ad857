"""Write a split as MIDI files, each piece in the key of its score.

After `make repro`: python examples/split_to_midi.py melodies test midi
"""

import sys
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.notebook import decode_row, open_dataset, save

if len(sys.argv) != 4:
    sys.exit("usage: python examples/split_to_midi.py DATASET SPLIT FOLDER")
dataset, split, folder = sys.argv[1:]
try:
    rows = open_dataset(dataset, split)
    Path(folder).mkdir(parents=True, exist_ok=True)
    for _, row in rows.iterrows():
        save(decode_row(row), f"{folder}/{row['piece_id'].replace('/', '_').replace('#', '_')}.mid", row)
except (PipelineError, OSError) as error:
    sys.exit(f"split_to_midi: {error}")
print(f"{dataset}/{split}, pieces written to {folder}: {len(rows)}")
