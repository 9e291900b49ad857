"""Every corpus of the catalogue from its raw files to shards, with the settings of ``examples/params``.

    python -m tests.benchmarks.catalogue [--corpora NAME ...] [--published FOLDER] [--into FILE]

Each corpus is the only one of a project in a temporary folder, with an empty piece cache. The
bundled corpora have the settings of the data set ``melodies``; the others those of their entry
in ``examples/params``, with the files of ``--published`` (``shared/corpora``) in place of a
download. A corpus without files there is named and left out. ``grid`` counts the kept grids by
method. ``rejected`` counts pieces by stage and rule; a piece that violates several rules counts
under each. ``soft_relatives`` are held-out pieces with a soft relative in training.
``seconds`` is the time from ``parse`` to ``encode``, one process.

For POP909, the grid that ``quantize`` finds is compared with the annotated beats of the songs in
``pop909_beats.tsv``. The tempo agrees if the steps of a quarter are as long as a beat, within 1 %;
the phase agrees if the last annotated beat is within 0.2 steps of a step of the grid. Ten melodies are
compared with the performance note by note.

The last line is one JSON object. ``--into data/benchmarks/catalogue.json`` puts the corpora into that file,
and keeps those of other runs.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from ruamel.yaml import YAML

from pipeline.core.settings import load_yaml
from pipeline.corpora.sources.catalogue import catalogue
from pipeline.corpora.sources.settings import BundledSource
from pipeline.formats.readers import SUFFIXES
from pipeline.workflow.progress import say, show
from tests.benchmarks.pop909_grids import agreement, performances
from tests.helpers.example_params import params_with
from tests.helpers.paths import ROOT, SHARED

STAGES = ("parse", "families", "quantize", "filter", "split", "encode")
OF_A_CORPUS = ("parse",)
OF_ALL = ("families",)
COLUMNS = ("corpus", "files", "pieces", "kept", "families", "soft relatives", "seconds", "rejected")


def is_bundled(corpus: str) -> bool:
    return isinstance(catalogue()[corpus].source, BundledSource)


def parameters(corpus: str, published: Path) -> dict[str, Any]:
    """The sections of params.yaml for one corpus and its data set of the same name."""
    text = params_with() if is_bundled(corpus) else params_with(corpus)
    params: dict[str, Any] = YAML(typ="safe").load(text)
    entry, dataset = (
        params["corpora"][corpus],
        dict(params["datasets"].get(corpus, params["datasets"]["melodies"])),
    )
    if not is_bundled(corpus):
        source = catalogue()[corpus].source
        entry["source"] = {
            "kind": "folder",
            "path": str((published / corpus).resolve()),
            "licence": source.licence,
            "citation": source.citation,
        }
    dataset |= {"corpora": [corpus], "notes": f"data/notes/{corpus}.parquet"}
    engine = {"kind": "serial", "workers": 1, "address": None}
    families = {
        **params["families"],
        "soft": {name: True for name in params["families"]["soft"] if name == corpus},
    }
    return {
        **params,
        "corpora": {corpus: entry},
        "datasets": {corpus: dataset},
        "experiments": {},
        "engine": engine,
        "families": families,
    }


def measured(corpus: str) -> dict[str, Any]:
    """Run the data stages in the current folder, and summarize their outputs."""
    Path("data").mkdir()
    Path("data/suffixes.txt").write_text("\n".join(SUFFIXES), encoding="utf-8")
    importlib.import_module("stages.download").run(corpus)
    begin = time.perf_counter()
    for stage in STAGES:
        run = importlib.import_module(f"stages.{stage}").run
        run() if stage in OF_ALL else run(corpus)
    seconds = time.perf_counter() - begin
    manifest = json.loads(Path(f"data/raw/{corpus}/source.json").read_text(encoding="utf-8"))
    shards = pq.read_table(f"data/tokens/{corpus}", columns=["piece_id", "tune_family"]).to_pandas()
    splits = pq.read_table(f"data/splits/{corpus}.parquet").to_pandas()
    grids = pq.read_table(f"data/filtered/{corpus}.parquet", columns=["piece_id", "grid_method"]).to_pandas()
    read = set(pq.read_table(f"data/notes/{corpus}.parquet", columns=["piece_id"])["piece_id"].to_pylist())
    rejected, n_unread = _rejected(corpus, read)
    return {
        "files": len(manifest["files"]),
        "pieces": len(read) + n_unread,
        "kept": int(shards.piece_id.nunique()),
        "rejected": rejected,
        "families": int(shards.tune_family.nunique()),
        "soft_relatives": int(splits.soft_relative.fillna(False).astype(bool).sum()),
        "held_out": int(splits.split.isin(["valid", "test"]).sum()),
        "grid": dict(sorted(Counter(grids.grid_method).items())),
        "seconds": round(seconds, 1),
    }


def _rejected(corpus: str, read: set[str]) -> tuple[dict[str, int], int]:
    """Rejected pieces by stage and rule, and the number of pieces that could not be read."""
    counts: Counter[str] = Counter()
    n_unread = 0
    for stage in ("parse", "quantize", "filter", "encode"):
        rows = pq.read_table(f"data/rejected/{stage}/{corpus}.parquet").to_pandas()
        if stage == "parse":  # the other rows are parts of pieces that were kept
            rows = rows[~rows.piece_id.isin(read)]
            n_unread = int(rows.piece_id.nunique())
        for rule, pieces in rows.groupby("rule").piece_id.nunique().items():
            counts[f"{stage}: {rule}"] += int(pieces)
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))), n_unread


def one(corpus: str, published: Path) -> dict[str, Any]:
    """The figures of one corpus."""
    params = parameters(corpus, published)
    with tempfile.TemporaryDirectory() as folder:
        YAML().dump(params, Path(folder) / "params.yaml")
        os.chdir(folder)
        os.environ["DVC_ROOT"] = folder
        try:
            found = measured(corpus)
            if corpus == "pop909":
                found["beats"] = agreement(corpus, load_yaml()["datasets"][corpus])
                found["performances"] = performances(corpus)
        finally:
            os.chdir(ROOT)
    return found


def main() -> None:
    """Measure, and print a table and one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", nargs="+", choices=list(catalogue()), default=list(catalogue()))
    parser.add_argument(
        "--published", type=Path, default=SHARED / "corpora", help="folder of published corpora"
    )
    parser.add_argument("--into", type=Path, help="JSON file to put the figures into")
    options = parser.parse_args()
    into = options.into.resolve() if options.into else None
    published = options.published.resolve()
    result: dict[str, Any] = {}
    for corpus in options.corpora:
        if not is_bundled(corpus) and not (published / corpus).is_dir():
            say(f"{corpus}: no folder {published / corpus}, and not measured")
            continue
        result[corpus] = one(corpus, published)
        if into:
            held = json.loads(into.read_text(encoding="utf-8")) if into.exists() else {}
            into.write_text(json.dumps(held | result, indent=2) + "\n", encoding="utf-8")
    keys = ("files", "pieces", "kept", "families", "soft_relatives", "seconds")
    rows = [
        (
            corpus,
            *(str(found[key]) for key in keys),
            ", ".join(f"{n} {rule}" for rule, n in found["rejected"].items()),
        )
        for corpus, found in result.items()
    ]
    show(COLUMNS, rows, stderr=False)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
