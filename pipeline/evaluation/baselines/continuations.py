"""Baselines that continue a source without a model.

Every baseline continues the source of an example by a number of whole steps of valid
tokens, without STOP. None uses the target.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.core.vocabulary import STOP, TIED
from pipeline.models.base.examples import ContinueExample, Example
from pipeline.workflow.progress import track

Tokens = NDArray[np.uint16]

MARKOV_ORDER = 3  # notes; the order of the published figures (MIREX 2018)


class ContinuationBaseline(Protocol):
    """The interface of a baseline that continues a source."""

    def continue_source(self, example: Example, n_steps: int, rng: np.random.Generator) -> Tokens:
        """(n_steps * V,) valid tokens after the source of the example."""
        ...


def baseline_continuations(
    examples: Sequence[Example],
    steps: Sequence[int],
    train_examples: Sequence[Example],
    samples: int,
    seed: int,
) -> dict[str, list[list[Tokens]]]:
    """Continuations of every piece by every baseline; those that sample have several.

    Args:
        examples: pieces to continue.
        steps: to predict of each example.
        train_examples: the training pieces.
        samples: of each piece, by baselines that sample.
        seed: of the samples, together with the numbers of piece and sample.

    Returns:
        Name of the baseline → piece → samples. The Markov chain is for one voice only.
    """
    baselines: dict[str, tuple[ContinuationBaseline, int]] = {
        "repeat the prompt": (RepeatSource(), 1),
        "repeat the last note": (RepeatNote(), 1),
        "another tune": (OtherTune.fit(train_examples), samples),
    }
    if all(example.voices == 1 for example in examples):
        baselines["markov chain"] = (Markov.fit(train_examples, MARKOV_ORDER), samples)
    return {
        name: [
            [
                baseline.continue_source(example, n, np.random.default_rng([seed, i, j]))
                for j in range(n_samples)
            ]
            for i, (example, n) in enumerate(zip(examples, steps, strict=True))
        ]
        for name, (baseline, n_samples) in baselines.items()
    }


class RepeatSource:
    """Repeats the source from its beginning until the end."""

    def continue_source(self, example: Example, n_steps: int, rng: np.random.Generator) -> Tokens:  # noqa: ARG002
        """See :class:`ContinuationBaseline`."""
        return _after(example, np.resize(example.source, n_steps * example.voices))


class RepeatNote:
    """Repeats the last note of every voice, each time with its duration."""

    def continue_source(self, example: Example, n_steps: int, rng: np.random.Generator) -> Tokens:  # noqa: ARG002
        """See :class:`ContinuationBaseline`."""
        columns = example.source.reshape(-1, example.voices).T
        predicted = [np.resize(column[_last_note(column) :], n_steps) for column in columns]
        return _after(example, np.stack(predicted, axis=1).reshape(-1))


@dataclass(frozen=True)
class OtherTune:
    """The continuation of a random training piece: typical in style, unrelated to the source.

    Attributes:
        targets: of the training pieces, without STOP.
    """

    targets: tuple[Tokens, ...]

    @classmethod
    def fit(cls, examples: Iterable[Example]) -> OtherTune:
        """Keep the continuations of all training pieces."""
        return cls(tuple(example.target[:-1] for example in examples))

    def continue_source(self, example: Example, n_steps: int, rng: np.random.Generator) -> Tokens:
        """See :class:`ContinuationBaseline`; a shorter tune is repeated."""
        chosen = self.targets[int(rng.integers(len(self.targets)))]
        return _after(example, np.resize(chosen, n_steps * example.voices))


class NoteEvent(NamedTuple):
    """A note and the silence after it, in steps."""

    pitch: int
    duration: int
    silence: int


@dataclass(frozen=True)
class Markov:
    """A Markov chain over the notes of one voice, sampled.

    The longest context of at most ``order`` events that occurs in training is used; an
    event is pitch, duration and the silence after it.

    Attributes:
        order: events of the longest context.
        follows: context → (events, cumulated counts of each after it).
    """

    order: int
    follows: Mapping[tuple[NoteEvent, ...], tuple[tuple[NoteEvent, ...], NDArray[np.int64]]]

    @classmethod
    def fit(cls, examples: Sequence[Example], order: int) -> Markov:
        """Count the events after every context in the training pieces, source and target together."""
        counts: defaultdict[tuple[NoteEvent, ...], Counter[NoteEvent]] = defaultdict(Counter)
        for example in track(examples, "counting events", len(examples), "pieces"):
            sequence = list(events(np.concatenate([example.source, example.target])))
            for place, event in enumerate(sequence):
                for length in range(min(order, place) + 1):
                    counts[tuple(sequence[place - length : place])][event] += 1
        follows = {
            context: (tuple(found), np.cumsum(list(found.values()))) for context, found in counts.items()
        }
        return cls(order, follows)

    def continue_source(self, example: Example, n_steps: int, rng: np.random.Generator) -> Tokens:
        """See :class:`ContinuationBaseline`."""
        sequence = list(events(example.source))
        predicted: list[int] = []
        while len(predicted) < n_steps:
            event = self._sample(sequence[-self.order :] if self.order else [], rng)
            sequence.append(event)
            predicted += [event.pitch, *[TIED + event.pitch] * (event.duration - 1)]
            predicted += [0, *[TIED] * (event.silence - 1)] if event.silence else []
        return np.array(predicted[:n_steps], np.uint16)

    def _sample(self, context: list[NoteEvent], rng: np.random.Generator) -> NoteEvent:
        for start in range(len(context) + 1):
            known = self.follows.get(tuple(context[start:]))
            if known is not None:
                found, sums = known
                return found[int(np.searchsorted(sums, rng.integers(sums[-1]), side="right"))]
        raise AssertionError("the empty context follows every training piece")


def events(tokens: Tokens) -> Iterator[NoteEvent]:
    """The notes of one voice, in order; a silence before the first is skipped."""
    flat = tokens[tokens != STOP].astype(np.int64)
    begins = np.flatnonzero(flat < TIED)
    lengths = np.diff(np.append(begins, len(flat)))
    sounds = list(zip(flat[begins].tolist(), lengths.tolist(), strict=True))
    for (pitch, duration), (after, silence) in zip(sounds, [*sounds[1:], (1, 0)], strict=True):
        if pitch:
            yield NoteEvent(pitch, duration, 0 if after else silence)


def _last_note(column: Tokens) -> int:
    """Where the last note of a voice begins; 0 where it has none."""
    onsets = np.flatnonzero((column > 0) & (column < TIED))
    return int(onsets[-1]) if len(onsets) else 0


def _after(example: Example, tokens: Tokens) -> Tokens:
    """Tokens after the source, repaired where the grammar forbids them at the seams.

    A tie to nothing begins a note, and a silence after a silence is tied to it.
    """
    whole = ContinueExample(example.source, np.append(tokens, np.uint16(STOP)), example.voices)
    allowed = whole.valid()[np.arange(len(tokens)), tokens.astype(np.int64)]
    return np.where(allowed, tokens, (tokens + TIED) % (2 * TIED)).astype(np.uint16)
