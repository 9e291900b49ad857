"""Fine-tuning: initial weights, and no training on pieces that are evaluated."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import safetensors.torch
import torch

from pipeline.core.settings import SettingsError, parse_section
from pipeline.datasets.families.tune_families import FamilySettings, find_families
from pipeline.datasets.splits import SPLIT, split_pieces
from pipeline.models.base.lineage import (
    LeakError,
    Lineage,
    audit,
    mark_soft_relatives,
    read_lineage,
    require_embargo,
)
from pipeline.models.base.pretrained import CheckpointError, load_run
from pipeline.training.data import read_training_data
from pipeline.training.experiment import train_experiment
from tests.helpers.melodies import continuing, lstm, scale, training, write_shard
from tests.helpers.notes_text import notes_table, part
from tests.helpers.relatives import in_another_key, spelled, unrelated

RUN = 16  # intervals that make relatives


def pitches(number: int) -> list[str]:
    """Every tune has two relatives in other keys."""
    return in_another_key(unrelated(number % 40), number // 40)


def corpus(name: str, numbers: range) -> list[dict[str, Any]]:
    return [part(f"{name}/{i}", spelled(pitches(i))) for i in numbers]


def runs(number: int) -> set[tuple[int, ...]]:
    """All n-grams of 16 intervals, computed independently of the pipeline."""
    line = [int(pitch) for pitch in pitches(number)]
    merged = [line[0], *(b for a, b in pairwise(line) if a != b)]
    steps = [b - a for a, b in pairwise(merged)]
    return {tuple(steps[i : i + RUN]) for i in range(len(steps) - RUN + 1)} or {tuple(steps)}


def pieces(table: pa.Table, *splits: str) -> list[int]:
    return [int(row["piece_id"].split("/")[1]) for row in table.to_pylist() if row["split"] in splits]


@pytest.mark.parametrize("seed", [1, 2, 23])
def test_no_held_out_tune_has_a_relative_among_those_of_pretraining(seed: int) -> None:
    songs, hymns = corpus("songs", range(80)), corpus("hymns", range(80, 120))
    families = find_families(notes_table(*songs, *hymns), FamilySettings(family_run=RUN, soft={}))
    families = families.replace_schema_metadata({"family_run": str(RUN)})
    settings = parse_section(SPLIT, {"kind": "family", "seed": seed, "valid": 0.2, "test": 0.2}, "split")
    everything = split_pieces(families["piece_id"].to_pylist(), families, settings).rows
    alone = split_pieces([row["piece_id"] for row in hymns], families, settings).rows
    trained_on = set().union(*(runs(number) for number in pieces(everything, "train")))
    held_out = pieces(alone, "valid", "test")
    assert held_out
    assert not [number for number in held_out if runs(number) & trained_on]
    assert any(runs(number) & trained_on for number in pieces(alone, "train"))


def shards(folder: Path, train: int, test: int) -> Path:
    """A data set of scales; the n-th tune of either split is of family n."""
    write_shard(folder / "train/00000.parquet", [scale(50 + i, 6 + i) for i in range(train)])
    if test:
        write_shard(folder / "test/00000.parquet", [scale(60 + i, 5 + i) for i in range(test)])
    return folder


def lineage_after(*datasets: Path) -> Lineage:
    """The lineage of weights that were trained on data sets one after the other."""
    lineage = Lineage()
    for tokens in datasets:
        data = read_training_data(tokens, continuing())
        lineage = lineage.then(data.families, data.held_out.values())
    return lineage


def trained(tmp_path: Path, name: str, tokens: Path, parent: str | None = None, **model: object) -> Path:
    out = tmp_path / "runs" / name
    train_experiment(
        tokens,
        continuing(),
        lstm(**model),
        training(epochs=2),
        out,
        tmp_path / f"{name}.csv",
        tmp_path / "runs" / parent if parent else None,
    )
    return out


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)


def test_fine_tuning_starts_from_the_weights_of_another_run(tmp_path: Path) -> None:
    tokens = shards(tmp_path / "tokens", 4, 0)
    trained(tmp_path, "first", tokens)
    trained(tmp_path, "alone", tokens, dropout=0.1)
    second = trained(tmp_path, "second", tokens, parent="first", dropout=0.1)
    curves = [(tmp_path / f"{name}.csv").read_text().splitlines() for name in ("first", "alone", "second")]
    last, fresh, begun = (float(curve[at].split(",")[2]) for curve, at in zip(curves, (2, 1, 1), strict=True))
    assert begun < last < fresh
    assert load_run(second)[1].model == lstm(dropout=0.1)


def test_a_run_lists_the_families_of_all_its_trainings(tmp_path: Path) -> None:
    many, few = shards(tmp_path / "many", 6, 0), shards(tmp_path / "few", 2, 0)
    trained(tmp_path, "first", many)
    second = trained(tmp_path, "second", few, parent="first")
    assert read_training_data(few, continuing()).families == {"0", "1"}
    assert read_lineage(second).families == {"0", "1", "2", "3", "4", "5"}


def test_a_soft_relative_of_an_earlier_training_is_kept(tmp_path: Path) -> None:
    write_shard(tmp_path / "many/train/00000.parquet", [scale(50, 4)])
    write_shard(tmp_path / "many/test/00000.parquet", [scale(50, 6), scale(60, 5)], soft_relatives=[1])
    few = shards(tmp_path / "few", 2, 0)
    assert lineage_after(few).soft_relatives == frozenset()
    assert lineage_after(tmp_path / "many", few).soft_relatives == {"test/1"}
    rows = pa.table(
        {"piece_id": ["test/1", "test/2", "test/3"], "soft_relative": pa.array([False, True, None])}
    )
    marked = mark_soft_relatives(rows, Lineage(soft_relatives=frozenset({"test/1"})))
    assert marked["soft_relative"].to_pylist() == [True, True, None]


SOFT, NONE = ('{"embargo": "soft", "kind": "family"}', '{"embargo": "none", "kind": "family"}')
TESTED = {"test": pa.table({"piece_id": ["test/1", "test/2"]})}


@pytest.mark.parametrize(
    ("split", "lineage"),
    [
        (NONE, Lineage(splits=frozenset({SOFT}))),
        (SOFT, Lineage()),
        (SOFT, Lineage(splits=frozenset({SOFT}), soft_relatives=frozenset({"test/3"}))),
    ],
)
def test_an_embargo_that_all_trainings_share_is_accepted(split: str, lineage: Lineage) -> None:
    require_embargo("songs", split, TESTED, lineage)


@pytest.mark.parametrize(
    ("lineage", "message"),
    [
        (Lineage(splits=frozenset({NONE})), "give all of them the same split"),
        (Lineage(splits=frozenset({SOFT, NONE})), "give all of them the same split"),
        (Lineage(splits=frozenset({SOFT}), soft_relatives=frozenset({"test/1"})), r"1 held-out .*test/1"),
    ],
)
def test_an_embargo_that_an_earlier_training_broke_is_refused(lineage: Lineage, message: str) -> None:
    with pytest.raises(LeakError, match=message):
        require_embargo("songs", SOFT, TESTED, lineage)


def test_a_run_keeps_how_its_data_sets_were_split(tmp_path: Path) -> None:
    Lineage(splits=frozenset({SOFT, NONE})).write(tmp_path)
    assert read_lineage(tmp_path).splits == {SOFT, NONE}


def test_initial_weights_trained_on_a_relative_are_refused(tmp_path: Path) -> None:
    trained(tmp_path, "first", shards(tmp_path / "many", 4, 0))
    leaking = shards(tmp_path / "leaking", 1, 3)
    with pytest.raises(LeakError, match=r"3 of 3 test pieces .*\(test/0, test/1, test/2\)"):
        trained(tmp_path, "second", leaking, parent="first")
    assert not (tmp_path / "runs/second").exists()


def test_a_relative_two_trainings_ago_is_refused(tmp_path: Path) -> None:
    trained(tmp_path, "first", shards(tmp_path / "many", 4, 0))
    trained(tmp_path, "second", shards(tmp_path / "few", 1, 0), parent="first")
    held_out = read_training_data(shards(tmp_path / "leaking", 1, 2), continuing()).held_out
    seen = read_lineage(tmp_path / "runs/second").families
    with pytest.raises(LeakError):
        audit("leaking", held_out, seen)


def test_another_model_than_the_parents_is_refused(tmp_path: Path) -> None:
    tokens = shards(tmp_path / "tokens", 4, 0)
    trained(tmp_path, "first", tokens)
    with pytest.raises(
        SettingsError, match=r"runs/first, its initial weights \(hidden_size: 16 here, 12 there\)"
    ):
        trained(tmp_path, "second", tokens, parent="first", hidden_size=16)


def test_a_parent_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="nowhere.*cannot be read"):
        trained(tmp_path, "second", shards(tmp_path / "tokens", 4, 0), parent="nowhere")


def test_weights_of_another_run_with_its_digest_are_refused(tmp_path: Path) -> None:
    tokens = shards(tmp_path / "tokens", 4, 0)
    one, other = trained(tmp_path, "one", tokens), trained(tmp_path, "other", shards(tmp_path / "more", 5, 0))
    forged = (one / "config.json").read_text().replace(sha256_in(one), sha256_in(other))
    (one / "weights.safetensors").write_bytes((other / "weights.safetensors").read_bytes())
    (one / "config.json").write_text(forged)
    with pytest.raises(CheckpointError, match="weights of another model"):
        load_run(one)


def sha256_in(run: Path) -> str:
    return (run / "config.json").read_text().split('"weights_sha256": "')[1][:64]


def test_the_metadata_of_weights_describes_their_model(tmp_path: Path) -> None:
    run = trained(tmp_path, "one", shards(tmp_path / "tokens", 4, 0))
    with safetensors.safe_open(run / "weights.safetensors", "pt") as file:
        metadata_text = file.metadata()["config"]
    for fact in (
        '"hidden_size": 12',
        '"data_fingerprint": "',
        '"vocabulary_sha256": "',
        '"dataset": "tokens"',
    ):
        assert fact in metadata_text
    assert isinstance(safetensors.torch.load_file(run / "weights.safetensors")["output.bias"], torch.Tensor)
