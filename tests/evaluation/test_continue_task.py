import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipeline.core import vocabulary
from pipeline.core.schemas import TOKENS
from pipeline.core.tables import write_table
from pipeline.core.vocabulary import START, STOP
from pipeline.evaluation.continue_task import evaluate_continuing
from pipeline.evaluation.predictor import EvaluationError
from pipeline.evaluation.settings import ContinueEvaluation
from pipeline.models.base.batches import fingerprint
from pipeline.models.base.lineage import Lineage
from pipeline.models.base.pretrained import Run, save_run
from pipeline.models.base.registry import build, parse_model
from pipeline.training.data import read_training_data
from tests.helpers.melodies import continuing, copying, lstm

SETTINGS = ContinueEvaluation(
    cut=0.5,
    ngram_order=2,
    ngram_mixing_b=1.5,
    scores=2,
    continued_pieces=2,
    continuation_samples=3,
    temperature=1.0,
    seed=1,
    sample_temperature=1.0,
    sample_top_p=1.0,
    repetition_nats=1.0,
    voice_leading="default",
    save_attention=True,
    device="cpu",
    threads=1,
)
MODEL = lstm(attention="additive").model_dump()
COPYING = copying().model_dump()
TUNES = {
    "train": {"essen/1": [60, 188, 62, 190, 64, 192], "ryans/1": [60, 60, 62, 62]},
    "test": {"essen/2": [60, 188, 64, 192, 67], "ryans/2": [72, 0, 128, 71], "ryans/3": [60, 62, 64]},
}


def row(piece_id: str, split: str, tokens: list[int]) -> dict[str, Any]:
    return {
        **dict.fromkeys(TOKENS.names),
        "piece_id": piece_id,
        "corpus": piece_id.split("/")[0],
        "title": f"The {piece_id}",
        "tune_family": piece_id,
        "split": split,
        "tokens": [START, *tokens, STOP],
        "n_steps": len(tokens),
        "voices": 1,
        "steps_per_quarter": 2,
        "transposition": 3,
        "soft_relative": piece_id == "ryans/2",
    }


def shards(folder: Path, splits: tuple[str, ...] = ("train", "test")) -> Path:
    for split in ("train", "valid", "test"):
        (folder / split).mkdir(parents=True)
        rows = [row(piece, split, tune) for piece, tune in TUNES.get(split, {}).items()]
        if split in splits:
            table = pa.Table.from_pylist(rows, schema=TOKENS)
            write_table(
                folder / split / "00000.parquet", table, TOKENS, {"vocabulary_sha256": vocabulary.sha256()}
            )
    return folder


def trained(folder: Path, tokens: Path, **changes: Any) -> Path:
    config = parse_model(changes if "kind" in changes else {**MODEL, **changes}, "model")
    save_run(folder, build(config), Run(config, tokens.name, fingerprint(tokens), 1, 1.0))
    data = read_training_data(tokens, continuing())
    Lineage().then(data.families, data.held_out.values()).write(folder)
    return folder


def test_an_evaluation_writes_figures_and_samples(tmp_path: Path) -> None:
    tokens = shards(tmp_path / "tokens")
    numbers = evaluate_continuing(tokens, trained(tmp_path / "run", tokens), SETTINGS, tmp_path / "out")
    assert len(numbers) == 5
    assert set(numbers) >= {
        "nats_per_token",
        "bits_per_onset",
        "onset_accuracy",
        "ngram_memory",
        "exact",
    }
    assert all(isinstance(number, int | float) for number in numbers.values())
    figures = json.loads((tmp_path / "out/figures.json").read_text())
    assert figures["split"] == "test"
    assert list(figures["predictors"]) == ["model", "model_memory", "ngram", "ngram_memory", "copy"]
    assert figures["predictors"]["model"]["without_soft_relatives"]["overall"]["n_pieces"] == 2
    baseline = figures["predictors"]["ngram_memory"]["all"]["overall"]
    assert baseline["bits_per_onset"] == numbers["ngram_memory"]
    continued = figures["continuations"]
    assert list(continued["predictors"]) == [
        "model",
        "model, greedy decoding",
        "repeat the prompt",
        "repeat the last note",
        "another tune",
        "markov chain",
    ]
    assert continued["predictors"]["model"]["10"]["n_pieces"] == 2
    samples = json.loads((tmp_path / "out/samples.json").read_text())
    assert [len(samples), numbers["exact"]] == [2, 0]
    assert all(
        (tmp_path / "out" / file).exists()
        for s in samples
        for f in s["files"].values()
        for file in f.values()
    )


def test_two_evaluations_give_the_same_bytes(tmp_path: Path) -> None:
    tokens = shards(tmp_path / "tokens")
    run = trained(tmp_path / "run", tokens)
    found = []
    for name in ("a", "b"):
        evaluate_continuing(tokens, run, SETTINGS, tmp_path / name)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        found.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})
    assert found[0] == found[1]


@pytest.mark.parametrize("shape", [MODEL, COPYING], ids=["lstm", "copying"])
def test_attention_is_analysed_and_its_matrices_are_written(shape: dict[str, Any], tmp_path: Path) -> None:
    tokens = shards(tmp_path / "tokens")
    evaluate_continuing(tokens, trained(tmp_path / "run", tokens, **shape), SETTINGS, tmp_path / "out")
    found = json.loads((tmp_path / "out/figures.json").read_text())["attention"]
    assert found["pieces"] == 2
    ways = ["attention", *shape.get("copies", [])]
    assert list(found["measures"]) == ways
    onsets = found["measures"]["attention"]["onsets"]["entropy_bits"]
    assert 0 < onsets["found"] <= onsets["uniform"]
    shares = [by_rows["all"]["responsibility"] for by_rows in found["components"].values()]
    assert sum(shares) == (pytest.approx(1, abs=1e-4) if "copies" in shape else 0)
    matrices = json.loads((tmp_path / "out/attention.json").read_text())
    assert [piece["piece_id"] for piece in matrices] == [
        sample["piece_id"] for sample in json.loads((tmp_path / "out/samples.json").read_text())
    ]
    for piece in matrices:
        assert list(piece["weights"]) == ways
        columns = len(piece["source"]) + ("copies" in shape) * (len(piece["target"]) - 1)
        for weights in piece["weights"].values():
            assert [len(row) for row in weights] == [columns] * len(piece["target"])


def test_without_a_test_split_the_training_pieces_are_measured(tmp_path: Path) -> None:
    tokens = shards(tmp_path / "tokens", splits=("train",))
    run = trained(tmp_path / "run", tokens, attention="none")
    evaluate_continuing(tokens, run, SETTINGS, tmp_path / "out")
    figures = json.loads((tmp_path / "out/figures.json").read_text())
    assert figures["split"] == "train"
    assert "attention" not in figures
    assert not (tmp_path / "out/attention.json").exists()


def test_a_model_of_other_shards_is_refused(tmp_path: Path) -> None:
    tokens, others = shards(tmp_path / "tokens"), shards(tmp_path / "others", splits=("train",))
    with pytest.raises(EvaluationError, match="trained on other shards"):
        evaluate_continuing(tokens, trained(tmp_path / "run", others), SETTINGS, tmp_path / "out")
