"""Settings of the evaluation (``experiments.KEY.evaluation`` in params.yaml); no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.core.settings import Section


class ContinueEvaluation(Section):
    """How a model that continues pieces is evaluated.

    Attributes:
        cut: share of a piece's notes that the source holds; the same for every predictor.
        ngram_order: longest context of the n-grams, in symbols; null: no limit.
        ngram_mixing_b: how much the surer one counts where the memory of the piece so far is mixed in.
        scores: pieces whose continuations are written as scores, at most.
        continued_pieces: pieces whose continuations are compared with the true ones, at
            most, chosen by hash; attention is analysed in the same pieces.
        continuation_samples: continuations that are sampled of each of them.
        temperature: of the sampled continuations; 1 is the model's own distribution.
        seed: of the choice of pieces, of the sampled continuations and of the intervals.
        save_attention: write where the model looks in every sample, place by place.
        device: auto takes a GPU where there is one.
        threads: of the processor; part of the result, because sums are ordered by it.
    """

    cut: float = Field(gt=0, lt=1)
    ngram_order: int | None = Field(ge=0)
    ngram_mixing_b: float = Field(ge=0, le=16)
    scores: int = Field(ge=1)
    continued_pieces: int = Field(ge=1)
    continuation_samples: int = Field(ge=1)
    temperature: float = Field(gt=0)
    seed: int = Field(ge=0)
    save_attention: bool
    device: Literal["auto", "cpu", "cuda", "mps"]
    threads: int = Field(ge=1)


class HarmonizeEvaluation(Section):
    """How a model that harmonizes is evaluated.

    Attributes:
        given: the choices of given voices, 0 = top, each a list; the first that is not
            empty is the one whose harmonies are written as scores.
        ngram_order: longest context of the n-gram, in symbols; null: no limit.
        scores: pieces whose harmonies are written as scores, at most.
        temperature: of the sampled harmonies.
        seed: of the choice of pieces, of the samples and of the intervals.
        device: auto takes a GPU where there is one.
        threads: of the processor; part of the result, because sums are ordered by it.
    """

    given: list[list[int]] = Field(min_length=1)
    ngram_order: int | None = Field(ge=0)
    scores: int = Field(ge=1)
    temperature: float = Field(gt=0)
    seed: int = Field(ge=0)
    device: Literal["auto", "cpu", "cuda", "mps"]
    threads: int = Field(ge=1)
