"""Transpose, encode to token shards, and write the data card."""

import shutil
from pathlib import Path

from pipeline.core import vocabulary
from pipeline.core.accounting import require_rows
from pipeline.core.files import replacing, replacing_folder, write_json, write_text
from pipeline.core.json_files import read_object
from pipeline.core.rejections import write_rejections
from pipeline.core.schemas import GRIDS, SPLITS
from pipeline.core.settings import read_section
from pipeline.core.tables import read_table, readable
from pipeline.core.text import counted
from pipeline.datasets.columns.chunks import read_portions
from pipeline.datasets.encoding.croissant import make_croissant
from pipeline.datasets.encoding.data_card import make_card, prose
from pipeline.datasets.encoding.dataset import write_shards
from pipeline.datasets.encoding.encode import EncodeSettings
from pipeline.workflow.portion_map import portion_map
from pipeline.workflow.progress import say
from pipeline.workflow.runner import stage_main

OF_AUDIT = ("settings", "pieces", "families", "warnings")


def run(dataset: str) -> None:
    """Write the shards and the cards of one data set; grids are counted."""
    settings = read_section(EncodeSettings, "datasets", dataset, "encode")
    audit = read_object(Path(f"data/splits/{dataset}.audit.json"), *OF_AUDIT)
    tokens, cards = Path("data/tokens") / dataset, Path("data/cards") / dataset
    filtered = [Path(f"data/filtered/{dataset}.parquet")]
    splits = read_table(Path(f"data/splits/{dataset}.parquet"), SPLITS)
    with replacing_folder(tokens) as folder:
        grids, mapped = read_portions(filtered, GRIDS), portion_map(filtered)
        made = write_shards(folder, grids, splits, settings, audit["settings"], mapped)
        rejections = made.outline.rejections
        require_rows("encode", dataset, made.n_rows, [rejection.rule for rejection in rejections])
    card = make_card(dataset, made.outline, settings, made.counts, audit, made.distributions)
    write_text(cards / "vocabulary.json", vocabulary.as_json())
    write_json(cards / "card.json", card)
    write_text(cards / "README.md", prose(card))
    for name in ("leaks.parquet", "leaks.md"):
        source = Path(f"data/splits/{dataset}.{name}")
        with replacing(cards / name) as partial, readable(source):
            shutil.copyfile(source, partial)
    write_json(cards / "croissant.json", make_croissant(card, sorted(tokens.glob("*/*.parquet")), cards))
    write_rejections(Path(f"data/rejected/encode/{dataset}.parquet"), "encode", rejections, made.counts)
    n_incoming = sum(count.incoming for count in made.counts.values())
    say(f"encode@{dataset}: {made.n_rows:,} of {counted(n_incoming, 'example')} written")


if __name__ == "__main__":
    stage_main("encode", run)
