"""All data stages in one process: from notes to the digests of what they write."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa

from pipeline.core.schemas import FAMILIES, GRIDS, LEAKS, SPLITS, TOKENS
from pipeline.core.settings import parse_section
from pipeline.core.tables import write_table
from pipeline.datasets.encoding.encode import EncodeSettings, encode_rows
from pipeline.datasets.families.tune_families import FamilySettings, find_families
from pipeline.datasets.filters import FilterSettings, apply_filters
from pipeline.datasets.quantize import quantize
from pipeline.datasets.splits import SPLIT, split_pieces
from tests.helpers.random_music import quantizing

RUN = 16
FILTER = {"min_notes": 2, "max_silence_share": 0.6, "duplicates": "drop"}
SPLIT_BY_FAMILY = {"kind": "family", "seed": 5, "valid": 0.25, "test": 0.25}
ENCODE = {"key": {"default": "analysis"}, "transpose": "c_major_a_minor", "max_rows_per_shard": 100}


def families_of(notes: pa.Table) -> pa.Table:
    found = find_families(notes, FamilySettings(family_run=RUN, soft={"songs": True}))
    return found.replace_schema_metadata({"family_run": str(RUN)})


def data_set(notes: pa.Table, folder: Path) -> dict[str, str]:
    """The digest of every file that the stages write of these notes."""
    families = families_of(notes)
    made = quantize(notes, quantizing(1, 2, rests="split", min_rest=3, edge_silence="trim"))
    filtered = apply_filters(made.grids, parse_section(FilterSettings, FILTER, "filter")).grids
    by_family = parse_section(SPLIT, SPLIT_BY_FAMILY, "split")
    divided = split_pieces(filtered["piece_id"].to_pylist(), families, by_family)
    rows = encode_rows(filtered, divided.rows, parse_section(EncodeSettings, ENCODE, "encode")).rows
    tables = {
        "families": (families, FAMILIES),
        "grids": (made.grids, GRIDS),
        "filtered": (filtered, GRIDS),
        "splits": (divided.rows, SPLITS),
        "leaks": (divided.leaks, LEAKS),
        "tokens": (rows, TOKENS),
    }
    digests = {}
    for name, (table, schema) in tables.items():
        write_table(folder / name, table, schema)
        digests[name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    return digests
