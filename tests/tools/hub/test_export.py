"""Exported folders can be loaded by the Hub's libraries."""

import json
import shutil
from pathlib import Path

import datasets
import huggingface_hub
import mlcroissant
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

import pipeline
from pipeline.cli import main
from pipeline.core.schemas import TOKENS
from pipeline.core.tables import TableError, read_table, write_table
from pipeline.models.base.batches import fingerprint
from pipeline.models.base.pretrained import Run, save_run
from pipeline.models.base.registry import build
from pipeline.tools.hub.export import ExportError, export
from pipeline.tools.hub.licences import hub_licence, may_be_shared
from tests.helpers.melodies import copying
from tests.helpers.project import edit


@pytest.fixture
def own(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of its own, its root the working directory."""
    root = tmp_path / "project"
    shutil.copytree(finished, root)
    monkeypatch.chdir(root)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return root


def with_licences(shard: Path, licences: list[str]) -> None:
    """Write a shard again, its rows under other licences."""
    rows = read_table(shard, TOKENS)
    column = TOKENS.get_field_index("licence")
    texts = pa.array(licences, pa.string())
    write_table(shard, rows.set_column(column, TOKENS.field(column), texts), TOKENS)


@pytest.mark.usefixtures("own")
def test_a_data_set_is_loaded_by_the_libraries_of_the_hub(tmp_path: Path) -> None:
    export("tunes", tmp_path / "out")
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 3}
    assert str(loaded["train"].features["tokens"].feature.dtype) == "uint16"
    card = huggingface_hub.DatasetCard.load(tmp_path / "out/README.md")
    assert card.data.license == "cc0-1.0"
    assert card.data.configs[0]["data_files"] == [{"split": "train", "path": "data/train-*.parquet"}]
    metadata = mlcroissant.Dataset(jsonld=str(tmp_path / "out/croissant.json"))
    assert len(list(metadata.records("rows-data-train-00000-of-00001"))) == 3
    assert len(pipeline.load_dataset(tmp_path / "out", "train")) == 3


@pytest.mark.usefixtures("own")
def test_every_field_of_croissant_is_described(tmp_path: Path) -> None:
    export("tunes", tmp_path / "out")
    (record_set,) = json.loads((tmp_path / "out/croissant.json").read_text())["recordSet"]
    assert [field["name"] for field in record_set["field"]] == TOKENS.names
    assert all(len(field["description"]) > 9 for field in record_set["field"])


def test_rows_that_may_not_be_redistributed_are_left_out_and_counted(own: Path, tmp_path: Path) -> None:
    with_licences(own / "data/tokens/tunes/train/00000.parquet", ["CC0-1.0", "none stated", "CC-BY-ND-4.0"])
    messages = "\n".join(export("tunes", tmp_path / "out"))
    assert "left out: 1 row, licence 'none stated'" in messages
    rows = pq.read_table(tmp_path / "out/data/train-00000-of-00001.parquet")
    assert rows["licence"].to_pylist() == ["CC0-1.0"]
    assert "Left out" in (tmp_path / "out/README.md").read_text()
    export("tunes", tmp_path / "more", ["none stated"])
    assert pq.read_metadata(tmp_path / "more/data/train-00000-of-00001.parquet").num_rows == 2


def test_a_data_set_without_redistributable_rows_is_refused(own: Path, tmp_path: Path) -> None:
    with_licences(own / "data/tokens/tunes/train/00000.parquet", ["none stated"] * 3)
    with pytest.raises(TableError, match=r"no row may be redistributed under its licence \('none stated'\)"):
        export("tunes", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_is_loaded_from_its_folder_alone(own: Path, tmp_path: Path) -> None:
    torch.manual_seed(3)
    tokens = own / "data/tokens/tunes"
    save_run(own / "data/runs/first", build(copying()), Run(copying(), "tunes", fingerprint(tokens), 1, 1.0))

    def add(params: dict[str, object]) -> None:
        model = copying().model_dump()
        task = {"kind": "continue", "cut": 0.5, "min_cut": 0.0, "max_cut": 0.0}
        params["experiments"] = {
            "first": {"dataset": "tunes", "task": task, "init_from": "scratch", "model": model}
        }

    edit(own / "params.yaml", add)
    main(["export-hub", "first", str(tmp_path / "out")])
    shutil.rmtree(own / "data")
    (own / "params.yaml").unlink()
    model = pipeline.load_model(tmp_path / "out")
    assert model.generate("tinyNotation: 4/4 c4 d e f", quarters=2).n_steps >= 4
    card = huggingface_hub.ModelCard.load(tmp_path / "out/README.md")
    assert "tune families" in card.text


@pytest.mark.usefixtures("own")
def test_a_wrong_name_and_a_full_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="did you mean 'tunes'"):
        export("tune", tmp_path / "out")
    with pytest.raises(ExportError, match="a new or empty folder"):
        export("tunes", tmp_path)


@pytest.mark.parametrize(
    ("licence", "shared"),
    [
        ("CC0-1.0", True),
        ("CC-BY-NC-SA-4.0", True),
        ("GPL-3.0", True),
        ("non-commercial distribution and use permitted (music21 corpus/essenFolksong/license.txt)", True),
        ("scores in the public domain, as its README states", True),
        ("CC-BY-NC-ND-4.0", False),
        ("all rights reserved", False),
        ("for research only", False),
        ("none stated", False),
        ("", False),
        (None, False),
    ],
)
def test_a_licence_permits_or_forbids_redistribution(licence: str | None, shared: bool) -> None:
    assert may_be_shared(licence) == shared


def test_the_licence_on_the_hub_is_the_only_known_one_or_other() -> None:
    assert hub_licence({"CC-BY-4.0"}) == "cc-by-4.0"
    assert hub_licence({"CC-BY-4.0", "CC0-1.0"}) == hub_licence({"a sentence"}) == "other"
