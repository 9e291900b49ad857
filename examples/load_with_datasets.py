"""Open the shards with Hugging Face's `datasets`; only local files are read.

After `make repro`: python examples/load_with_datasets.py [data/tokens/melodies]
"""

import sys
from pathlib import Path

from datasets import load_dataset

folder = sys.argv[1] if len(sys.argv) > 1 else "data/tokens/melodies"
if not any(Path(folder).glob("train/*.parquet")):
    sys.exit(f"{folder}: no training shards; after `make repro`, data/tokens/ has a folder per data set")
melodies = load_dataset(folder, cache_dir=".cache/datasets")  # the folder valid is the split validation
for name, rows in melodies.items():
    print(f"{name}, pieces: {len(rows)}; tokens of {rows[0]['piece_id']}: {len(rows[0]['tokens'])}")
