"""Keep the grids that pass every filter, and the reasons of the others."""

from pathlib import Path

import pyarrow as pa

from pipeline.core.accounting import add_counts, balance, require_rows
from pipeline.core.portions import open_table
from pipeline.core.rejections import rejection_table, write_rejected
from pipeline.core.schemas import GRIDS
from pipeline.core.settings import read_section
from pipeline.core.text import counted
from pipeline.datasets.columns.chunks import read_portions
from pipeline.datasets.filters import FilterSettings, filter_portions
from pipeline.workflow.progress import say
from pipeline.workflow.runner import stage_main


def run(dataset: str) -> None:
    """Filter one data set; grids are counted."""
    settings = read_section(FilterSettings, "datasets", dataset, "filter")
    counts, rejected = [], []
    grids = read_portions([Path(f"data/grids/{dataset}.parquet")], GRIDS)
    with open_table(Path(f"data/filtered/{dataset}.parquet"), GRIDS) as filtered:
        for made in filter_portions(grids, settings):
            kept = made.grids["piece_id"].to_pylist()
            counts.append(balance("filter", made.incoming, kept, made.rejections))
            rejected.append(rejection_table("filter", made.rejections))
            filtered.add(made.grids)
        rows = pa.concat_tables(rejected)
        require_rows("filter", dataset, filtered.n_rows, rows["rule"].to_pylist())
    books = add_counts(counts)
    write_rejected(Path(f"data/rejected/filter/{dataset}.parquet"), rows, books)
    n_incoming = sum(count.incoming for count in books.values())
    say(f"filter@{dataset}: {filtered.n_rows:,} of {counted(n_incoming, 'grid')} kept")


if __name__ == "__main__":
    stage_main("filter", run)
