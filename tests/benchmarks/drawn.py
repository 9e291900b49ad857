"""Whether engraved scores show the notes of their grids: every engraving is read back from its glyphs.

Run ``python -m tests.benchmarks.drawn`` (minutes) after ``dvc repro``: 500 pieces of each
data set (``--pieces N``), all samples of all experiments, written again and as they are
stored, and the rejected pieces of the report. ``--data FOLDER`` names another ``data/``,
``--show`` prints what differs. The last line is one JSON object: pieces, notes, and how
many of both are drawn otherwise.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core import vocabulary
from pipeline.core.music import Grid
from pipeline.core.vocabulary import START, STOP
from pipeline.evaluation.samples import choose
from pipeline.formats.writers.layout import Layout, grid_of, layout_of, transposed
from pipeline.formats.writers.musicxml import as_musicxml
from pipeline.report.rejected_examples import MOST_QUARTERS, refused
from pipeline.workflow.progress import say
from tests.helpers.drawn import Drawing, differences

ENDINGS = ("reference", "greedy", "sampled")
SEED = 1  # of the choice of pieces

Row = Mapping[str, Any]


class Score(NamedTuple):
    """A score to engrave, and its grid."""

    name: str
    grid: Grid
    layout: Layout
    musicxml: str


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=Path("data"))
    arguments.add_argument("--pieces", type=int, default=500)
    arguments.add_argument("--show", action="store_true")
    options = arguments.parse_args()
    shards = {
        folder.name: _rows(folder)
        for folder in sorted((options.data / "tokens").iterdir())
        if folder.is_dir()
    }
    result = {name: _counted(_pieces(rows, options.pieces), options.show) for name, rows in shards.items()}
    known = {_place(row): row for rows in shards.values() for row in rows}
    samples = [
        score
        for file in sorted((options.data / "evaluations").glob("*/samples.json"))
        for score in _samples(file, known)
    ]
    result["samples"] = _counted((again for again, _ in samples), options.show)
    result["samples_as_stored"] = _counted((stored for _, stored in samples), show=False)
    result["rejected"] = _counted(_rejected(options.data), options.show)
    print(json.dumps(result))


def _counted(scores: Iterable[Score], show: bool) -> dict[str, int]:
    drawing = Drawing()
    counts: Counter[str] = Counter(pieces=0, notes=0, pieces_drawn_otherwise=0, notes_drawn_otherwise=0)
    for score in scores:
        found = differences(drawing, score.musicxml, score.grid, score.layout.steps_per_quarter)
        counts["pieces"] += 1
        counts["notes"] += int((~score.grid.tied & (score.grid.pitch > 0)).sum())
        counts["pieces_drawn_otherwise"] += bool(found)
        counts["notes_drawn_otherwise"] += sum("is not drawn" in fault for fault in found)
        if show and found:
            say(f"{score.name}: {'; '.join(found[:4])}")
    return dict(counts)


def _rows(folder: Path) -> list[dict[str, Any]]:
    tables = [pq.read_table(shard) for shard in sorted(folder.glob("*/*.parquet"))]
    rows: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist()
    return rows


def _place(row: Row) -> tuple[Any, ...]:
    return row["piece_id"], row["voices"], row["steps_per_quarter"]


def _pieces(rows: list[dict[str, Any]], n: int) -> Iterator[Score]:
    for index in choose([row["piece_id"] for row in rows], n, SEED):
        row = rows[index]
        yield _score(row["piece_id"], row, row["tokens"], layout_of(row, mark=None))


def _samples(file: Path, known: Mapping[tuple[Any, ...], Row]) -> Iterator[tuple[Score, Score]]:
    """Every ending of every sample: newly written, and as stored."""
    for sample in json.loads(file.read_text(encoding="utf-8")):
        row = known[_place(sample)]
        aligned = sample["given"] is not None
        layout = layout_of(row, mark=None if aligned else len(sample["source"]) // sample["voices"])
        for ending in ENDINGS:
            body = [token for token in sample[ending] if token != STOP]
            tokens = [START, *(body if aligned else [*sample["source"], *body]), STOP]
            score = _score(f"{file.parent.name} {sample['piece_id']} {ending}", row, tokens, layout)
            stored = (file.parent / sample["files"][ending]["musicxml"]).read_text(encoding="utf-8")
            yield score, score._replace(musicxml=stored)


def _rejected(data: Path) -> Iterator[Score]:
    """The pieces that filters rejected, as the report shows them."""
    rejected = sorted((data / "rejected/filter").glob("*.parquet"))
    for each in refused(data, {file.stem: pq.read_table(file).to_pylist() for file in rejected}):
        grids = pq.read_table(data / "grids" / f"{each.dataset}.parquet").to_pylist()
        row = next(row for row in grids if row["piece_id"] == each.row["piece_id"])
        grid, n_steps = grid_of(row), MOST_QUARTERS * row["steps_per_quarter"]
        shown = Grid(grid.pitch[:n_steps], grid.tied[:n_steps])
        yield Score(each.title, shown, layout_of(row, mark=None), each.musicxml)


def _score(name: str, row: Row, tokens: list[int], layout: Layout) -> Score:
    grid = transposed(vocabulary.decode(tokens, row["voices"]), -(row["transposition"] or 0))
    return Score(name, grid, layout, as_musicxml(grid, layout).decode("utf-8"))


if __name__ == "__main__":
    main()
