"""Evaluation of a model that harmonizes.

For every choice of given voices: the likelihood of the other voices and the token error
rate under teacher forcing, and the token error rate of greedy decoding against the true
voices (that of BachBot: Liang et al. 2017, ISMIR, section 4.3, over their own tokens).
There is no single correct harmony: an error means a difference from the original.
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
from pipeline.decoding.harmonization import harmonize
from pipeline.decoding.voice_leading.keys import WrittenKey, key_of
from pipeline.decoding.voice_leading.rules import RULES
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
from pipeline.evaluation.harmonies import (
    ORIGINAL,
    Harmonies,
    broken_rules,
    decode_harmonies,
    harmonize_folk_tunes,
    marked,
    samples_of,
)
from pipeline.evaluation.metrics.likelihood import PIECES, interval
from pipeline.evaluation.metrics.surprisal import Surprisal
from pipeline.evaluation.predictor import ModelPredictor, load_trained, rows_to_evaluate, training_rows
from pipeline.evaluation.samples import choose, write_samples
from pipeline.evaluation.settings import HarmonizeEvaluation
from pipeline.models.base.examples import Example
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
        settings: the section ``evaluation``.
        out: folder for figures.json, pieces.parquet, samples.json and ``samples/``, folk.json
            and ``folk/`` (folk tunes harmonized; see :mod:`pipeline.evaluation.folk_tunes`).

    Returns:
        The headline figures for the comparison of harmonizers.

    Raises:
        EvaluationError: no examples, or a model trained on other shards.
        GivenError: voices that the pieces do not have.
    """
    model = load_trained(run, tokens, settings.device, settings.threads)
    split, rows = rows_to_evaluate(tokens)
    rows = mark_soft_relatives(rows, read_lineage(run))
    train_rows = training_rows(tokens)
    train_examples = harmony_rows(train_rows, [()] * len(train_rows))
    baselines: dict[str, Predictor] = {
        NGRAM: NGram.fit(train_examples, settings.ngram_order, model.uses_chords),
        COPY: Copy.fit(train_examples),
    }
    tables, figures, greedy = [], {}, {}
    for given in settings.given:
        examples = harmony_rows(rows, [given] * len(rows))
        found = surprisals({MODEL: ModelPredictor(model), **baselines}, examples)
        pieces = piece_sums(rows, found)
        tables.append(pieces.add_column(0, HARMONIES.field("given"), [[named(given)] * len(pieces)]))
        harmonies = greedy[named(given)] = harmonize(model, examples) if given else []
        figures[named(given)] = {
            "given": given,
            "predictors": figures_by_group(pieces, tokens_per_quarter(rows)),
            "intervals": _intervals(pieces, settings.seed),
            "errors": {name: error_by_voice(each, examples) for name, each in found.items()},
            "greedy_errors": errors_of(harmonies, examples) if given else None,
        }
        say(f"given {named(given)}: {_summary(figures[named(given)])}")
    chosen_voices = first_given(settings.given)
    examples = harmony_rows(rows, [chosen_voices] * len(rows))
    keys = [key_of(row) for row in rows.to_pylist()]
    first = greedy[named(chosen_voices)] or harmonize(model, examples)
    decoded = decode_harmonies(model, examples, keys, first, settings)
    whole = {
        "dataset": tokens.name,
        "split": split,
        "n_pieces": len(rows),
        "given": figures,
        "voice_leading": _voice_leading(decoded, examples, keys, settings),
    }
    chosen = choose(rows["piece_id"].to_pylist(), settings.scores, settings.seed)
    samples = samples_of(rows, chosen, examples, decoded)
    entries = [
        marked(entry, sample.row, {name: entry[name] for name in entry["files"]})
        for sample, entry in zip(samples, write_samples(out / "samples", samples), strict=True)
    ]
    write_table(out / "pieces.parquet", pa.concat_tables(tables), HARMONIES)
    write_json(out / "figures.json", rounded(whole))
    write_json(out / "samples.json", entries)
    write_json(out / "folk.json", harmonize_folk_tunes(model, rows, settings, out / "folk"))
    return headline(figures)


def named(given: Sequence[int]) -> str:
    """A choice of given voices as a key: "0+3", or "none"."""
    return "+".join(map(str, given)) or "none"


def error_by_voice(found: Sequence[Surprisal], examples: Sequence[Example]) -> dict[str, float]:
    """Token error rate under teacher forcing, by voice and of all voices."""
    wrong = [~each.hit for each in found]
    voices = [_predicted_voices(example) for example in examples]
    return _shares(np.concatenate(wrong), np.concatenate(voices))


def errors_of(harmonies: Sequence[NDArray[np.uint16]], examples: Sequence[Example]) -> dict[str, float]:
    """Token error rate of harmonies against the pieces, by voice and of all voices."""
    pairs = list(zip(harmonies, examples, strict=True))
    wrong = [(tokens != example.target)[example.predicted] for tokens, example in pairs]
    return _shares(
        np.concatenate(wrong), np.concatenate([_predicted_voices(example) for example in examples])
    )


def headline(figures: Mapping[str, Any]) -> dict[str, float | int | None]:
    """A few flat numbers with short names; of harmonies by the first choice that gives a voice."""
    numbers: dict[str, float | int | None] = {}
    for name, found in figures.items():
        overall = found["predictors"][MODEL]["all"]["overall"]
        numbers[f"nats_given_{name}"] = rounded(overall["nats_per_token"])
    first = next((found for found in figures.values() if found["given"]), None)
    if first is not None:
        numbers["greedy_error"] = rounded(first["greedy_errors"]["all"])
    return numbers


def _voice_leading(
    decoded: Mapping[str, Harmonies],
    examples: Sequence[Example],
    keys: Sequence[WrittenKey],
    settings: HarmonizeEvaluation,
) -> dict[str, Any]:
    """Broken rules per 100 chords of the pieces themselves, and of the model's harmonies."""
    return {
        "given": first_given(settings.given),
        "level": settings.voice_leading,
        "beam": settings.beam,
        "per_hundred_chords": {name: broken_rules(each, examples, keys) for name, each in decoded.items()},
        "token_errors": {
            name: errors_of(each, examples)["all"] for name, each in decoded.items() if name != ORIGINAL
        },
        "rules": [asdict(rule) for rule in RULES],
    }


def first_given(choices: Sequence[Sequence[int]]) -> Sequence[int]:
    """The first choice with at least one given voice, or else the first choice."""
    return next((given for given in choices if given), choices[0])


def _predicted_voices(example: Example) -> NDArray[np.int64]:
    return (np.arange(len(example.target)) % example.voices)[example.predicted]


def _shares(wrong: NDArray[np.bool_], voices: NDArray[np.int64]) -> dict[str, float]:
    by_voice = {str(voice): float(wrong[voices == voice].mean()) for voice in np.unique(voices)}
    return {"all": float(wrong.mean()), **by_voice}


def _intervals(pieces: pa.Table, seed: int) -> dict[str, Any]:
    """Nats per token of the model and its differences from baselines, with intervals over tune families."""
    frame = pieces.to_pandas()
    frame["nats"] = frame.onset_nats + frame.tied_nats + frame.silence_nats
    frame["tokens"] = frame.n_onset + frame.n_tied + frame.n_silence
    by = {name: rows.set_index("piece_id").sort_index() for name, rows in frame.groupby("predictor")}
    model = by[MODEL]
    amounts = {MODEL: model.nats}
    amounts |= {f"{MODEL} - {name}": model.nats - rows.nats for name, rows in by.items() if name != MODEL}
    families, tokens = model.tune_family.tolist(), model.tokens.to_numpy()
    return {name: asdict(interval(families, each.to_numpy(), tokens, seed)) for name, each in amounts.items()}


def _summary(found: Mapping[str, Any]) -> str:
    nats = {name: found["predictors"][name]["all"]["overall"]["nats_per_token"] for name in (MODEL, NGRAM)}
    harmonies = found["greedy_errors"]
    errors = f", token error rate {harmonies['all']:.3f}" if harmonies else ""
    return f"{nats[MODEL]:.4f} nats per token, n-gram {nats[NGRAM]:.4f}{errors}"
