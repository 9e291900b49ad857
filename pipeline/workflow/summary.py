"""Summary tables of a stage, read from the files that it wrote.

Nothing is counted a second time: the accounts are in the metadata of the
rejected tables, the numbers of rows and tokens of shards in Parquet's own, figures and
losses in their files. Each file is read as any other program would read it, so
that a stage does not depend on how its summary looks.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pyarrow import ArrowException

from pipeline.core.rejections import COUNTS
from pipeline.core.settings import PARAMS_FILE, load_yaml
from pipeline.core.text import message_of, plural
from pipeline.errors import PipelineError
from pipeline.workflow.dvcfile import declared

GROUPS = ("corpora", "datasets", "experiments")  # of params.yaml
MOST_SHOWN = 4  # rules, and names of parts
NO_NAME = "(no name)"
EMBARGOED = "embargoed"  # named only where there are such pieces
SPLITS = ("train", "valid", "test", EMBARGOED)
TOKENS = "tokens.list.element"


class SummaryError(PipelineError):
    """The files of a stage are missing or damaged."""


@dataclass(frozen=True)
class Summary:
    """A table of text.

    Attributes:
        columns: the first one names the rows.
        rows: one text per column.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def summaries(name: str, root: Path = Path()) -> list[Summary]:
    """The summary tables of the last run of a stage (``name`` or ``name@key``).

    Args:
        root: the folder of params.yaml and data/.

    Raises:
        DvcFileError: there is no such stage, or no such key.
        SummaryError: a file is missing or damaged.
    """
    stage, _, key = name.partition("@")
    outs = [root / out for out in declared(stage, key or None, root).outs]
    if stage == "check":
        return [_entries(load_yaml(root / PARAMS_FILE))]
    try:
        told = [tell(out) for out in outs for place, tell in TELLS.items() if out.match(place)]
        return told or [_files(outs, root)]
    except (OSError, ArrowException) as error:
        raise SummaryError(
            f"{name} cannot be summarized: {message_of(error)}; `dvc repro` writes its files"
        ) from None


def _entries(params: Mapping[str, Any]) -> Summary:
    """The groups of params.yaml: sections of entries by name."""
    sections = {name: list(params[name]) for name in GROUPS if name in params}
    return Summary(
        ("section", "entries", "names"),
        tuple((name, str(len(names)), ", ".join(names)) for name, names in sections.items()),
    )


def _counts(rejected: Path) -> Summary:
    """Rows in, kept and rejected by corpus, and pieces rejected by each rule."""
    file = pq.ParquetFile(rejected)
    counts = json.loads(file.schema_arrow.metadata[COUNTS.encode()])
    rows = file.read(["piece_id", "rule"]).to_pylist()
    broken: dict[str, Counter[str]] = defaultdict(Counter)
    for piece, rule in {(row["piece_id"], row["rule"]) for row in rows}:
        broken[piece.split("/", 1)[0]][rule] += 1
    total = {column: sum(count[column] for count in counts.values()) for column in ("incoming", "kept")}
    lines = [(corpus, count["incoming"], count["kept"], broken[corpus]) for corpus, count in counts.items()]
    if len(lines) > 1:
        lines.append(("all", total["incoming"], total["kept"], sum(broken.values(), Counter())))
    return Summary(
        ("corpus", "in", "kept", "rejected", "rules broken, in pieces"),
        tuple(
            (corpus, f"{came:,}", f"{kept:,}", f"{came - kept:,}", _most(rules))
            for corpus, came, kept, rules in lines
        ),
    )


def _most(counts: Counter[str]) -> str:
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    named = [f"{name} {n:,}" for name, n in ordered[:MOST_SHOWN]]
    others = len(ordered) - len(named)
    return ", ".join([*named, f"{others} {plural(others, 'other')}"] if others else named)


def _parts_taken(path: Path) -> Summary:
    """Pieces with several parts, and the names of the parts used as voices."""
    rows = pq.read_table(path, columns=["piece_id", "corpus", "n_parts", "part_names"]).to_pylist()
    pieces = {re.sub(r":\d+$", "", row["piece_id"]): row for row in rows}  # phrases of a piece count once
    by_corpus: dict[str, list[list[str]]] = defaultdict(list)
    n_pieces = Counter(row["corpus"] for row in pieces.values())
    for row in pieces.values():
        if row["n_parts"] > 1:
            by_corpus[row["corpus"]].append([name or NO_NAME for name in row["part_names"]])
    n_voices = max((len(row["part_names"]) for row in rows), default=0)
    return Summary(
        ("corpus", "voice", "pieces", "with several parts", "parts used in these"),
        tuple(
            (
                corpus,
                str(voice + 1),
                f"{n:,}",
                f"{len(by_corpus[corpus]):,}",
                _most(Counter(names[voice] for names in by_corpus[corpus])),
            )
            for corpus, n in sorted(n_pieces.items())
            for voice in range(n_voices)
        ),
    )


def _families(path: Path) -> Summary:
    """Pieces and families by corpus, and the pieces with relatives in any corpus."""
    rows = pq.read_table(path, columns=["corpus", "tune_family"])
    homes: dict[str, set[str]] = defaultdict(set)
    members: dict[str, list[str]] = defaultdict(list)
    for corpus, family in zip(rows["corpus"].to_pylist(), rows["tune_family"].to_pylist(), strict=True):
        homes[family].add(corpus)
        members[corpus].append(family)
    everyone = [family for families in members.values() for family in families]
    sizes = Counter(everyone)
    return Summary(
        ("corpus", "pieces", "families", "in other corpora too", "pieces with relatives"),
        tuple(
            (
                corpus,
                f"{len(families):,}",
                f"{len(set(families)):,}",
                f"{sum(len(homes[family]) > 1 for family in set(families)):,}",
                f"{sum(sizes[family] > 1 for family in families):,}",
            )
            for corpus, families in [*sorted(members.items()), ("all", everyone)]
        ),
    )


def _splits(path: Path) -> Summary:
    """Pieces and families by split, and pieces by corpus."""
    audit = json.loads(path.read_text(encoding="utf-8"))
    by_corpus = audit["pieces_by_corpus"]
    return Summary(
        ("split", "pieces", "families", *by_corpus),
        tuple(
            (
                split,
                *(f"{audit[column][split]:,}" for column in ("pieces", "families")),
                *(f"{pieces.get(split, 0):,}" for pieces in by_corpus.values()),
            )
            for split in SPLITS
            if split != EMBARGOED or audit["pieces"].get(split)
        ),
    )


def _shards(folder: Path) -> Summary:
    """Shards, examples and tokens by split."""
    lines = []
    for split in SPLITS:
        shards = [pq.ParquetFile(shard).metadata for shard in sorted(folder.glob(f"{split}/*.parquet"))]
        if split == EMBARGOED and not shards:
            continue
        examples, tokens = sum(shard.num_rows for shard in shards), sum(map(_n_tokens, shards))
        lines.append((split, f"{len(shards):,}", f"{examples:,}", f"{tokens:,}"))
    return Summary(("split", "shards", "examples", "tokens"), tuple(lines))


def _n_tokens(shard: pq.FileMetaData) -> int:
    groups = [shard.row_group(number) for number in range(shard.num_row_groups)]
    columns = [group.column(number) for group in groups for number in range(shard.num_columns)]
    return sum(column.num_values for column in columns if column.path_in_schema == TOKENS)


def _learning(path: Path) -> Summary:
    """The loss of the first, the best and the last epoch; the best weights are kept."""
    with path.open(encoding="utf-8") as file:
        curve = list(csv.DictReader(file))
    best = min(curve, key=lambda row: float(row["valid_nats"]))
    return Summary(
        ("nats per token", "epoch", "training", "validation"),
        tuple(
            (name, row["epoch"], f"{float(row['train_nats']):.4f}", f"{float(row['valid_nats']):.4f}")
            for name, row in (("first", curve[0]), ("best", best), ("last", curve[-1]))
        ),
    )


def _figures(path: Path) -> Summary:
    """The main metrics of an experiment."""
    figures = json.loads(path.read_text(encoding="utf-8"))
    return Summary(
        ("figure", "value"),
        tuple((name, "" if value is None else f"{value:g}") for name, value in figures.items()),
    )


def _files(outs: Sequence[Path], root: Path) -> Summary:
    """Files and bytes of each output."""
    lines = []
    for out in outs:
        files = [file for file in (out.rglob("*") if out.is_dir() else [out]) if file.is_file()]
        megabytes = sum(file.stat().st_size for file in files) / 1e6
        lines.append((out.relative_to(root).as_posix(), f"{len(files):,}", f"{megabytes:,.2f}"))
    return Summary(("output", "files", "MB"), tuple(lines))


TELLS: dict[str, Callable[[Path], Summary]] = {  # by the place of an output
    "data/rejected/*/*.parquet": _counts,
    "data/grids/*.parquet": _parts_taken,
    "data/families.parquet": _families,
    "data/splits/*.audit.json": _splits,
    "data/tokens/*": _shards,
    "data/plots/*/learning.csv": _learning,
    "data/metrics/*.json": _figures,
}
