"""Weights that were edited together with their digest are refused with one message."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.models.base.pretrained import CheckpointError, Run, load_run, save_run
from pipeline.models.base.registry import build
from tests.helpers.melodies import copying, lstm
from tests.helpers.tampering import Tensors, tamper_with_run

BIAS = "output.bias"


def set_bias(value: torch.Tensor) -> Callable[[Tensors], object]:
    return lambda tensors: tensors.update({BIAS: value})


@pytest.fixture
def run(tmp_path: Path) -> Path:
    save_run(tmp_path, build(lstm()), Run(lstm(), "scales", "f00d", 3, 0.5))
    return tmp_path


def test_a_run_that_is_rewritten_without_a_change_is_accepted(run: Path) -> None:
    tamper_with_run(run)
    assert load_run(run)[1].dataset == "scales"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_bias(torch.full((258,), float("nan"))), "values that are not finite"),
        (set_bias(torch.full((258,), float("-inf"))), "values that are not finite"),
        (set_bias(torch.zeros(257)), r"is torch.float32 \(257,\), expected is torch.float32 \(258,\)"),
        (set_bias(torch.zeros(258, dtype=torch.float64)), "is torch.float64"),
        (set_bias(torch.zeros(258, dtype=torch.int8)), "is torch.int8"),
        (lambda tensors: tensors.pop(BIAS), "'output.bias' is missing"),
        (lambda tensors: tensors.update({"more": torch.zeros(1)}), "'more' is unknown"),
        (lambda tensors: tensors.clear(), "more weights than the file"),
    ],
)
def test_tensors_that_do_not_fit_the_model_are_refused(
    run: Path, change: Callable[[Tensors], object], message: str
) -> None:
    tamper_with_run(run, change)
    with pytest.raises(CheckpointError, match=message):
        load_run(run)


def test_a_model_far_larger_than_its_weights_takes_no_memory(run: Path) -> None:
    tamper_with_run(run, facts={"model": lstm(hidden_size=8192, layers=16, embedding_size=4096).model_dump()})
    with pytest.raises(CheckpointError, match="more weights than the file"):
        load_run(run)


@pytest.mark.parametrize(
    "model", [lstm(hidden_size=13), lstm(layers=2), lstm(attention="none"), lstm(bars=True), copying()]
)
def test_a_config_that_contradicts_the_weights_is_refused(run: Path, model: Any) -> None:
    tamper_with_run(run, facts={"model": model.model_dump()})
    with pytest.raises(CheckpointError, match=r"not the weights of the model in config.json"):
        load_run(run)


@pytest.mark.parametrize(
    "facts",
    [
        {"best_epoch": "3"},
        {"best_epoch": True},
        {"valid_nats": None},
        {"valid_nats": float("inf")},
        {"dataset": ["scales"]},
        {"data_fingerprint": 7},
    ],
)
def test_facts_of_another_type_are_refused(run: Path, facts: dict[str, Any]) -> None:
    tamper_with_run(run, facts=facts)
    with pytest.raises(CheckpointError, match="not written by this project"):
        load_run(run)


def test_a_corrupted_file_with_its_right_digest_is_refused_or_read(run: Path) -> None:
    dice = random.Random(1)
    originals = [(file, file.read_bytes()) for file in run.iterdir()]
    refused = 0
    for _ in range(100):
        for file, content in originals:
            file.write_bytes(content)

        def corrupt(content: bytes) -> bytes:
            spoilt = bytearray(content[: dice.choice([len(content), dice.randrange(len(content))])])
            spoilt[dice.randrange(min(1500, len(spoilt)))] = dice.randrange(256)
            return bytes(spoilt)

        tamper_with_run(run, edit=corrupt)
        try:
            load_run(run)
        except CheckpointError:
            refused += 1
    assert refused > 90
