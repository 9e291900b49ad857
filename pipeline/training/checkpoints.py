"""Checkpoints: the state of an unfinished training, so that a crash loses only seconds of work.

One file, ``state``, in ``.cache/checkpoints/IDENTITY/`` below ``$DVC_ROOT``. It is not an
output of DVC, which deletes a stage's outputs before it runs. IDENTITY is a digest of
everything that the weights depend on, so that no training resumes from the checkpoint of
another one. The file is moved into place when it is complete and contains its own digest;
it holds plain values and tensors only, and nothing in it is ever executed.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pipeline.core.files import replacing
from pipeline.models.base.pretrained import CheckpointError
from pipeline.models.base.weights import WeightsError, require_like
from pipeline.workflow.code import digest

FOLDER = Path(".cache/checkpoints")
STATE = "state"
DIGEST_LENGTH = 64
MOMENTS = ("exp_avg", "exp_avg_sq")  # of each parameter, in the state of Adam

TrainingState = Mapping[str, Any]


@dataclass
class Checkpoints:
    """The checkpoint of one training.

    Attributes:
        folder: of this training alone.
        identity: see :func:`identity`.
        seconds: least time between two checkpoints.
    """

    folder: Path
    identity: str
    seconds: float
    _last: float = field(default_factory=time.monotonic, repr=False)

    def save_when_due(self, state: Callable[[], TrainingState]) -> None:
        """Write the state unless the last checkpoint is more recent than ``seconds``."""
        if time.monotonic() - self._last >= self.seconds:
            self.save(state())
            self._last = time.monotonic()

    def save(self, state: TrainingState) -> None:
        """Write a state of plain values and tensors."""
        stream = io.BytesIO()
        torch.save({"identity": self.identity, "state": dict(state)}, stream)
        content = stream.getvalue()
        with replacing(self.folder / STATE) as partial:
            partial.write_bytes(hashlib.sha256(content).hexdigest().encode() + content)

    def load(self) -> TrainingState | None:
        """The last state; None without a checkpoint.

        Raises:
            CheckpointError: the file is damaged, or belongs to another training.
        """
        path = self.folder / STATE
        try:
            whole = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CheckpointError(f"{path}: cannot be read ({error.strerror})") from None
        digest, content = whole[:DIGEST_LENGTH], whole[DIGEST_LENGTH:]
        if hashlib.sha256(content).hexdigest().encode() != digest:
            raise CheckpointError(f"{path}: damaged")
        try:
            held = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
            identity, state = held["identity"], held["state"]
        except Exception:  # the digest is right, so it was made by hand: torch raises errors of many kinds
            raise CheckpointError(f"{path}: not written by this project") from None
        if identity != self.identity or not isinstance(state, Mapping):
            raise CheckpointError(f"{path}: of another training ({str(identity)[:12]})")
        return dict(state)

    def remove(self) -> None:
        """Delete the checkpoint: the training is done."""
        shutil.rmtree(self.folder, ignore_errors=True)


def require_fitting(state: TrainingState, initial: TrainingState, parameters: Sequence[Tensor]) -> None:
    """Require that a training can continue from a state: tensors of its shapes and types, finite values.

    Args:
        state: of a checkpoint.
        initial: of the same training before its first batch.
        parameters: of the model.

    Raises:
        WeightsError: an entry differs; other errors where it is of another type.
    """
    for name in ("weights", "best_weights"):
        require_like(state[name], initial["weights"])
    require_like(_numbered(state["average"]), _numbered(initial["average"]))
    for moment in MOMENTS if state["n_steps"] else ():
        moments = {number: entry[moment] for number, entry in state["optimizer"]["state"].items()}
        require_like(moments, _numbered(parameters))
    if _fixed(state["optimizer"]) != _fixed(initial["optimizer"]):
        raise WeightsError("other settings of the optimizer")
    losses = [loss for row in state["curve"] for loss in row[1:]] + [float(nats) for nats in state["nats"]]
    if not all(map(math.isfinite, losses)):
        raise WeightsError("losses that are not finite")
    n_epochs = len(state["curve"])
    if [row[0] for row in state["curve"]] != list(range(1, n_epochs + 1)):
        raise WeightsError("epochs are missing")
    if type(state["n_steps"]) is not int or state["n_steps"] < n_epochs:
        raise WeightsError("fewer steps than epochs")


def _numbered(tensors: Sequence[Tensor]) -> dict[int, Tensor]:
    return dict(enumerate(tensors))


def _fixed(optimizer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The settings of an optimizer that do not change during training."""
    return [{**group, "lr": None} for group in optimizer["param_groups"]]


def checkpoints(facts: Mapping[str, Any], code: Iterable[str], seconds: float) -> Checkpoints:
    """The checkpoint of the training that these facts and this code determine.

    Args:
        facts: everything but code that the weights depend on, JSON-like.
        code: names of the modules that the weights depend on; their imports are included.
        seconds: least time between two checkpoints.
    """
    name = identity(facts, code)
    root = Path(os.environ.get("DVC_ROOT", "."))
    return Checkpoints(root / FOLDER / name, name, seconds)


def identity(facts: Mapping[str, Any], code: Iterable[str]) -> str:
    """Digest of JSON-like facts and of the code of some modules and all that they import."""
    return hashlib.sha256(json.dumps([facts, digest(*code)], sort_keys=True).encode()).hexdigest()
