"""Transpose, encode to token shards, and write the data card."""

import json
import shutil
from pathlib import Path

from pipeline import vocabulary
from pipeline.books import balance, require_rows
from pipeline.cards import make_card, prose
from pipeline.croissant import make_croissant
from pipeline.encoding import EncodeSettings, encode_rows, shard_metadata, shards
from pipeline.files import write_json, write_text
from pipeline.progress import say
from pipeline.runner import stage_main
from pipeline.settings import read_section
from pipeline.tables import GRIDS, SPLIT_NAMES, SPLITS, TOKENS, read_table, write_rejections, write_table


def run(dataset: str) -> None:
    """Write the shards of one data set; the books count grids."""
    settings = read_section(EncodeSettings, "datasets", dataset, "encode")
    grids = read_table(Path(f"data/filtered/{dataset}.parquet"), GRIDS)
    splits = read_table(Path(f"data/splits/{dataset}.parquet"), SPLITS)
    audit = json.loads(Path(f"data/splits/{dataset}.audit.json").read_text(encoding="utf-8"))
    made = encode_rows(grids, splits, settings)
    kept = made.rows["piece_id"].to_pylist()
    counts = balance("encode", grids["piece_id"].to_pylist(), kept, made.rejections)
    require_rows("encode", dataset, len(kept), [each.rule for each in made.rejections])
    tokens, cards = Path("data/tokens") / dataset, Path("data/cards") / dataset
    shutil.rmtree(tokens, ignore_errors=True)
    for split in SPLIT_NAMES:
        for number, shard in enumerate(shards(made.rows, split, settings.max_rows_per_shard)):
            write_table(tokens / split / f"{number:05d}.parquet", shard, TOKENS, shard_metadata(settings))
    card = make_card(dataset, made, settings, counts, audit)
    write_text(cards / "vocabulary.json", vocabulary.as_json())
    write_json(cards / "card.json", card)
    write_text(cards / "README.md", prose(card))
    write_json(cards / "croissant.json", make_croissant(card, sorted(tokens.glob("*/*.parquet")), cards))
    write_rejections(Path(f"data/rejected/encode/{dataset}.parquet"), "encode", made.rejections, counts)
    say(f"encode@{dataset}: {len(kept)} of {grids.num_rows} examples written")


if __name__ == "__main__":
    stage_main("encode", run)
