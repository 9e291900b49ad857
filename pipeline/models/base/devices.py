"""The devices that models run on."""

from __future__ import annotations

import torch

from pipeline.core.settings import SettingsError


def choose_device(name: str) -> torch.device:
    """The device of a name; ``auto`` prefers CUDA, then MPS, then the processor.

    Raises:
        SettingsError: this machine has no such device.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, found in there.items() if found))
    if not there[name]:
        found = ", ".join(kind for kind in there if there[kind])
        raise SettingsError(f"device '{name}': this machine has none; it has {found} (auto chooses)")
    return torch.device(name)


def describe(device: torch.device) -> str:
    """The kind of a device, as far as the last bit of a sum depends on it."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return f"{device.type} {torch.backends.cpu.get_cpu_capability()}"
