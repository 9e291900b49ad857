"""Transpose, encode to token shards, and write the data card."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from pipeline.core import vocabulary
from pipeline.core.accounting import Count, add_counts, balance, require_rows
from pipeline.core.files import replacing, replacing_folder, write_json, write_text
from pipeline.core.settings import read_section
from pipeline.core.tables import GRIDS, SPLITS, TOKENS, read_table, write_rejections, write_table
from pipeline.datasets.columns.chunks import read_portions
from pipeline.datasets.encoding.croissant import make_croissant
from pipeline.datasets.encoding.data_card import make_card, prose
from pipeline.datasets.encoding.distributions import Counts, added, distributions
from pipeline.datasets.encoding.encode import Encoded, EncodeSettings, encode_portions, join
from pipeline.datasets.encoding.shards import shard_metadata, shards
from pipeline.workflow.progress import say
from pipeline.workflow.runner import stage_main


def run(dataset: str) -> None:
    """Write the shards of one data set; the books count grids."""
    settings = read_section(EncodeSettings, "datasets", dataset, "encode")
    audit = json.loads(Path(f"data/splits/{dataset}.audit.json").read_text(encoding="utf-8"))
    tokens, cards = Path("data/tokens") / dataset, Path("data/cards") / dataset
    outlines: list[Encoded] = []
    counts: list[dict[str, Count]] = []
    portions: list[Counts] = []

    def encoded() -> Iterator[pa.Table]:
        grids = read_portions([Path(f"data/filtered/{dataset}.parquet")], GRIDS)
        splits = read_table(Path(f"data/splits/{dataset}.parquet"), SPLITS)
        for incoming, made in encode_portions(grids, splits, settings):
            came, kept = (table["piece_id"].to_pylist() for table in (incoming, made.rows))
            counts.append(balance("encode", came, kept, made.rejections))
            outlines.append(made.outline())
            portions.append(distributions(made.rows))
            yield made.rows

    with replacing_folder(tokens) as folder:
        for name, shard in shards(encoded(), settings.max_rows_per_shard):
            write_table(folder / f"{name}.parquet", shard, TOKENS, shard_metadata(settings))
        made, books = join(outlines), add_counts(counts)
        n_kept = made.rows.num_rows
        require_rows("encode", dataset, n_kept, [rejection.rule for rejection in made.rejections])
    card = make_card(dataset, made, settings, books, audit, added(portions))
    write_text(cards / "vocabulary.json", vocabulary.as_json())
    write_json(cards / "card.json", card)
    write_text(cards / "README.md", prose(card))
    for name in ("leaks.parquet", "leaks.md"):
        with replacing(cards / name) as partial:
            shutil.copyfile(f"data/splits/{dataset}.{name}", partial)
    write_json(cards / "croissant.json", make_croissant(card, sorted(tokens.glob("*/*.parquet")), cards))
    write_rejections(Path(f"data/rejected/encode/{dataset}.parquet"), "encode", made.rejections, books)
    n_incoming = sum(count.incoming for count in books.values())
    say(f"encode@{dataset}: {n_kept} of {n_incoming} examples written")


if __name__ == "__main__":
    stage_main("encode", run)
