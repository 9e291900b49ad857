"""The summary tables of stages, compared with the files."""

import io
import json
import shutil
from contextlib import redirect_stdout
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.core.accounting import Count, Rejection
from pipeline.core.rejections import write_rejections
from pipeline.core.schemas import FAMILIES, GRIDS, TOKENS
from pipeline.core.tables import read_table, write_table
from pipeline.workflow.progress import show
from pipeline.workflow.summary import Summary, SummaryError, summaries
from tests.helpers.paths import ROOT


def only(tables: list[Summary]) -> list[tuple[str, ...]]:
    (table,) = tables
    return list(table.rows)


def drawn(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    with redirect_stdout(io.StringIO()) as out:
        show(columns, rows, stderr=False)
    return out.getvalue().splitlines()


def test_pieces_are_counted_and_the_most_frequent_rules_named(project: Path, tmp_path: Path) -> None:
    shutil.copy(project / "dvc.yaml", tmp_path)
    shutil.copy(project / "params.yaml", tmp_path)
    broken = [Rejection(f"a/{number}", rule) for number, rule in enumerate("vwxyzz")]
    broken += [Rejection("a/0", "v", part=1), Rejection("b/1", "long"), Rejection("b/1", "high")]
    counts = {"a": Count(1300, 1294, 6), "b": Count(1, 0, 1)}
    path = tmp_path / "data/rejected/filter/tunes.parquet"
    path.parent.mkdir(parents=True)
    write_rejections(path, "filter", broken, counts)
    assert only(summaries("filter@tunes", tmp_path)) == [
        ("a", "1,300", "1,294", "6", "z 2, v 1, w 1, x 1, 1 other"),
        ("b", "1", "0", "1", "high 1, long 1"),
        ("all", "1,301", "1,294", "7", "z 2, high 1, long 1, v 1, 3 others"),
    ]


def test_one_corpus_has_no_total_row(project: Path) -> None:
    (row,) = only(summaries("filter@tunes", project))
    assert row == ("songs", "4", "3", "1", "too_few_notes 1")


def test_families_are_counted_by_corpus(project: Path) -> None:
    families = read_table(project / "data/families.parquet", FAMILIES)["tune_family"].to_pylist()
    relatives = sum(families.count(family) > 1 for family in families)
    assert relatives == 2
    counted = (str(len(families)), str(len(set(families))), "0", str(relatives))
    assert only(summaries("families", project)) == [("songs", *counted), ("all", *counted)]


def test_shards_are_counted_by_their_own_metadata(project: Path) -> None:
    shards, books = summaries("encode@phrases", project)
    read = [read_table(path, TOKENS) for path in (project / "data/tokens/phrases").glob("train/*.parquet")]
    n_tokens = sum(len(tokens) for table in read for tokens in table["tokens"].to_pylist())
    n_rows = sum(map(len, read))
    assert shards.rows == (
        ("train", str(len(read)), str(n_rows), str(n_tokens)),
        *((split, "0", "0", "0") for split in ("valid", "test")),
    )
    assert books.rows[0][2] == str(n_rows)


def test_a_split_is_counted_by_corpus(project: Path) -> None:
    assert only(summaries("split@tunes", project)) == [
        ("train", "3", "2", "3"),
        ("valid", "0", "0", "0"),
        ("test", "0", "0", "0"),
    ]


def test_downloaded_files_are_counted(project: Path) -> None:
    files = [file for file in (project / "data/raw/songs").iterdir() if file.is_file()]
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    assert only(summaries("download@songs", project)) == [
        ("data/raw/songs", str(len(files)), f"{megabytes:.2f}")
    ]


def test_a_training_shows_its_best_epoch_and_an_evaluation_its_figures(tmp_path: Path) -> None:
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    (tmp_path / "params.yaml").write_text(
        "experiments: {first: {dataset: tunes, init_from: scratch, model: {kind: lstm}}}", encoding="utf-8"
    )
    curve = tmp_path / "data/plots/first/learning.csv"
    metrics = tmp_path / "data/metrics/first.json"
    for path in (curve, metrics):
        path.parent.mkdir(parents=True)
    curve.write_text("epoch,train_nats,valid_nats\n1,2.0,1.5\n2,1.0,1.25\n3,0.5,1.75\n")
    metrics.write_text(json.dumps({"bits_per_onset": 3.25, "exact": 0, "greedy_error": None}))
    assert only(summaries("train@first", tmp_path)) == [
        ("first", "1", "2.0000", "1.5000"),
        ("best", "2", "1.0000", "1.2500"),
        ("last", "3", "0.5000", "1.7500"),
    ]
    assert only(summaries("evaluate@first", tmp_path)) == [
        ("bits_per_onset", "3.25"),
        ("exact", "0"),
        ("greedy_error", ""),
    ]


def test_the_check_lists_what_params_yaml_holds(project: Path) -> None:
    assert only(summaries("check", project)) == [
        ("corpora", "1", "songs"),
        ("datasets", "2", "tunes, phrases"),
        ("experiments", "0", ""),
    ]


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"PAR1 and no more PAR1")])
def test_missing_and_damaged_files_are_one_message(project: Path, tmp_path: Path, damage: object) -> None:
    copy = shutil.copytree(project, tmp_path / "copy")
    damage(copy / "data/rejected/filter/tunes.parquet")  # type: ignore[operator]
    with pytest.raises(SummaryError, match="filter@tunes cannot be summarized: .*`dvc repro`"):
        summaries("filter@tunes", copy)


def test_numbers_are_aligned_right_and_text_is_not_markup() -> None:
    assert drawn(("name", "n", "rest"), [("[red]a", "1", "x"), ("b", "1,000", "long")]) == [
        " name        n  rest",
        " [red]a      1  x",
        " b       1,000  long",
    ]


def test_quantize_shows_the_parts_used_of_several(project: Path, tmp_path: Path) -> None:
    shutil.copytree(project, tmp_path / "copy", ignore=shutil.ignore_patterns(".dvc", ".cache", ".git"))
    parts, books = summaries("quantize@tunes", tmp_path / "copy")
    assert parts.columns == ("corpus", "voice", "pieces", "with several parts", "parts used in these")
    assert parts.rows == (("songs", "1", books.rows[0][2], "0", ""),)
    path = tmp_path / "copy/data/grids/tunes.parquet"
    rows = read_table(path, GRIDS).to_pylist()
    for row, name in zip(rows, ("Voice", "Voice", ""), strict=False):
        row |= {"n_parts": 3, "part_names": [name]}
    write_table(path, pa.Table.from_pylist(rows, schema=GRIDS), GRIDS)
    assert summaries("quantize@tunes", tmp_path / "copy")[0].rows[0][3:] == ("3", "Voice 2, (no name) 1")
