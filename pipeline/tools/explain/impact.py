"""The number of pieces that a change of parameters affects, computed by the functions of the stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core.schemas import FAMILIES, GRIDS, NOTES
from pipeline.core.settings import PARAMS_FILE, load_yaml, lookup, parse_section
from pipeline.core.tables import read_table
from pipeline.core.text import counted, plural
from pipeline.datasets.filters import FilterSettings, apply_filters
from pipeline.datasets.quantize import QuantizeSettings, quantize
from pipeline.datasets.splits import SPLIT, family_rows
from pipeline.datasets.splits.assignment import assign
from pipeline.errors import PipelineError
from pipeline.workflow.dvclock import read_lock

Counter = Callable[[str, Any, Any, Path], str]


def touched(stage: str, root: Path = Path()) -> str | None:
    """The effect of running a stage on the current pieces.

    Args:
        stage: for example ``filter@melodies``.

    Returns:
        A sentence: for a changed filter, split or grid the number of pieces that
        change, for any other reason the number of rows. None if that is not
        known, or the stage has no pieces.
    """
    kind, _, name = stage.partition("@")
    before = read_lock(root).get(stage)
    section = f"datasets.{name}.{kind}"
    old = before.params.get((str(PARAMS_FILE), section)) if before else None
    try:
        if kind in COUNTERS and old is not None:
            new = lookup(load_yaml(root / PARAMS_FILE), "datasets", name, kind)
            if new != old:
                return COUNTERS[kind](name, old, new, root)
        return _all(kind, name, root)
    except PipelineError:
        return None


def _all(kind: str, name: str, root: Path) -> str | None:
    if kind not in TABLES:
        return None
    path = root / TABLES[kind].format(name)
    if not path.is_file():
        return None
    n_rows = pq.read_metadata(path).num_rows
    cached = "; files that have not changed come from the cache" if kind == "parse" else ""
    return f"it processes {counted(n_rows, 'row')} of {path.relative_to(root)}{cached}"


def _filtered(dataset: str, old: Any, new: Any, root: Path) -> str:
    grids = read_table(root / f"data/grids/{dataset}.parquet", GRIDS)
    kept = [
        set(
            apply_filters(grids, parse_section(FilterSettings, section, "filter"))
            .grids["piece_id"]
            .to_pylist()
        )
        for section in (old, new)
    ]
    gained, lost = len(kept[1] - kept[0]), len(kept[0] - kept[1])
    are = plural(gained, "is", "are")
    return f"of {counted(len(grids), 'grid')} {gained:,} more {are} kept and {lost:,} more rejected"


def _moved(dataset: str, old: Any, new: Any, root: Path) -> str:
    rows = read_table(root / f"data/filtered/{dataset}.parquet", GRIDS, ["piece_id"])
    families = read_table(root / "data/families.parquet", FAMILIES)
    own = families.take(np.unique(family_rows(rows["piece_id"].to_pylist(), families)))
    before, after = (assign(own, parse_section(SPLIT, section, "split")) for section in (old, new))
    n_moved = int((before != after).sum())
    return f"of {counted(len(own), 'piece')} {n_moved:,} {plural(n_moved, 'moves', 'move')} to another split"


def _requantized(dataset: str, old: Any, new: Any, root: Path) -> str:
    place = Path(str(lookup(load_yaml(root / PARAMS_FILE), "datasets", dataset, "notes")))
    files = sorted((root / place).glob("*.parquet")) if (root / place).is_dir() else [root / place]
    corpora = lookup(load_yaml(root / PARAMS_FILE), "datasets", dataset, "corpora")
    notes = pa.concat_tables([read_table(file, NOTES) for file in files if file.stem in corpora])
    before, after = (
        _by_piece(quantize(notes, parse_section(QuantizeSettings, section, "quantize")).grids)
        for section in (old, new)
    )
    pieces = before.keys() | after.keys()
    other = sum(before.get(piece) != after.get(piece) for piece in pieces)
    return f"of {counted(len(pieces), 'grid')} {other:,} {plural(other, 'changes', 'change')}"


def _by_piece(grids: pa.Table) -> Mapping[str, int]:
    columns = [name for name in ("pitch", "tied", "steps_per_quarter") if name in grids.column_names]
    contents = zip(*(grids[name].to_pylist() for name in columns), strict=True)
    return {
        piece: hash(str(content))
        for piece, content in zip(grids["piece_id"].to_pylist(), contents, strict=True)
    }


COUNTERS: Mapping[str, Counter] = {"filter": _filtered, "split": _moved, "quantize": _requantized}
TABLES = {  # input tables of a stage; for parse and families, their last outputs
    "parse": "data/notes/{}.parquet",
    "families": "data/families.parquet",
    "quantize": "data/grids/{}.parquet",
    "filter": "data/grids/{}.parquet",
    "split": "data/filtered/{}.parquet",
    "encode": "data/filtered/{}.parquet",
}
