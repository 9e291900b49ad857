"""What a batch costs: nats of its target symbols, and the loss that is learnt from."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipeline.core.vocabulary import IGNORED_LABEL
from pipeline.models.base.batches import Batch
from pipeline.models.base.interface import Seq2Seq
from pipeline.training.settings import TrainingSettings


def losses(
    model: Seq2Seq,
    batch: Batch,
    settings: TrainingSettings | None = None,
    noise: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Two sums over all target symbols, renormalised over the valid ones.

    Args:
        settings: in training; None measures in float32, without smoothing.

    Returns:
        Nats of the true symbols, and the loss: the same nats, or with label
        smoothing their mean with those of all valid symbols.
    """
    half = settings is not None and settings.precision == "bfloat16"
    with torch.autocast(batch.source.device.type, torch.bfloat16, enabled=half):
        logits = model(batch, noise)  # (B, T, 258)
    logits = model.mask(logits.float(), batch.previous, batch.stop_allowed)
    nats = nn.functional.cross_entropy(
        logits.flatten(0, 1), batch.target.flatten(), ignore_index=IGNORED_LABEL, reduction="sum"
    )
    if settings is None or settings.label_smoothing == 0:
        return nats, nats
    share = settings.label_smoothing
    return nats, (1 - share) * nats + share * _spread_nats(logits, batch.target)


def sometimes_its_own(model: Seq2Seq, batch: Batch, teacher_forcing: float, noise: torch.Generator) -> Batch:
    """Tell the decoder some of its own symbols in place of the true ones.

    A first pass, told the truth, gives a distribution for every place; what is
    drawn from it replaces a random share of the inputs of the second pass, which
    is the one that learns. The grammar's state stays that of the true symbols.

    Source: scheduled sampling (Bengio et al. 2015) in two parallel passes
    (Mihaylova and Martins 2019); differs in a share that stays the same.
    """
    if teacher_forcing == 1:
        return batch
    with torch.no_grad():
        never = torch.zeros_like(batch.stop_allowed)  # a decoder is never told STOP
        logits = model.mask(model(batch, noise), batch.previous, never)  # (B, T, 258)
        drawn = torch.multinomial(logits.flatten(0, 1).softmax(-1), 1, generator=noise)
        said = drawn.view_as(batch.inputs)  # (B, T)
        chance = torch.rand(said.shape, generator=noise, device=said.device)
    inputs, asked = batch.inputs.clone(), batch.target[:, :-1] != IGNORED_LABEL
    told = (chance[:, 1:] < teacher_forcing) | ~asked
    inputs[:, 1:] = torch.where(told, inputs[:, 1:], said[:, :-1])
    return batch.with_inputs(inputs)


def _spread_nats(logits: Tensor, target: Tensor) -> Tensor:
    """Summed nats of targets that are spread evenly over the valid symbols.

    Source: label smoothing (Szegedy et al. 2016); differs in sparing what the
    grammar forbids, whose nats are infinite.
    """
    valid = logits.isfinite()
    log_probs = logits.log_softmax(-1).masked_fill(~valid, 0.0)
    each = -log_probs.sum(-1) / valid.sum(-1)  # (B, T)
    return each.masked_fill(target == IGNORED_LABEL, 0.0).sum()
