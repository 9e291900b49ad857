"""Nottingham and OpenEWLD as one data set with chord symbols, read from their published files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from ruamel.yaml import YAML

from pipeline.core.schemas import TOKENS
from pipeline.core.settings import parse_section
from pipeline.core.tables import read_table, write_table
from pipeline.core.vocabulary import sha256
from pipeline.datasets.encoding.encode import EncodeSettings, encode_rows
from pipeline.datasets.families.tune_families import FamilySettings, find_families
from pipeline.datasets.filters import FilterSettings, apply_filters
from pipeline.datasets.quantize import QuantizeSettings, quantize
from pipeline.datasets.splits import SPLIT, split_pieces
from pipeline.formats.readers import ReadLimits, ReadSettings
from pipeline.tools.inspection.encode_file import read_files
from tests.helpers.example_params import params_with

CORPORA = ("nottingham", "openewld")


def lead_sheets(folder: Path, max_steps: int) -> pa.Table:
    """Rows of ``schemas.TOKENS`` with chords, divided by tune families over both corpora.

    Each corpus has the settings of its file in examples/params.

    Args:
        folder: the published files, a folder per corpus.
        max_steps: longer pieces are left out.
    """
    params = YAML(typ="safe").load(params_with(*CORPORA))
    notes = {name: _notes(folder / name, name, params["corpora"][name]) for name in CORPORA}
    families = find_families(
        pa.concat_tables(notes.values()), parse_section(FamilySettings, params["families"], "families")
    )
    run = str(params["families"]["family_run"])
    families = families.replace_schema_metadata({"family_run": run})
    rows = []
    for name in CORPORA:
        section = params["datasets"][name]
        grids = quantize(notes[name], parse_section(QuantizeSettings, section["quantize"], name)).grids
        filtering = parse_section(FilterSettings, {**section["filter"], "max_steps": max_steps}, name)
        grids = apply_filters(grids, filtering).grids
        division = parse_section(SPLIT, section["split"], name)
        places = split_pieces(grids["piece_id"].to_pylist(), families, division).rows
        rows.append(encode_rows(grids, places, parse_section(EncodeSettings, section["encode"], name)).rows)
    table = pa.concat_tables(rows)
    return table.filter(pc.is_valid(table["chord"])).sort_by("piece_id")


def kept(cache: Path, folder: Path, max_steps: int) -> pa.Table:
    """The same, from a file if it has been made before."""
    if not cache.exists():
        write_table(cache, lead_sheets(folder, max_steps), TOKENS, {"vocabulary_sha256": sha256()})
    return read_table(cache, TOKENS)


def _notes(folder: Path, corpus: str, section: dict[str, object]) -> pa.Table:
    paths: Sequence[str] = sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix in (".abc", ".mxl")
    )
    reading = parse_section(ReadSettings, section["read"], corpus)
    limits = parse_section(ReadLimits, section["limits"], corpus)
    return read_files(folder, paths, corpus, reading, limits)[0]
