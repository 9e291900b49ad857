"""The loss of a batch: cross-entropy in nats over its target tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipeline.core.vocabulary import IGNORE_INDEX
from pipeline.models.base.batches import Batch
from pipeline.models.base.interface import Seq2Seq
from pipeline.training.settings import TrainingSettings


def losses(
    model: Seq2Seq,
    batch: Batch,
    settings: TrainingSettings | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """Two sums over all target tokens, renormalized over the valid ones.

    Args:
        settings: in training; None for validation, in float32 and without smoothing.
        generator: of dropout; None for no dropout.

    Returns:
        Cross-entropy of the true tokens in nats, and the loss: the same, or with label
        smoothing its mean with the cross-entropy of all valid tokens.
    """
    half = settings is not None and settings.precision == "bfloat16"
    with torch.autocast(batch.source.device.type, torch.bfloat16, enabled=half):
        logits = model(batch, generator)  # (B, T, 258)
    logits = model.mask(logits.float(), batch.previous, batch.stop_allowed)
    nats = nn.functional.cross_entropy(
        logits.flatten(0, 1), batch.target.flatten(), ignore_index=IGNORE_INDEX, reduction="sum"
    )
    if settings is None or settings.label_smoothing == 0:
        return nats, nats
    share = settings.label_smoothing
    return nats, (1 - share) * nats + share * _smoothing_nats(logits, batch.target)


def scheduled_sampling(
    model: Seq2Seq, batch: Batch, teacher_forcing: float, generator: torch.Generator
) -> Batch:
    """Replace some decoder inputs by the model's own predictions.

    A first pass, with teacher forcing, gives a distribution for every position. Samples of
    it replace a random share of the inputs of the second pass, whose loss is used. The
    grammar's state remains that of the true tokens.

    Args:
        teacher_forcing: share of the inputs that remain the true tokens; 1: the batch as it is.
        generator: of dropout and of all samples.

    Source: scheduled sampling (Bengio et al. 2015) in two parallel passes
    (Mihaylova and Martins 2019); differs in a share that is constant over training.
    """
    if teacher_forcing == 1:
        return batch
    with torch.no_grad():
        never = torch.zeros_like(batch.stop_allowed)  # STOP is never a decoder input
        logits = model.mask(model(batch, generator), batch.previous, never)  # (B, T, 258)
        sampled = torch.multinomial(logits.flatten(0, 1).softmax(-1), 1, generator=generator)
        sampled = sampled.view_as(batch.inputs)  # (B, T)
        chance = torch.rand(sampled.shape, generator=generator, device=sampled.device)
    inputs, predicted = batch.inputs.clone(), batch.target[:, :-1] != IGNORE_INDEX
    forced = (chance[:, 1:] < teacher_forcing) | ~predicted
    inputs[:, 1:] = torch.where(forced, inputs[:, 1:], sampled[:, :-1])
    return batch.with_inputs(inputs)


def _smoothing_nats(logits: Tensor, target: Tensor) -> Tensor:
    """Summed cross-entropy of targets that are spread evenly over the valid tokens.

    Source: label smoothing (Szegedy et al. 2016); differs in leaving out the tokens that
    the grammar forbids, whose cross-entropy is infinite.
    """
    valid = logits.isfinite()
    log_probs = logits.log_softmax(-1).masked_fill(~valid, 0.0)
    each = -log_probs.sum(-1) / valid.sum(-1)  # (B, T)
    return each.masked_fill(target == IGNORE_INDEX, 0.0).sum()
