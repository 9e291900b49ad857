"""Harmonies of a trained model by several decoding methods, and the rules that they break."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.core.vocabulary import START, STOP, decode
from pipeline.decoding.harmonization import harmonize
from pipeline.decoding.harmony_search import search_harmonies
from pipeline.decoding.sampling import Sampling
from pipeline.decoding.voice_leading.guidance import Guidance
from pipeline.decoding.voice_leading.keys import WrittenKey, key_of
from pipeline.evaluation.comparison import MODEL
from pipeline.evaluation.folk_tunes import FOLK_TUNES, VOICES, folk_row
from pipeline.evaluation.metrics.broken_rules import broken_rules_of
from pipeline.evaluation.metrics.cadences import add, cadences
from pipeline.evaluation.metrics.chord_figures import chord_figures
from pipeline.evaluation.metrics.voice_leading import total, voice_leading
from pipeline.evaluation.samples import Sample, write_endings
from pipeline.evaluation.settings import HarmonizeEvaluation
from pipeline.models.base.bars import Bars
from pipeline.models.base.examples import Example, HarmonizeExample, give_voices
from pipeline.models.base.interface import Seq2Seq

ORIGINAL, GREEDY = "original", "model, greedy decoding"  # keys of outputs
GUIDED_GREEDY, GUIDED_BEAM = "model, guided, greedy", "model, guided, beam search"
GUIDED_SAMPLED = "model, guided, sampled"
ENDINGS = {"greedy": GREEDY, "sampled": MODEL, "guided": GUIDED_BEAM}  # of samples

Harmonies = Sequence[NDArray[np.uint16]]


def decode_harmonies(
    model: Seq2Seq,
    examples: Sequence[Example],
    keys: Sequence[WrittenKey],
    greedy: Harmonies,
    settings: HarmonizeEvaluation,
) -> dict[str, Harmonies]:
    """Harmonies by every decoding method: free, and guided by voice-leading costs unless they are off.

    Args:
        model: on any device.
        examples: pieces with given voices.
        keys: of the pieces.
        greedy: their harmonies by greedy decoding, without costs.
        settings: the section ``evaluation``.
    """
    sampling, seed = Sampling(settings.temperature), settings.seed
    found = {
        ORIGINAL: [example.target for example in examples],
        GREEDY: greedy,
        MODEL: harmonize(model, examples, sampling, seed),
    }
    if guidance := Guidance.at(settings.voice_leading, keys):
        found[GUIDED_GREEDY] = harmonize(model, examples, guidance=guidance)
        found[GUIDED_BEAM] = search_harmonies(model, examples, settings.beam, guidance=guidance)
        found[GUIDED_SAMPLED] = harmonize(model, examples, sampling, seed, guidance=guidance)
    return found


def broken_rules(
    harmonies: Harmonies, examples: Sequence[Example], keys: Sequence[WrittenKey]
) -> dict[str, float | None]:
    """Counts per 100 chords of all pieces together.

    Args:
        harmonies: all voices of each piece, ending in STOP.
        examples: the pieces.
        keys: of the pieces.

    Returns:
        ``chords``; every count of :class:`VoiceLeading` per 100 chords; and ``closing``,
        closing chords that are not triads in root position per 100 closing chords.
    """
    grids = [
        decode([START, *tokens.tolist()], example.voices)
        for tokens, example in zip(harmonies, examples, strict=True)
    ]
    counted = total(voice_leading(grid, key) for grid, key in zip(grids, keys, strict=True))
    closing = add(cadences(grid, example.phrase_ends) for grid, example in zip(grids, examples, strict=True))
    share = closing.share
    return {
        "chords": counted.chords,
        **counted.per_hundred(),
        "closing": None if share is None else 100 * (1 - share),
    }


def marked(
    entry: Mapping[str, Any], row: Mapping[str, Any], endings: Mapping[str, Sequence[int]]
) -> dict[str, Any]:
    """An entry of samples.json with the broken rules and the chords of each ending.

    Args:
        entry: of the piece.
        row: its row of the token shards.
        endings: name to tokens of all voices.

    Returns:
        The entry with ``marks``, by ending a list of ``{step, voices, rule}``, and
        ``chords``, by ending a list of ``{step, root, quality, figure}``; roots are pitch
        classes of the piece as written.
    """
    key, shift = key_of(row), row["transposition"] or 0
    places = row["step_in_bar"] or [0]
    first = -places[0] % row["steps_per_quarter"]
    marks, chords = {}, {}
    for name, tokens in endings.items():
        grid = decode([START, *(token for token in tokens if token != STOP), STOP], row["voices"])
        marks[name] = [each._asdict() for each in broken_rules_of(grid, key)] if grid.voices > 1 else []
        chords[name] = [
            {**each._asdict(), "root": (each.root - shift) % 12}
            for each in chord_figures(grid, row["steps_per_quarter"], first)
        ]
    return {**entry, "marks": marks, "chords": chords}


def samples_of(
    rows: pa.Table, chosen: Sequence[int], examples: Sequence[Example], decoded: Mapping[str, Harmonies]
) -> list[Sample]:
    """The harmonies of some pieces by the decoding methods of ENDINGS."""
    return [
        Sample(row, examples[i], {name: decoded[how][i] for name, how in ENDINGS.items() if how in decoded})
        for i, row in zip(chosen, rows.take(list(chosen)).to_pylist(), strict=True)
    ]


def harmonize_folk_tunes(
    model: Seq2Seq, rows: pa.Table, settings: HarmonizeEvaluation, out: Path
) -> list[dict[str, Any]]:
    """Harmonize the folk tunes with the melody given, free and guided, and write them as scores.

    Args:
        model: on any device.
        rows: of the data set; one that has not four voices harmonizes none.
        settings: the section ``evaluation``.
        out: folder of the scores.

    Returns:
        Entries as those of ``samples.json``, with marks and chords.
    """
    if set(rows["voices"].to_pylist()) != {VOICES}:
        return []
    made = [folk_row(tune, rows["steps_per_quarter"][0].as_py()) for tune in FOLK_TUNES]
    examples, keys = [folk_example(row) for row in made], [key_of(row) for row in made]
    greedy = harmonize(model, examples)
    found = {"greedy": greedy}
    if guidance := Guidance.at(settings.voice_leading, keys):
        found["guided"] = search_harmonies(model, examples, settings.beam, guidance=guidance)
    entries = []
    for number, (row, example) in enumerate(zip(made, examples, strict=True), start=1):
        endings = {name: harmonies[number - 1] for name, harmonies in found.items()}
        entry = write_endings(out, f"{number:02d}", Sample(row, example, {}), endings)
        entries.append(marked(entry, row, {name: each.tolist() for name, each in endings.items()}))
    return entries


def folk_example(row: Mapping[str, Any]) -> HarmonizeExample:
    """The melody of a folk tune as given voice."""
    bars = Bars(row["steps_per_bar"], np.array(row["step_in_bar"], np.int16))
    phrase_end = np.array(row["phrase_end"], bool)
    return give_voices([START, *row["tokens"], STOP], (0,), row["voices"], bars, phrase_end)
