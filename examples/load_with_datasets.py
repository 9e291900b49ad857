"""Open the shards with Hugging Face's `datasets`; only local files are read.

python examples/load_with_datasets.py [data/tokens/melodies]
"""

import sys
from pathlib import Path

from datasets import load_dataset

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "data/tokens/melodies")
splits = {split.name: f"{split}/*.parquet" for split in sorted(folder.iterdir()) if split.is_dir()}
melodies = load_dataset("parquet", data_files=splits, cache_dir=".cache/datasets")
for name, rows in melodies.items():
    print(f"{name}: {len(rows)} pieces; the first is {rows[0]['piece_id']}, {len(rows[0]['tokens'])} symbols")
