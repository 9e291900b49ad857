"""Quantize the notes of a data set on its grid."""

from collections import Counter
from pathlib import Path

import pyarrow as pa

from pipeline.core.accounting import add_counts, balance, require_rows
from pipeline.core.portions import open_table
from pipeline.core.rejections import rejection_table, write_rejected
from pipeline.core.schemas import GRIDS, NOTES
from pipeline.core.settings import load_yaml, lookup, read_section
from pipeline.core.text import counted
from pipeline.datasets.columns.chunks import read_portions
from pipeline.datasets.quantize import QuantizeSettings, quantize_portions
from pipeline.workflow.portion_map import portion_map
from pipeline.workflow.progress import say
from pipeline.workflow.runner import stage_main


def run(dataset: str) -> None:
    """Quantize the corpora of one data set; pieces are counted."""
    settings = read_section(QuantizeSettings, "datasets", dataset, "quantize")
    corpora = lookup(load_yaml(), "datasets", dataset, "corpora")
    notes = [Path(f"data/notes/{corpus}.parquet") for corpus in corpora]
    counts, rejected = [], []
    methods: Counter[str] = Counter()
    with open_table(Path(f"data/grids/{dataset}.parquet"), GRIDS) as grids:
        portions = read_portions(notes, NOTES, keys=("piece_id", "part"))
        for made in quantize_portions(portions, settings, portion_map(notes)):
            counts.append(balance("quantize", made.incoming, made.kept, made.rejections))
            rejected.append(rejection_table("quantize", made.rejections))
            grids.add(made.grids)
            methods.update(made.grids["grid_method"].to_pylist())
        rows, books = pa.concat_tables(rejected), add_counts(counts)
        n_kept = sum(count.kept for count in books.values())
        require_rows("quantize", dataset, n_kept, rows["rule"].to_pylist())
    write_rejected(Path(f"data/rejected/quantize/{dataset}.parquet"), rows, books)
    n_rejected = sum(count.rejected for count in books.values())
    kept, rejected_pieces = counted(n_kept, "piece"), counted(n_rejected, "piece")
    say(f"quantize@{dataset}: {counted(grids.n_rows, 'grid')} of {kept} kept, {rejected_pieces} rejected")
    if set(methods) - {"score"}:
        found = ", ".join(f"{method} {n}" for method, n in sorted(methods.items()))
        say(f"quantize@{dataset}: source of the grid positions: {found}")


if __name__ == "__main__":
    stage_main("quantize", run)
