"""A trained model: ``weights.safetensors`` and ``config.json`` in one folder.

The metadata of the weights repeats config.json, so that the file on its own identifies
its model; config.json adds the digest of the weights.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import safetensors.torch

from pipeline.core import vocabulary
from pipeline.core.files import replacing, write_json
from pipeline.core.settings import Section, SettingsError
from pipeline.core.text import message_of
from pipeline.errors import PipelineError
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.registry import parse_model
from pipeline.models.base.weights import WeightsError, network_with

WEIGHTS = "weights.safetensors"
CONFIG = "config.json"
METADATA = "config"  # one key: safetensors writes several in no fixed order
KINDS = {"dataset": str, "data_fingerprint": str, "best_epoch": int, "valid_nats": float}
HEADER_LENGTH = 8  # bytes of the number that a safetensors file begins with


class CheckpointError(PipelineError):
    """Saved weights or a checkpoint are damaged, or were not written by this project."""


@dataclass(frozen=True)
class Run:
    """Facts about trained weights.

    Attributes:
        model: the ``model`` section that they were trained with.
        dataset: the name of the data set.
        data_fingerprint: of its shards, see ``batches.fingerprint``.
        best_epoch: the epoch of the weights.
        valid_nats: validation loss after it, in nats per target token.
    """

    model: Section
    dataset: str
    data_fingerprint: str
    best_epoch: int
    valid_nats: float


def save_run(folder: Path, network: Seq2Seq, run: Run) -> None:
    """Write weights and config; the same weights give the same bytes."""
    facts = {
        **asdict(run),
        "model": run.model.model_dump(),
        "valid_nats": round(run.valid_nats, 6),
        "vocabulary_sha256": vocabulary.sha256(),
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    content = safetensors.torch.save(tensors, {METADATA: json.dumps(facts, sort_keys=True)})
    with replacing(folder / WEIGHTS) as partial:
        partial.write_bytes(content)
    write_json(folder / CONFIG, {**facts, "weights_sha256": hashlib.sha256(content).hexdigest()})


def load_run(folder: Path) -> tuple[Seq2Seq, Run]:
    """Load a trained model on the processor.

    Raises:
        CheckpointError: a file is missing, damaged, not of this project, or of
            another vocabulary; the weights are not those of the model, or not finite.
    """
    facts = _read_config(folder / CONFIG)
    run, path = _run(facts, folder / CONFIG), folder / WEIGHTS
    if facts["vocabulary_sha256"] != vocabulary.sha256():
        raise CheckpointError(f"{folder}: trained with another vocabulary; `dvc repro` trains it again")
    content = _read(path)
    if hashlib.sha256(content).hexdigest() != facts["weights_sha256"]:
        raise CheckpointError(f"{path}: damaged, or not the weights that {CONFIG} describes")
    if _metadata(content) != {name: fact for name, fact in facts.items() if name != "weights_sha256"}:
        raise CheckpointError(f"{path}: weights of another model than {CONFIG} describes")
    try:
        return network_with(content, run.model), run
    except WeightsError as error:
        raise CheckpointError(f"{path}: not the weights of the model in {CONFIG}: {error}") from None


def _run(facts: Mapping[str, Any], path: Path) -> Run:
    try:
        model = parse_model(facts["model"], f"{path}: model")
        found = {name: facts[name] for name in KINDS}
        _ = facts["vocabulary_sha256"], facts["weights_sha256"]
    except KeyError as error:
        raise CheckpointError(
            f"{path}: {message_of(error)} is missing; not written by this project"
        ) from None
    except SettingsError as error:
        raise CheckpointError(str(error)) from None
    for name, value in found.items():
        if type(value) is not KINDS[name] or (isinstance(value, float) and not math.isfinite(value)):
            raise CheckpointError(f"{path}: {name} is {value!r:.80}; not written by this project")
    return Run(model=model, **found)


def _metadata(content: bytes) -> Any:
    """The facts in the metadata of weights; None without metadata."""
    length = int.from_bytes(content[:HEADER_LENGTH], "little")
    try:
        header = json.loads(content[HEADER_LENGTH : HEADER_LENGTH + length])
        return json.loads(header["__metadata__"][METADATA])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _read_config(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(_read(path))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path}: not readable as JSON: {message_of(error)}") from None
    if not isinstance(facts, dict):
        raise CheckpointError(f"{path}: a JSON object is expected; not written by this project")
    return facts


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: cannot be read ({error.strerror}); `dvc repro` makes it") from None
