"""Put the notes of a data set on its grid of steps."""

from pathlib import Path

import pyarrow as pa

from pipeline.books import balance, require_rows
from pipeline.progress import say
from pipeline.quantize import QuantizeSettings, quantize
from pipeline.runner import stage_main
from pipeline.settings import load_yaml, lookup, read_section
from pipeline.tables import GRIDS, NOTES, read_table, write_rejections, write_table


def run(dataset: str) -> None:
    """Quantize the corpora of one data set; the books count pieces."""
    settings = read_section(QuantizeSettings, "datasets", dataset, "quantize")
    corpora = lookup(load_yaml(), "datasets", dataset, "corpora")
    notes = pa.concat_tables([read_table(Path(f"data/notes/{corpus}.parquet"), NOTES) for corpus in corpora])
    made = quantize(notes, settings)
    counts = balance("quantize", made.incoming, made.kept, made.rejections)
    require_rows("quantize", dataset, made.kept, made.rejections)
    write_table(Path(f"data/grids/{dataset}.parquet"), made.grids, GRIDS)
    write_rejections(Path(f"data/rejected/quantize/{dataset}.parquet"), "quantize", made.rejections, counts)
    grids = f"{made.grids.num_rows} grids of {len(made.kept)} pieces"
    say(f"quantize@{dataset}: {grids} kept, {len(made.incoming) - len(made.kept)} pieces rejected")


if __name__ == "__main__":
    stage_main("quantize", run)
