"""Tables of rejected pieces and parts, with the balanced counts of the stage in their metadata."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from pathlib import Path

import pyarrow as pa

from pipeline.core.accounting import Count, Rejection
from pipeline.core.schemas import REJECTED
from pipeline.core.tables import read_metadata, readable, write_table

COUNTS = "counts"  # key of the counts in the metadata


def rejection_table(stage: str, rejections: Iterable[Rejection]) -> pa.Table:
    """Rejections as rows, sorted by piece, part and rule."""
    ordered = sorted(rejections, key=lambda r: (r.piece_id, -1 if r.part is None else r.part, r.rule))
    columns = {
        field.name: [getattr(rejection, field.name) for rejection in ordered] for field in fields(Rejection)
    }
    return pa.table({**columns, "stage": [stage] * len(ordered)}).select(REJECTED.names).cast(REJECTED)


def write_rejections(
    path: Path, stage: str, rejections: Iterable[Rejection], counts: Mapping[str, Count]
) -> None:
    """Write the rejected rows of a stage, the balanced counts in their metadata."""
    write_rejected(path, rejection_table(stage, rejections), counts)


def write_rejected(path: Path, rows: pa.Table, counts: Mapping[str, Count]) -> None:
    """Write rows of REJECTED, the balanced counts in their metadata."""
    values = {corpus: asdict(count) for corpus, count in counts.items()}
    write_table(path, rows, REJECTED, {COUNTS: json.dumps(values, sort_keys=True)})


def read_counts(path: Path) -> dict[str, Count]:
    """The counts per corpus in the metadata of a file of rejected rows."""
    with readable(path):
        counts = json.loads(read_metadata(path)[COUNTS.encode()])
        return {corpus: Count(**count) for corpus, count in counts.items()}
