"""Keep the grids that pass every filter, and the reasons of the others."""

from pathlib import Path

from pipeline.books import balance, require_rows
from pipeline.filters import FilterSettings, apply_filters
from pipeline.progress import say
from pipeline.runner import stage_main
from pipeline.settings import read_section
from pipeline.tables import GRIDS, read_table, write_rejections, write_table


def run(dataset: str) -> None:
    """Filter one data set; the books count grids."""
    settings = read_section(FilterSettings, "datasets", dataset, "filter")
    grids = read_table(Path(f"data/grids/{dataset}.parquet"), GRIDS)
    made = apply_filters(grids, settings)
    incoming, kept = grids["piece_id"].to_pylist(), made.grids["piece_id"].to_pylist()
    counts = balance("filter", incoming, kept, made.rejections)
    require_rows("filter", dataset, kept, made.rejections)
    write_table(Path(f"data/filtered/{dataset}.parquet"), made.grids, GRIDS)
    write_rejections(Path(f"data/rejected/filter/{dataset}.parquet"), "filter", made.rejections, counts)
    say(f"filter@{dataset}: {len(kept)} of {len(incoming)} grids kept")


if __name__ == "__main__":
    stage_main("filter", run)
