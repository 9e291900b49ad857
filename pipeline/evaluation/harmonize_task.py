"""Everything that is measured of a model that harmonizes.

For every choice of given voices: what the other voices cost (told the true ones before
each), how often the most probable symbol is not the true one, and how far the voices
that the model says by itself, symbol by symbol the likeliest, differ from the true ones
(the token error rate of BachBot: Liang et al. 2017, ISMIR, section 4.3, over their own
symbols). There is no one right harmony: an error is a difference from Bach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.core.files import write_json
from pipeline.core.tables import write_table
from pipeline.core.vocabulary import START, decode
from pipeline.decoding.harmonization import harmonize
from pipeline.decoding.sampling import Sampling
from pipeline.evaluation.baselines.predictors import Copy, NGram, Predictor
from pipeline.evaluation.comparison import (
    COPY,
    MODEL,
    NGRAM,
    figures_by_group,
    piece_sums,
    rounded,
    surprisals,
    tokens_per_quarter,
)
from pipeline.evaluation.metrics.likelihood import PIECES, interval
from pipeline.evaluation.metrics.surprisal import Surprisal
from pipeline.evaluation.metrics.voice_leading import total, voice_leading
from pipeline.evaluation.predictor import ModelPredictor, load_trained, rows_to_evaluate
from pipeline.evaluation.samples import Sample, choose, write_samples
from pipeline.evaluation.settings import HarmonizeEvaluation
from pipeline.models.base.batches import read_rows
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.lineage import mark_soft_relatives, read_lineage
from pipeline.models.base.tasks import harmony_rows
from pipeline.workflow.progress import say

HARMONIES = pa.schema([pa.field("given", pa.string(), nullable=False), *PIECES])


def evaluate_harmonizing(
    tokens: Path, run: Path, settings: HarmonizeEvaluation, out: Path
) -> dict[str, float | int | None]:
    """Measure a trained model and baselines on the test split, and write its harmonies.

    Args:
        tokens: ``data/tokens/DATASET``.
        run: ``data/runs/EXPERIMENT``, trained on that data set.
        out: folder for figures.json, pieces.parquet, samples.json and ``samples/``.

    Returns:
        The few figures by which harmonizers are told apart.

    Raises:
        EvaluationError: no examples, or a model trained on other shards.
        GivenError: voices that the pieces do not have.
    """
    model = load_trained(run, tokens, settings.device, settings.threads)
    split, rows = rows_to_evaluate(tokens)
    rows = mark_soft_relatives(rows, read_lineage(run))
    known = read_rows(tokens, "train")
    heard = harmony_rows(known, [()] * len(known))
    baselines: dict[str, Predictor] = {NGRAM: NGram.fit(heard, settings.ngram_order), COPY: Copy.fit(heard)}
    tables, figures = [], {}
    for given in settings.given:
        examples = harmony_rows(rows, [given] * len(rows))
        found = surprisals({MODEL: ModelPredictor(model), **baselines}, examples)
        pieces = piece_sums(rows, found)
        tables.append(pieces.add_column(0, HARMONIES.field("given"), [[named(given)] * len(pieces)]))
        said = harmonize(model, examples) if given else []
        figures[named(given)] = {
            "given": given,
            "predictors": figures_by_group(pieces, tokens_per_quarter(rows)),
            "intervals": _intervals(pieces, settings.seed),
            "errors": {name: error_by_voice(each, examples) for name, each in found.items()},
            "said_errors": errors_of(said, examples) if given else None,
        }
        say(f"given {named(given)}: {_in_short(figures[named(given)])}")
    samples = _samples(model, rows, settings)
    whole = {
        "dataset": tokens.name,
        "split": split,
        "n_pieces": len(rows),
        "given": figures,
        "voice_leading": _voice_leading(model, rows, settings),
    }
    write_table(out / "pieces.parquet", pa.concat_tables(tables), HARMONIES)
    write_json(out / "figures.json", rounded(whole))
    write_json(out / "samples.json", write_samples(out / "samples", samples))
    return headline(figures)


def named(given: Sequence[int]) -> str:
    """A choice of given voices as a key: "0+3", or "none"."""
    return "+".join(map(str, given)) or "none"


def error_by_voice(found: Sequence[Surprisal], examples: Sequence[Example]) -> dict[str, float]:
    """Share of the asked symbols that were not the most probable, by voice and of all."""
    wrong = [~each.hit for each in found]
    voices = [_voices_asked(example) for example in examples]
    return _shares(np.concatenate(wrong), np.concatenate(voices))


def errors_of(said: Sequence[NDArray[np.uint16]], examples: Sequence[Example]) -> dict[str, float]:
    """Share of the asked symbols that a harmony says otherwise than the piece, by voice and of all."""
    pairs = list(zip(said, examples, strict=True))
    wrong = [(symbols != example.target)[example.predicted] for symbols, example in pairs]
    return _shares(np.concatenate(wrong), np.concatenate([_voices_asked(example) for example in examples]))


def headline(figures: Mapping[str, Any]) -> dict[str, float | int | None]:
    """A few flat numbers with short names; of harmonies by the first choice that gives a voice."""
    numbers: dict[str, float | int | None] = {}
    for name, found in figures.items():
        overall = found["predictors"][MODEL]["all"]["overall"]
        numbers[f"nats_given_{name}"] = rounded(overall["nats_per_token"])
    first = next((found for found in figures.values() if found["given"]), None)
    if first is not None:
        numbers["said_error"] = rounded(first["said_errors"]["all"])
    return numbers


def _samples(model: Seq2Seq, rows: pa.Table, settings: HarmonizeEvaluation) -> list[Sample]:
    given = _first(settings.given)
    chosen = choose(rows["piece_id"].to_pylist(), settings.scores, settings.seed)
    table = rows.take(chosen)
    examples = harmony_rows(table, [given] * len(chosen))
    likeliest = harmonize(model, examples)
    drawn = harmonize(model, examples, Sampling(settings.temperature), settings.seed)
    return [
        Sample(row, example, {"greedy": surest, "sampled": other})
        for row, example, surest, other in zip(table.to_pylist(), examples, likeliest, drawn, strict=True)
    ]


def _voice_leading(model: Seq2Seq, rows: pa.Table, settings: HarmonizeEvaluation) -> dict[str, Any]:
    """Rules broken per 100 chords by the pieces themselves, and by the model given the first choice."""
    given = _first(settings.given)
    examples = harmony_rows(rows, [given] * len(rows))
    drawn = Sampling(settings.temperature)
    said = {
        "the pieces themselves": [example.target for example in examples],
        "model, likeliest symbols": harmonize(model, examples),
        MODEL: harmonize(model, examples, drawn, settings.seed),
    }
    shifts = rows["transposition"].to_pylist()
    counted = {
        name: total(
            voice_leading(decode([START, *symbols.tolist()], example.voices), shift or 0)
            for symbols, example, shift in zip(each, examples, shifts, strict=True)
        )
        for name, each in said.items()
    }
    per_hundred = {name: {"chords": found.chords, **found.per_hundred()} for name, found in counted.items()}
    return {"given": given, "per_hundred_chords": per_hundred}


def _first(choices: Sequence[Sequence[int]]) -> Sequence[int]:
    """The first choice that gives a voice, or the only one that gives none."""
    return next((given for given in choices if given), choices[0])


def _voices_asked(example: Example) -> NDArray[np.int64]:
    return (np.arange(len(example.target)) % example.voices)[example.predicted]


def _shares(wrong: NDArray[np.bool_], voices: NDArray[np.int64]) -> dict[str, float]:
    by_voice = {str(voice): float(wrong[voices == voice].mean()) for voice in np.unique(voices)}
    return {"all": float(wrong.mean()), **by_voice}


def _intervals(pieces: pa.Table, seed: int) -> dict[str, Any]:
    """Nats per token of the model, and of the model less each baseline, over tune families."""
    frame = pieces.to_pandas()
    frame["nats"] = frame.onset_nats + frame.tied_nats + frame.silence_nats
    frame["tokens"] = frame.n_onset + frame.n_tied + frame.n_silence
    by = {name: rows.set_index("piece_id").sort_index() for name, rows in frame.groupby("predictor")}
    model = by[MODEL]
    amounts = {MODEL: model.nats}
    amounts |= {f"{MODEL} - {name}": model.nats - rows.nats for name, rows in by.items() if name != MODEL}
    families, tokens = model.tune_family.tolist(), model.tokens.to_numpy()
    return {name: asdict(interval(families, each.to_numpy(), tokens, seed)) for name, each in amounts.items()}


def _in_short(found: Mapping[str, Any]) -> str:
    nats = {name: found["predictors"][name]["all"]["overall"]["nats_per_token"] for name in (MODEL, NGRAM)}
    said = found["said_errors"]
    errors = f", {said['all']:.3f} of what it says differs" if said else ""
    return f"{nats[MODEL]:.4f} nats per token, n-gram {nats[NGRAM]:.4f}{errors}"
