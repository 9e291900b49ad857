"""The device of a training, checked, and everything random fixed before it begins."""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
import torch

from pipeline.core.settings import SettingsError
from pipeline.models.base.devices import choose_device, describe, supports_bfloat16
from pipeline.training.settings import TrainingSettings


def prepare(settings: TrainingSettings) -> torch.device:
    """Choose the device and fix everything random; call it before a model is built.

    Returns:
        The device to train on; under torchrun each process gets its own GPU.

    Raises:
        SettingsError: this machine has no such device, or the device lacks the precision.
    """
    device = choose_device(settings.device)
    if settings.precision == "bfloat16" and not supports_bfloat16(device):
        raise SettingsError(
            f"training.precision is bfloat16, but this device ({describe(device)}) can train only in "
            "float32; set precision: float32, or choose another device"
        )
    random.seed(settings.seed)
    np.random.seed(settings.seed)  # noqa: NPY002 (for libraries; our own code uses generators)
    torch.manual_seed(settings.seed)
    torch.set_flush_denormal(True)  # denormal numbers make an LSTM many times slower
    torch.set_num_threads(1)  # batches are sliced over the threads of ``Workers``
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    return device


def random_states() -> dict[str, Any]:
    """The states of all global random generators, as plain values and tensors."""
    legacy: Any = np.random.get_state(legacy=True)  # noqa: NPY002
    name, keys, *rest = legacy
    return {
        "python": random.getstate(),
        "numpy": (name, keys.tolist(), *rest),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all(),
    }


def restore_random_states(states: dict[str, Any]) -> None:
    """Restore the states that :func:`random_states` returned."""
    random.setstate(states["python"])
    name, keys, *rest = states["numpy"]
    np.random.set_state((name, np.array(keys, np.uint32), *rest))  # noqa: NPY002
    torch.set_rng_state(states["torch"])
    torch.cuda.set_rng_state_all(states["cuda"])
