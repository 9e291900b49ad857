"""A data set as a folder for the Hub: Parquet, a card, Croissant, and the files that the card links to."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Collection, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from ruamel.yaml import YAML

from pipeline.core.files import replacing, write_json, write_text
from pipeline.core.schemas import SPLIT_NAMES, TOKENS
from pipeline.core.tables import TableError, read_table
from pipeline.core.text import counted
from pipeline.datasets.encoding.croissant import make_croissant
from pipeline.tools.hub.licences import hub_licence, may_be_shared
from pipeline.tools.reference.columns import columns_of

HUB_SPLITS = {"train": "train", "valid": "validation", "test": "test"}
TAGS = ("music", "symbolic-music", "melody", "tokens")
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def export_dataset(name: str, folder: Path, allowed: Collection[str], root: Path) -> list[str]:
    """Write the shards that may be redistributed, and their description.

    Returns:
        Messages about what was written.

    Raises:
        TableError: the data set has not been encoded, or no row of it may be redistributed.
    """
    shards, cards = root / "data/tokens" / name, root / "data/cards" / name
    card = _card(cards / "card.json")
    kept: dict[str, pa.Table] = {}
    left_out: Counter[str] = Counter()
    for split in SPLIT_NAMES:
        rows = _rows(shards / split)
        stays = [may_be_shared(licence, allowed) for licence in rows["licence"].to_pylist()]
        left_out.update(
            licence or "none stated"
            for licence, fits in zip(rows["licence"].to_pylist(), stays, strict=True)
            if not fits
        )
        rows = rows.filter(pa.array(stays, pa.bool_()))
        if rows.num_rows:
            kept[split] = rows
    if not kept:
        licences = ", ".join(f"'{licence}'" for licence in left_out)
        raise TableError(
            f"{name}: no row may be redistributed under its licence ({licences or 'no rows'}); "
            "--allow-licence TEXT names one that you may redistribute"
        )
    files = {split: _write(folder, split, rows) for split, rows in kept.items()}
    for extra in ("vocabulary.json", "leaks.parquet", "leaks.md"):
        (folder / "card").mkdir(exist_ok=True)
        shutil.copyfile(cards / extra, folder / "card" / extra)
    write_json(folder / "croissant.json", _croissant(card, kept, files, folder))
    write_text(folder / "README.md", readme(name, card, kept, left_out))
    return _told(name, folder, kept, left_out)


def front_matter(name: str, kept: Mapping[str, pa.Table]) -> dict[str, Any]:
    """The metadata of the card that the Hub reads."""
    n_rows = sum(rows.num_rows for rows in kept.values())
    size = next((label for limit, label in SIZES if n_rows < limit), "n>1M")
    return {
        "pretty_name": f"Entchen {name}",
        "license": hub_licence(_unique(kept, "licence")),
        "tags": list(TAGS),
        "size_categories": [size],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": HUB_SPLITS[split], "path": f"data/{HUB_SPLITS[split]}-*.parquet"}
                    for split in kept
                ],
            }
        ],
        "dataset_info": {"features": [_feature(column) for column in TOKENS]},
    }


def readme(
    name: str, card: Mapping[str, Any], kept: Mapping[str, pa.Table], left_out: Mapping[str, int]
) -> str:
    """The card: front matter for the Hub, then text for people."""
    head = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.width = False, 4096
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(front_matter(name, kept), head)
    citations, licences = _unique(kept, "citation", card), _unique(kept, "licence")
    corpora = Counter(corpus for rows in kept.values() for corpus in rows["corpus"].to_pylist())
    lines = [
        f"# {name}",
        "",
        f"Music as sequences of {card['vocabulary']['size']} tokens: {counted(card['voices'], 'voice')} on "
        f"a grid of {counted(card['steps_per_quarter'], 'step')} per quarter note. Made by Entchen "
        f"{card['project_version']}.",
        "",
        "```python",
        "from datasets import load_dataset",
        "",
        f'dataset = load_dataset("{name}")    # or the path of this folder',
        "```",
        "",
        "| split | examples |",
        "| --- | --- |",
        *(f"| {HUB_SPLITS[split]} | {rows.num_rows} |" for split, rows in kept.items()),
        "",
        "No test piece shares an interval n-gram of "
        f"{card['split']['family_run']} intervals with a training piece if the split is by tune family; "
        "[card/leaks.md](card/leaks.md) has the figures of this split and of others.",
        "",
        "## Tokens",
        "",
        "0-127: a note with this MIDI number starts (0: a rest); 128-255: it is held; 256 START; 257 STOP. "
        "One token per step and voice, top voice first. [card/vocabulary.json](card/vocabulary.json) "
        "names all.",
        "",
        "## Columns",
        "",
        "| column | type | meaning |",
        "| --- | --- | --- |",
        *(f"| `{column}` | {kind} | {meaning} |" for column, kind, meaning in columns_of("tokens")),
        "",
        "## Sources and licences",
        "",
        *(f"* {corpus}: {counted(n, 'example')}" for corpus, n in sorted(corpora.items())),
        "",
        "Every row has the licence of its source:",
        "",
        *(f"* {licence}" for licence in licences),
        *_about_left_out(left_out),
        "",
        "## Citation",
        "",
        *(f"* {citation}" for citation in citations),
    ]
    return f"---\n{head.getvalue()}---\n\n" + "\n".join(lines) + "\n"


def _about_left_out(left_out: Mapping[str, int]) -> list[str]:
    if not left_out:
        return []
    listed = "; ".join(f"{n} under '{licence}'" for licence, n in sorted(left_out.items()))
    return ["", f"Left out, because their licence does not permit redistribution: {listed}."]


def _told(name: str, folder: Path, kept: Mapping[str, pa.Table], left_out: Mapping[str, int]) -> list[str]:
    counts = ", ".join(f"{rows.num_rows} {HUB_SPLITS[split]}" for split, rows in kept.items())
    lines = [f"{folder}: data set {name}: {counts}"]
    for licence, n in sorted(left_out.items()):
        lines.append(f"left out: {counted(n, 'row')}, licence '{licence}' (--allow-licence to include them)")
    return [*lines, f"Upload: hf upload --repo-type dataset USER/{name} {folder}"]


def _card(path: Path) -> dict[str, Any]:
    try:
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise TableError(
            f"{path}: missing or damaged; `dvc repro encode@{path.parent.name}` writes it"
        ) from None
    return card


def _rows(folder: Path) -> pa.Table:
    shards = [read_table(shard, TOKENS) for shard in sorted(folder.glob("*.parquet"))]
    return pa.concat_tables([TOKENS.empty_table(), *(s.replace_schema_metadata(None) for s in shards)])


def _write(folder: Path, split: str, rows: pa.Table) -> Path:
    path = folder / "data" / f"{HUB_SPLITS[split]}-00000-of-00001.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        pq.write_table(rows, partial, compression="zstd")
    return path


def _croissant(
    card: Mapping[str, Any], kept: Mapping[str, pa.Table], files: Mapping[str, Path], folder: Path
) -> dict[str, Any]:
    """Croissant with the columns described and licences and citations of the exported rows."""
    made = make_croissant(card, list(files.values()), folder)
    meanings = {name: meaning for name, _, meaning in columns_of("tokens")}
    for record_set in made["recordSet"]:
        for field in record_set["field"]:
            field["description"] = meanings[field["name"]]
    return {**made, "license": _unique(kept, "licence"), "citeAs": "; ".join(_unique(kept, "citation", card))}


def _unique(kept: Mapping[str, pa.Table], column: str, card: Mapping[str, Any] | None = None) -> list[str]:
    """The licences, or the citations of the corpora, of the exported rows."""
    if card is None:
        return sorted({text or "" for rows in kept.values() for text in rows[column].to_pylist()})
    corpora = {corpus for rows in kept.values() for corpus in rows["corpus"].to_pylist()}
    return sorted({text for corpus in corpora for text in card["corpora"][corpus]["citations"]})


def _feature(column: pa.Field) -> dict[str, Any]:
    kind = column.type
    if pa.types.is_list(kind):
        return {"name": column.name, "list": _hub_type(kind.value_type)}
    return {"name": column.name, "dtype": _hub_type(kind)}


def _hub_type(kind: pa.DataType) -> str:
    return {"double": "float64", "float": "float32"}.get(str(kind), str(kind))
