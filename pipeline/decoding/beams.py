"""The decoding states of beams."""

from __future__ import annotations

from dataclasses import fields, replace

from torch import Tensor

from pipeline.models.base.interface import DecodingState


def select_beams(state: DecodingState, initial: DecodingState, rows: Tensor) -> DecodingState:
    """Reorder the beams of each example, without copying tensors that all its beams share.

    Args:
        state: of the beams.
        initial: the state that ``start`` returned; a tensor that is still the same object
            depends only on the source.
        rows: (K,) int64, each the row of a beam of the same example.
    """
    tensors = {
        field.name: value[rows]
        for field in fields(state)
        if isinstance(value := getattr(state, field.name), Tensor)
        and value is not getattr(initial, field.name)
    }
    return replace(state, **tensors)
