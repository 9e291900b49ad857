"""Revision of harmonies: each predicted voice is decoded again, given all others.

One pass visits every predicted voice once, from the bottom up: blocked Gibbs sampling
where tokens are sampled, coordinate ascent where they are greedy.

Source: Hadjeres et al. 2017, DeepBach, section 2.3 (one note at a time); Huang et al.
2017, Counterpoint by Convolution, section 4 (blocks). Here a block is a whole voice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.decoding.harmonization import harmonize
from pipeline.decoding.sampling import GREEDY, Sampling
from pipeline.decoding.voice_leading.guidance import Guidance
from pipeline.models.base.examples import HarmonizeExample
from pipeline.models.base.interface import Seq2Seq


def revise(
    model: Seq2Seq,
    examples: Sequence[HarmonizeExample],
    harmonies: Sequence[NDArray[np.uint16]],
    passes: int,
    sampling: Sampling = GREEDY,
    seed: int = 0,
    guidance: Guidance | None = None,
) -> list[NDArray[np.uint16]]:
    """Revise the predicted voices of harmonies.

    Args:
        model: of the task ``harmonize`` with any voices given, on any device.
        examples: pieces with the same number of voices.
        harmonies: all voices of each piece, ending in STOP.
        passes: how often each voice is decoded again; 0: not at all.
        sampling: how the next token is chosen.
        seed: of the samples.
        guidance: voice-leading costs; None: the model alone.
    """
    revised = list(harmonies)
    voices = range(examples[0].voices) if examples else range(0)
    for number in range(passes):
        for voice in reversed(voices):
            chosen = [i for i, example in enumerate(examples) if voice not in example.given]
            if not chosen:
                continue
            others = [each for each in voices if each != voice]
            blocks = [
                examples[i].with_tokens(examples[i].source, revised[i]).with_given(others) for i in chosen
            ]
            part = Guidance(guidance.nats, [guidance.keys[i] for i in chosen]) if guidance else None
            block_seed = seed + number * len(voices) + voice
            found = harmonize(model, blocks, sampling, block_seed, guidance=part)
            for i, tokens in zip(chosen, found, strict=True):
                revised[i] = tokens
    return revised
