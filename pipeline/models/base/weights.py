"""The tensors of a weights file, verified before a network uses them.

The digest of a file proves that it is the one that was written, not that it makes sense: a run
may come from another project, or be edited together with its digest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import safetensors
import safetensors.torch
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from pipeline.core.settings import Section
from pipeline.core.text import message_of
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.registry import build

Name = TypeVar("Name", str, int)
FACTORIES = (torch.empty, torch.zeros, torch.ones, torch.full, torch.randn)
SPARE = 2  # a tied output layer is created before it is replaced by the embedding


class WeightsError(ValueError):
    """Tensors that are not weights of the network."""


class _Bounded(TorchFunctionMode):
    """Stop the construction of a network that has far more weights than its file."""

    def __init__(self, n_weights: int) -> None:
        super().__init__()
        self.left = SPARE * n_weights

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if func in FACTORIES:  # memory that is not yet initialized is not yet taken
            self.left -= made.numel()
            if self.left < 0:
                raise WeightsError("the network has more weights than the file")
        return made


def network_with(content: bytes, config: Section) -> Seq2Seq:
    """A network with the weights of a safetensors file.

    Raises:
        WeightsError: the bytes are no such file, or its tensors are not those of the network:
            names, shapes, types, or values that are not finite.
    """
    try:
        tensors = safetensors.torch.load(content)
        n_weights = sum(tensor.numel() for tensor in tensors.values())
        with _Bounded(n_weights):
            network = build(config)
        require_like(tensors, network.state_dict())
        network.load_state_dict(tensors)
    except (safetensors.SafetensorError, KeyError, TypeError, RuntimeError) as error:
        raise WeightsError(message_of(error)) from None
    return network


def require_like(tensors: Mapping[Name, Any], expected: Mapping[Name, Tensor]) -> None:
    """Require the names, shapes and types of these tensors, and finite values.

    Raises:
        WeightsError: the first difference.
    """
    for name in sorted(tensors.keys() ^ expected.keys()):
        raise WeightsError(f"{name!r} is {'missing' if name in expected else 'unknown'}")
    for name, tensor in expected.items():
        found = tensors[name]
        if not isinstance(found, Tensor) or found.shape != tensor.shape or found.dtype != tensor.dtype:
            raise WeightsError(f"{name!r} is {_shape(found)}, expected is {_shape(tensor)}")
        if not found.isfinite().all():
            raise WeightsError(f"{name!r} contains values that are not finite")


def _shape(tensor: Any) -> str:
    return f"{tensor.dtype} {tuple(tensor.shape)}" if isinstance(tensor, Tensor) else type(tensor).__name__
