"""Continuations of a few pieces, chosen by hash, written as scores."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core import vocabulary
from pipeline.core.files import replacing
from pipeline.core.vocabulary import START, STOP
from pipeline.formats.writers import WRITERS
from pipeline.formats.writers.layout import layout_of, transposed
from pipeline.models.base.examples import Example

FORMATS = ("mid", "musicxml")  # suffixes of the files of a sample


@dataclass(frozen=True)
class Sample:
    """One piece and its continuations.

    Attributes:
        row: its row of the token shards.
        example: the piece, cut.
        continuations: by decoding method; valid after the source, without STOP where the limit of
            steps was reached first.
    """

    row: Mapping[str, Any]
    example: Example
    continuations: Mapping[str, NDArray[np.uint16]]

    @property
    def exact(self) -> bool:
        """Greedy decoding gives the target, STOP included."""
        return np.array_equal(self.continuations["greedy"], self.example.target)


def choose(piece_ids: Sequence[str], n: int, seed: int) -> list[int]:
    """Indices of at most n pieces, by a hash of seed and name: the same on any machine."""
    digests = [hashlib.sha256(f"{seed}:{piece_id}".encode()).hexdigest() for piece_id in piece_ids]
    return sorted(range(len(piece_ids)), key=lambda index: digests[index])[:n]


def longest(examples: Sequence[Example]) -> int:
    """Steps of the longest whole piece, the limit of all continuations."""
    return max((len(e.source) + len(e.target) - 1) // e.voices for e in examples)


def write_samples(folder: Path, samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Write the true piece and every continuation after its source, in the piece's own key.

    Files are ``folder/NN-reference.mid``, ``NN-greedy.musicxml`` and so on.

    Returns:
        The entries of ``samples.json``: tokens in the model's key, and names of files.
    """
    return [_write(folder, f"{number:02d}", sample) for number, sample in enumerate(samples, start=1)]


def _write(folder: Path, number: str, sample: Sample) -> dict[str, Any]:
    endings = {"reference": sample.example.target, **sample.continuations}
    return write_endings(folder, number, sample, endings) | {
        "exact": int(sample.exact),
        "stopped": {name: int(ending[-1] == STOP) for name, ending in sample.continuations.items()},
    }


def write_endings(
    folder: Path, number: str, sample: Sample, endings: Mapping[str, NDArray[np.uint16]]
) -> dict[str, Any]:
    """Write endings of one piece after its source, in the piece's own key.

    Args:
        folder: of the scores.
        number: begins their names.
        sample: the piece; its continuations are not used.
        endings: the true one is named "reference".

    Returns:
        The piece, the tokens of every ending, and names of files.
    """
    row, example = sample.row, sample.example
    layout = layout_of(row, mark=None if example.aligned else len(example.source) // example.voices)
    files = {}
    for name, ending in endings.items():
        shown = layout if name == "reference" or layout.mark is None else layout.regular_from(layout.mark)
        predicted = ending[ending != STOP]
        body = predicted if example.aligned else np.concatenate([example.source, predicted])
        grid = vocabulary.decode([START, *body.tolist(), STOP], example.voices)
        in_key = transposed(grid, -(row["transposition"] or 0))
        for suffix in FORMATS:
            path = folder / f"{number}-{name}.{suffix}"
            with replacing(path) as partial:
                partial.write_bytes(WRITERS[suffix](in_key, shown))
        files[name] = {suffix: f"{folder.name}/{number}-{name}.{suffix}" for suffix in FORMATS}
    kept = (
        "piece_id",
        "corpus",
        "title",
        "relative_of",
        "relation",
        "likeness",
        "voices",
        "steps_per_quarter",
        "transposition",
    )
    return {
        **{name: row[name] for name in kept},
        "given": example.given_voices,
        "source": example.source.tolist(),
        **{name: ending.tolist() for name, ending in endings.items()},
        "files": files,
    }
