"""Rules that harmonies break, per 100 chords."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.core.vocabulary import START, decode
from pipeline.decoding.voice_leading.keys import WrittenKey
from pipeline.evaluation.metrics.cadences import add, cadences
from pipeline.evaluation.metrics.voice_leading import total, voice_leading
from pipeline.models.base.examples import Example


def broken_rules(
    harmonies: Sequence[NDArray[np.uint16]], examples: Sequence[Example], keys: Sequence[WrittenKey]
) -> dict[str, float | None]:
    """Counts per 100 chords of all pieces together.

    Args:
        harmonies: all voices of each piece, ending in STOP.
        examples: the pieces.
        keys: of the pieces.

    Returns:
        ``chords``; every count of :class:`VoiceLeading` per 100 chords; and ``closing``,
        closing chords that are no triads in root position per 100 closing chords.
    """
    grids = [
        decode([START, *symbols.tolist()], example.voices)
        for symbols, example in zip(harmonies, examples, strict=True)
    ]
    counted = total(voice_leading(grid, key) for grid, key in zip(grids, keys, strict=True))
    closing = add(cadences(grid, example.phrase_ends) for grid, example in zip(grids, examples, strict=True))
    share = closing.share
    return {
        "chords": counted.chords,
        **counted.per_hundred(),
        "closing": None if share is None else 100 * (1 - share),
    }
