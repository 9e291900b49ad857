"""Settings of the evaluation (``experiments.KEY.evaluation`` in params.yaml); no torch."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.core.settings import MAX_SEED, Section
from pipeline.decoding.sampling import MAX_TEMPERATURE, MIN_TEMPERATURE
from pipeline.decoding.voice_leading.rules import Level


class ContinueEvaluation(Section):
    """How a model that continues pieces is evaluated.

    Attributes:
        cut: share of a piece's notes that belong to the source; the same for every predictor.
        ngram_order: longest context of the n-grams, in tokens; null: no limit.
        ngram_mixing_b: bias of mixtures with the short-term n-gram towards the component of
            lower entropy.
        scores: maximum number of pieces whose continuations are written as scores.
        continued_pieces: maximum number of pieces, chosen by hash, whose continuations are
            compared with the true ones and whose attention is analysed.
        continuation_samples: sampled continuations of each of them.
        temperature: of the sampled continuations; 1: the model's own distribution.
        seed: of the choice of pieces, the sampled continuations and the bootstrap.
        sample_temperature, sample_top_p, repetition_nats: decoding of the sampled continuations
            that are written as scores; see :mod:`pipeline.decoding.repetition`.
        voice_leading: level of the voice-leading costs of sampled continuations of several voices.
        save_attention: write the attention matrices of every sample.
        device: auto uses a GPU if there is one.
        threads: of the processor; results depend on it, because it determines the order of sums.
    """

    cut: float = Field(gt=0, lt=1)
    ngram_order: int | None = Field(ge=0, le=1000)
    ngram_mixing_b: float = Field(ge=0, le=16)
    scores: int = Field(ge=1, le=10_000)
    continued_pieces: int = Field(ge=1, le=1_000_000)
    continuation_samples: int = Field(ge=1, le=1000)
    temperature: float = Field(ge=MIN_TEMPERATURE, le=MAX_TEMPERATURE)
    seed: int = Field(ge=0, le=MAX_SEED)
    sample_temperature: float = Field(ge=MIN_TEMPERATURE, le=MAX_TEMPERATURE)
    sample_top_p: float = Field(gt=0, le=1)
    repetition_nats: float = Field(ge=0, le=100)
    voice_leading: Level
    save_attention: bool
    device: Literal["auto", "cpu", "cuda", "mps"]
    threads: int = Field(ge=1, le=1024)


class HarmonizeEvaluation(Section):
    """How a model that harmonizes is evaluated.

    Attributes:
        given: choices of given voices, 0 = top, each a list; harmonies of the first that is not
            empty are written as scores.
        ngram_order: longest context of the n-gram, in tokens; null: no limit.
        scores: maximum number of pieces whose harmonies are written as scores.
        temperature: of the sampled harmonies.
        voice_leading: level of the voice-leading costs of guided harmonies, which are compared
            with free ones: off (no guided harmonies) | default | strict.
        beam: harmonies that the beam search for guided harmonies keeps.
        seed: of the choice of pieces, the samples and the bootstrap.
        device: auto uses a GPU if there is one.
        threads: of the processor; results depend on it, because it determines the order of sums.
    """

    given: list[list[int]] = Field(min_length=1, max_length=256)
    ngram_order: int | None = Field(ge=0, le=1000)
    scores: int = Field(ge=1, le=10_000)
    temperature: float = Field(ge=MIN_TEMPERATURE, le=MAX_TEMPERATURE)
    voice_leading: Level
    beam: int = Field(ge=1, le=256)
    seed: int = Field(ge=0, le=MAX_SEED)
    device: Literal["auto", "cpu", "cuda", "mps"]
    threads: int = Field(ge=1, le=1024)
