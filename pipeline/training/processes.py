"""Several processes that train one model, started by torchrun.

Every process holds the whole model and sees the whole plan of batches; of each
batch it takes its own slices, and sums are taken over all processes, so that
all make the same step. Gradients are summed once a batch, as one flat vector,
by torch.distributed itself: its wrapper DistributedDataParallel hooks into
``backward``, which slices that run in threads do not use, and averages where a
sum is wanted.
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
    """This process among all.

    Attributes:
        rank: its number, from 0; number 0 alone writes files.
        world: how many there are.
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

    def as_first_has_it(self, value: Value) -> Value:
        """A plain value as process 0 has it."""
        if self.world == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, src=0)
        return values[0]


ALONE = Processes(rank=0, world=1)


def my_rank() -> int:
    """The number of this process under torchrun, 0 without it."""
    return int(os.environ.get("RANK", "0"))


def stage_of_all(stage: str, run: Callable[..., None]) -> None:
    """Run a stage in every process that torchrun started.

    Process 0 runs it as any stage is run: it takes the workspace's lock and says
    what is wrong. The others work for it.
    """
    if my_rank() == 0:
        stage_main(stage, run)
        return
    try:
        run(*sys.argv[1:])
    except PipelineError:
        raise SystemExit(1) from None


@contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """Meet the other processes that torchrun started; alone without it."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield ALONE
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(my_rank(), world)
    finally:
        dist.destroy_process_group()
