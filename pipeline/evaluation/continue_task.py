"""Evaluation of a model that continues pieces."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.core.files import write_json, write_text
from pipeline.core.tables import write_table
from pipeline.decoding.continuation import continue_melodies
from pipeline.decoding.sampling import Sampling
from pipeline.decoding.voice_leading.guidance import Guidance
from pipeline.decoding.voice_leading.keys import key_of
from pipeline.evaluation.attention import analyse_attention, describe_attention
from pipeline.evaluation.baselines.continuations import MARKOV_ORDER, Tokens, baseline_continuations
from pipeline.evaluation.baselines.predictors import Copy, Memory, NGram
from pipeline.evaluation.breakdowns import (
    SURPRISAL,
    by_family_size,
    by_place,
    calibration,
    surprisal_table,
)
from pipeline.evaluation.comparison import (
    COPY,
    MODEL,
    NGRAM,
    NGRAM_MEMORY,
    figures_by_group,
    intervals,
    piece_sums,
    rounded,
    surprisals,
    tokens_per_quarter,
)
from pipeline.evaluation.horizons import (
    CONTINUATIONS,
    HORIZONS,
    figures_by_horizon,
    measure_continuations,
    steps_to_predict,
)
from pipeline.evaluation.metrics.likelihood import PIECES
from pipeline.evaluation.minimum_bayes_risk import minimum_bayes_risk
from pipeline.evaluation.novelty import NOVELTY, Training, measure_novelty, nearest_tunes, novelty_figures
from pipeline.evaluation.passages import Continued, collect_passages
from pipeline.evaluation.predictor import ModelPredictor, load_trained, rows_to_evaluate, training_rows
from pipeline.evaluation.repetition import repetition_of_samples
from pipeline.evaluation.samples import Sample, choose, longest, write_samples
from pipeline.evaluation.settings import ContinueEvaluation
from pipeline.evaluation.statistics import STATISTICS, measure_statistics, statistics_figures
from pipeline.models.base.batches import read_rows
from pipeline.models.base.examples import Example
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.lineage import mark_soft_relatives, read_lineage
from pipeline.models.base.tasks import cut_rows

GREEDY = "model, greedy decoding"  # greedy decoding; these names are keys of outputs
MINIMUM_BAYES_RISK = "model, minimum Bayes risk"
RISK_TEMPERATURE = 0.5


def evaluate_continuing(
    tokens: Path, run: Path, settings: ContinueEvaluation, out: Path
) -> dict[str, float | int | None]:
    """Evaluate a trained model and the baselines on the test split, and write samples.

    A data set without a test split is evaluated on its training split.

    Args:
        tokens: ``data/tokens/DATASET``.
        run: ``data/runs/EXPERIMENT``, trained on that data set.
        settings: the section ``evaluation``.
        out: folder for figures.json, pieces.parquet and other tables, samples.json,
            ``samples/`` and, if ``save_attention`` and the model has attention,
            attention.json with the matrices of all samples.

    Returns:
        The headline figures for the comparison of experiments.

    Raises:
        EvaluationError: no examples, or a model trained on other shards.
        CheckpointError, TableError: files missing or damaged.
    """
    model = load_trained(run, tokens, settings.device, settings.threads)
    split, rows = rows_to_evaluate(tokens)
    rows = mark_soft_relatives(rows, read_lineage(run))
    examples = cut_rows(rows, settings.cut)
    train_rows = training_rows(tokens)
    train_examples = cut_rows(train_rows, settings.cut)

    chords = model.uses_chords  # then the n-grams have the same chords in their contexts
    copy, ngram = Copy.fit(train_examples), NGram.fit(train_examples, settings.ngram_order, chords)
    memory = Memory.fit(train_examples, settings.ngram_order, settings.ngram_mixing_b, chords)
    found = surprisals({MODEL: ModelPredictor(model), NGRAM: ngram, COPY: copy}, examples, memory)
    pieces = piece_sums(rows, found)
    samples = _continue(model, rows, examples, settings)
    continuations, continued = compare_continuations(model, rows, examples, train_examples, settings)
    passages, training = (
        collect_passages(continued, train_rows, train_examples, settings.seed),
        Training.of(train_rows, train_examples),
    )
    statistics, novelty = measure_statistics(passages), measure_novelty(passages, training)
    figures = {
        "dataset": tokens.name,
        "split": split,
        "cut": settings.cut,
        "baselines": {
            NGRAM: {"order": settings.ngram_order},
            NGRAM_MEMORY: {"order": settings.ngram_order, "mixing_b": settings.ngram_mixing_b},
            COPY: {"epsilon": copy.epsilon},
        },
        "predictors": figures_by_group(pieces, tokens_per_quarter(rows)),
        "bits_per_onset_intervals": intervals(pieces, settings.seed),
        "by_place": by_place(found),
        "by_family_size": by_family_size(pieces, _families(tokens)),
        "calibration": calibration(found),
        **({"chords": True} if chords else {}),
        "samples": {
            "n_samples": len(samples),
            "n_exact": sum(sample.exact for sample in samples),
            "repetition": repetition_of_samples(samples),
        },
        "continuations": {
            "samples": settings.continuation_samples,
            "markov_order": MARKOV_ORDER,
            "predictors": figures_by_horizon(continuations, settings.seed),
        },
        "statistics": statistics_figures(statistics),
        "novelty": novelty_figures(novelty, settings.seed) | {"samples": nearest_tunes(samples, training)},
    }
    if attention := analyse_attention(model, [examples[i] for i in _to_continue(rows, settings)]):
        figures["attention"] = attention

    write_table(out / "pieces.parquet", pieces, PIECES)
    names = rows["piece_id"].to_pylist()
    write_table(out / "surprisal.parquet", surprisal_table(names, found), SURPRISAL)
    write_table(out / "continuations.parquet", continuations, CONTINUATIONS)
    write_table(out / "statistics.parquet", statistics, STATISTICS)
    write_table(out / "novelty.parquet", novelty, NOVELTY)
    write_json(out / "figures.json", rounded(figures))
    write_json(out / "samples.json", write_samples(out / "samples", samples))
    if settings.save_attention and (maps := describe_attention(model, samples)):
        write_text(out / "attention.json", json.dumps(maps, ensure_ascii=False) + "\n")
    return headline(figures)


def compare_continuations(
    model: Seq2Seq,
    rows: pa.Table,
    examples: Sequence[Example],
    train_examples: Sequence[Example],
    settings: ContinueEvaluation,
    n_risk_samples: int = 0,
) -> tuple[pa.Table, Continued]:
    """Continuations of the model, sampled and greedy, and of baselines, on pieces chosen by hash.

    Args:
        model: on any device.
        rows: of the token shards; the pieces that may be chosen.
        examples: the same pieces, cut.
        train_examples: the training pieces.
        settings: the section ``evaluation``.
        n_risk_samples: also minimum Bayes risk decoding from so many samples at
            RISK_TEMPERATURE; 0: none.

    Returns:
        Rows of CONTINUATIONS, and the continuations themselves.
    """
    n_samples, seed = settings.continuation_samples, settings.seed
    chosen = _to_continue(rows, settings)
    cut, table = [examples[index] for index in chosen], rows.take(chosen)
    horizons = [HORIZONS[-1] * per_quarter for per_quarter in table["steps_per_quarter"].to_pylist()]
    steps = list(map(steps_to_predict, cut, table["steps_per_quarter"].to_pylist()))
    greedy = continue_melodies(model, cut, max(steps))
    continuations = {
        MODEL: _sample(model, cut, max(steps), n_samples, Sampling(settings.temperature), seed),
        GREEDY: [[continuation.tokens] for continuation in greedy],
    }
    if n_risk_samples:
        sampled = _sample(model, cut, max(steps), n_risk_samples, Sampling(RISK_TEMPERATURE), seed)
        agreed = map(minimum_bayes_risk, cut, sampled, horizons)
        continuations[MINIMUM_BAYES_RISK] = [[tokens] for tokens in agreed]
    others = baseline_continuations(cut, steps, train_examples, n_samples, seed)
    continued = Continued(table, cut, {**continuations, **others})
    return measure_continuations(continued.continuations, table, cut), continued


def _sample(
    model: Seq2Seq, examples: Sequence[Example], n_steps: int, n_samples: int, sampling: Sampling, seed: int
) -> list[list[Tokens]]:
    """Several samples for each example."""
    many = [example for example in examples for _ in range(n_samples)]
    sampled = [
        continuations.tokens for continuations in continue_melodies(model, many, n_steps, sampling, seed)
    ]
    return [sampled[first : first + n_samples] for first in range(0, len(sampled), n_samples)]


def headline(figures: Mapping[str, Any]) -> dict[str, float | int | None]:
    """A few flat numbers with short names, for ``dvc exp show`` and ``dvc metrics diff``."""
    of = {name: by_group["all"]["overall"] for name, by_group in figures["predictors"].items()}
    names = ("bits_per_onset", "nats_per_token", "onset_accuracy")
    samples = figures["samples"]
    numbers = {
        **{name: of[MODEL][name] for name in names},
        "ngram_memory": of[NGRAM_MEMORY]["bits_per_onset"],
        "exact": int(samples["n_exact"] == samples["n_samples"]),
    }
    return {name: rounded(number) for name, number in numbers.items()}


def _families(tokens: Path) -> list[str]:
    """The tune family of every piece of a data set."""
    parts = [read_rows(tokens, split, ["tune_family"]) for split in ("train", "valid", "test")]
    return [family for part in parts for family in part["tune_family"].to_pylist()]


def _to_continue(rows: pa.Table, settings: ContinueEvaluation) -> list[int]:
    """The rows that are continued and whose attention is analysed."""
    return choose(rows.column("piece_id").to_pylist(), settings.continued_pieces, settings.seed)


def _continue(
    model: Seq2Seq, rows: pa.Table, examples: Sequence[Example], settings: ContinueEvaluation
) -> list[Sample]:
    chosen = choose(rows.column("piece_id").to_pylist(), settings.scores, settings.seed)
    cut = [examples[index] for index in chosen]
    limit = longest(cut)
    greedy = continue_melodies(model, cut, limit)
    table = rows.take(chosen).to_pylist()
    guidance = None
    if any(example.voices > 1 for example in cut):
        guidance = Guidance.at(settings.voice_leading, [key_of(row) for row in table])
    sampling = Sampling(settings.sample_temperature, top_p=settings.sample_top_p)
    sampled = continue_melodies(
        model,
        cut,
        limit,
        sampling,
        settings.seed,
        repetition_nats=settings.repetition_nats,
        guidance=guidance,
    )
    return [
        Sample(row, example, {"greedy": greedily.tokens, "sampled": sampled.tokens})
        for row, example, greedily, sampled in zip(table, cut, greedy, sampled, strict=True)
    ]
