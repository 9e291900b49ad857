"""Data-parallel training in several processes, started by torchrun.

Every process holds the whole model and the whole plan of batches; it computes its own
slices of each batch, and sums are taken over all processes, so that all make the same
step. Gradients are summed once per batch, as one flat vector, with torch.distributed
directly: its wrapper DistributedDataParallel hooks into ``backward``, which slices in
threads do not use, and it averages where we need a sum.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from pipeline.errors import PipelineError
from pipeline.workflow.runner import stage_main

Value = TypeVar("Value")


@dataclass(frozen=True)
class Processes:
    """The rank of this process and the number of processes.

    Attributes:
        rank: from 0; only rank 0 writes files.
        world: number of processes.
    """

    rank: int
    world: int

    def summed(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Each tensor summed over all processes, the same bits in all of them."""
        if self.world == 1:
            return list(tensors)
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        dist.all_reduce(flat)
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        return [part.view_as(tensor) for part, tensor in zip(parts, tensors, strict=True)]

    def broadcast(self, value: Value) -> Value:
        """The plain value of rank 0, in all processes."""
        if self.world == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, src=0)
        return values[0]


SINGLE = Processes(rank=0, world=1)


def current_rank() -> int:
    """The rank of this process under torchrun, 0 without it."""
    return int(os.environ.get("RANK", "0"))


def stage_of_all(stage: str, run: Callable[..., None]) -> None:
    """Run a stage in every process that torchrun started.

    Rank 0 runs it like any stage: it takes the workspace's lock and prints errors. The
    other ranks only compute.
    """
    if current_rank() == 0:
        stage_main(stage, run)
        return
    try:
        run(*sys.argv[1:])
    except PipelineError:
        raise SystemExit(1) from None


@contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """Join the process group that torchrun started; a single process without torchrun."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield SINGLE
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(current_rank(), world)
    finally:
        dist.destroy_process_group()
