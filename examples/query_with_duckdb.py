"""Query the shards by SQL.

After `make repro`: python examples/query_with_duckdb.py [data/tokens/melodies]
"""

import sys
from pathlib import Path

import duckdb

folder = sys.argv[1] if len(sys.argv) > 1 else "data/tokens/melodies"
if not any(Path(folder).glob("train/*.parquet")):
    sys.exit(f"{folder}: no training shards; after `make repro`, data/tokens/ has a folder per data set")
print(
    duckdb.sql(f"""
        SELECT corpus, split, count(*) AS pieces, round(avg(n_steps)) AS steps, mode(mode_used) AS mode
        FROM read_parquet('{folder}/*/*.parquet') GROUP BY corpus, split ORDER BY corpus, split
    """)
)
print(
    duckdb.sql(f"""
        SELECT token % 128 AS pitch, count(*) AS onsets
        FROM (SELECT unnest(tokens) AS token FROM read_parquet('{folder}/train/*.parquet'))
        WHERE token BETWEEN 1 AND 127 GROUP BY pitch ORDER BY onsets DESC, pitch LIMIT 5
    """)
)
