"""The devices that models run on."""

from __future__ import annotations

import torch
from torch import nn

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


def supports_bfloat16(device: torch.device) -> bool:
    """Whether an LSTM can be trained in bfloat16 on a device.

    A GPU must have the instructions; emulation would only be slower than float32. Other
    devices run one small step: on a processor it depends on the instruction set and on
    the library that torch was built with, and only the attempt shows it.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    try:
        lstm, inputs = nn.LSTM(2, 2, batch_first=True).to(device), torch.zeros(1, 1, 2, device=device)
        with torch.autocast(device.type, torch.bfloat16):
            outputs, _ = lstm(inputs)
        outputs.sum().backward()
    except RuntimeError:
        return False
    return True


def describe(device: torch.device) -> str:
    """The kind of a device, as far as the last bit of a sum depends on it."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return f"{device.type} {torch.backends.cpu.get_cpu_capability()}"
