import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from pipeline.core import vocabulary
from pipeline.core.schemas import TOKENS
from pipeline.core.tables import read_table, write_table
from pipeline.core.vocabulary import START, STOP
from pipeline.decoding.voice_leading.rules import NAMES
from pipeline.evaluation.harmonies import GUIDED_BEAM, GUIDED_GREEDY, GUIDED_SAMPLED
from pipeline.evaluation.harmonize_task import HARMONIES, errors_of, evaluate_harmonizing
from pipeline.evaluation.settings import HarmonizeEvaluation
from pipeline.models.base.batches import fingerprint
from pipeline.models.base.examples import GivenError, give_voices
from pipeline.models.base.lineage import Lineage
from pipeline.models.base.pretrained import Run, save_run
from pipeline.models.base.registry import build
from pipeline.models.base.tasks import TASK
from pipeline.training.data import read_training_data
from tests.helpers.melodies import stepwise

SETTINGS = HarmonizeEvaluation(
    given=[[], [0], [1]],
    ngram_order=2,
    scores=1,
    temperature=1.0,
    voice_leading="default",
    beam=2,
    seed=1,
    device="cpu",
    threads=1,
)
DUETS = {
    "train": [[60, 48, 188, 176, 62, 50], [64, 52, 65, 53]],
    "test": [[60, 48, 62, 50, 190, 178], [64, 52, 192, 180]],
}


def row(name: str, split: str, tokens: list[int]) -> dict[str, Any]:
    return {
        **dict.fromkeys(TOKENS.names),
        **{"piece_id": f"duets/{name}", "corpus": "duets", "tune_family": name, "split": split},
        **{"tokens": [START, *tokens, STOP], "n_steps": len(tokens) // 2, "voices": 2},
        **{"steps_per_quarter": 2, "transposition": 3, "soft_relative": False},
    }


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    tokens = tmp_path / "tokens"
    for split, tunes in DUETS.items():
        rows = [row(f"{split}{i}", split, tune) for i, tune in enumerate(tunes)]
        table = pa.Table.from_pylist(rows, schema=TOKENS)
        digest = {"vocabulary_sha256": vocabulary.sha256()}
        write_table(tokens / split / "00000.parquet", table, TOKENS, digest)
    torch.manual_seed(1)
    config = stepwise()
    save_run(tmp_path / "run", build(config), Run(config, "tokens", fingerprint(tokens), 1, 1.0))
    data = read_training_data(tokens, TASK.validate_python({"kind": "harmonize", "given": "any"}))
    Lineage().then(data.families, data.held_out.values()).write(tmp_path / "run")
    numbers = evaluate_harmonizing(tokens, tmp_path / "run", SETTINGS, tmp_path / "out")
    assert list(numbers) == ["nats_given_none", "nats_given_0", "nats_given_1", "greedy_error"]
    return tmp_path / "out"


def test_every_choice_of_given_voices_is_measured_on_every_piece(measured: Path) -> None:
    table = read_table(measured / "pieces.parquet", HARMONIES).to_pandas()
    assert len(table) == 3 * 3 * 2  # choices, predictors, pieces
    tokens = table.assign(n=table.n_onset + table.n_tied + table.n_silence).groupby("given").n.sum()
    assert tokens["none"] == 2 * tokens["0"] == 2 * tokens["1"] == 3 * 10
    assert (table.n_stop == 0).all()


def test_errors_are_given_by_predicted_voice(measured: Path) -> None:
    figures = json.loads((measured / "figures.json").read_text())["given"]
    assert set(figures["none"]["errors"]["model"]) == {"all", "0", "1"}
    assert set(figures["0"]["errors"]["model"]) == set(figures["0"]["greedy_errors"]) == {"all", "1"}
    assert figures["none"]["greedy_errors"] is None
    assert figures["1"]["intervals"]["model - ngram"]["n_families"] == 2


def test_voice_leading_is_compared_with_the_original(measured: Path) -> None:
    found = json.loads((measured / "figures.json").read_text())["voice_leading"]
    assert found["given"] == [0]
    own = found["per_hundred_chords"]["original"]
    assert own["chords"] == 2 + 1
    assert own["parallel_octaves"] == pytest.approx(100 / 3, rel=1e-5)  # C-C to D-D
    free, guided = {"model, greedy decoding", "model"}, {GUIDED_GREEDY, GUIDED_BEAM, GUIDED_SAMPLED}
    assert set(found["per_hundred_chords"]) == {"original", *free, *guided}
    assert set(found["token_errors"]) == free | guided
    assert [rule["name"] for rule in found["rules"]] == list(NAMES)


def test_written_harmonies_contain_the_given_voice_unchanged(measured: Path) -> None:
    (sample,) = json.loads((measured / "samples.json").read_text())
    assert sample["given"] == [0]
    for ending in ("greedy", "sampled", "guided"):
        assert sample[ending][:-1:2] == sample["reference"][:-1:2]
        assert (measured / sample["files"][ending]["musicxml"]).exists()


def test_broken_rules_and_chords_of_samples_are_marked(measured: Path) -> None:
    (sample,) = json.loads((measured / "samples.json").read_text())
    assert set(sample["marks"]) == set(sample["chords"]) == {"reference", "greedy", "sampled", "guided"}
    for mark in sample["marks"]["reference"]:
        assert mark["rule"] in NAMES
    assert json.loads((measured / "folk.json").read_text()) == []  # a data set of two voices


def test_an_error_is_a_token_that_differs_from_the_piece() -> None:
    example = give_voices([START, 60, 48, 62, 50, STOP], [0], 2)
    harmony = np.array([60, 48, 62, 53, STOP], np.uint16)
    assert errors_of([harmony], [example]) == {"all": 0.5, "1": 0.5}


def test_all_voices_cannot_be_given() -> None:
    with pytest.raises(
        GivenError, match=r"given voices \[0, 1\]: a piece of 2 voices has 0 to 1, and at least one"
    ):
        give_voices([START, 60, 48, STOP], [0, 1], 2)
