"""Train and evaluate a model for every seed and fold."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray

from pipeline.core.tables import TableError, read_table, write_table
from pipeline.core.text import counted
from pipeline.datasets.splits import related_to
from pipeline.evaluation.baselines.predictors import Memory, NGram, Predictor
from pipeline.evaluation.comparison import MODEL, NGRAM, compare
from pipeline.evaluation.continue_task import compare_continuations
from pipeline.evaluation.horizons import CONTINUATIONS
from pipeline.evaluation.metrics.likelihood import PIECES
from pipeline.evaluation.metrics.surprisal import CLASSES
from pipeline.evaluation.predictor import ModelPredictor
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.pretrained import CONFIG, WEIGHTS, CheckpointError, Run, load_run, save_run
from pipeline.models.base.registry import build
from pipeline.models.base.tasks import cut_rows
from pipeline.tools.crossvalidation.cache import is_sealed, seal
from pipeline.tools.crossvalidation.folds import FEWEST_FAMILIES, FoldError, deal
from pipeline.tools.crossvalidation.study import Recipe, Study
from pipeline.training.checkpoints import identity
from pipeline.training.data import TrainingData
from pipeline.training.determinism import prepare
from pipeline.training.loop import train
from pipeline.workflow.progress import say

CACHE = Path(".cache/crossvalidation")
SEAL = ".sha256"
PARENT = "before fine-tuning"
RISK_SAMPLES = 20  # for minimum Bayes risk decoding
SHARE_OF_VALIDATION = 10  # one in this many training pieces, by families
FOLD = (pa.field("seed", pa.int32()), pa.field("fold", pa.int16(), nullable=False))
SCORES = pa.schema([*FOLD, *PIECES])  # seed is null for baselines
CONTINUED = pa.schema([*FOLD, *CONTINUATIONS])


@dataclass(frozen=True)
class Measured:
    """Tables of SCORES and CONTINUED: rows of all pieces, of every predictor and seed."""

    scores: pa.Table
    continued: pa.Table


def cross_validate(
    study: Study, folds: NDArray[np.int64], seeds: Sequence[int], threads: int | None = None
) -> Measured:
    """Train and evaluate a model for every seed and fold.

    Args:
        folds: (n,) of each row of the study.
        seeds: random seeds of training.
        threads: overrides the number in the recipes.
    """
    cache = _cache(study, folds, seeds, threads)
    parts: list[Measured] = []
    for turn, seed in enumerate(seeds):
        parent = _pretrained(study, seed, threads, cache) if study.parent else None
        for fold in range(int(folds.max()) + 1):
            held = folds == fold
            name = cache / f"{seed}-{fold}"
            part = _kept(name)
            if part is None:
                part = _measure_fold(study, held, fold, seed, threads, parent, with_baselines=turn == 0)
                _write(name, part)
            parts.append(part)
            say(f"seed {seed}, fold {fold + 1} of {int(folds.max()) + 1}: {_in_short(parts[-1].scores)}")
    return Measured(
        pa.concat_tables(part.scores for part in parts), pa.concat_tables(part.continued for part in parts)
    )


def _cache(study: Study, folds: NDArray[np.int64], seeds: Sequence[int], threads: int | None) -> Path:
    """The cache folder for these rows, settings, seeds and this code."""
    facts = {
        "rows": [_digest(study.rows), _digest(study.parent_rows)],
        "folds": folds.tolist(),
        "baselines_with": seeds[0],
        "recipes": [
            [section.model_dump() for section in (recipe.task, recipe.config, recipe.training)]
            if recipe
            else None
            for recipe in (study.recipe, study.parent)
        ],
        "evaluation": study.evaluation.model_dump(),
        "embargo": study.families is not None,
        "threads": threads,
        "versions": [platform.python_version(), np.__version__, torch.__version__],
    }
    networks = [
        f"pipeline.models.{recipe.config.model_dump()['kind']}.network"
        for recipe in (study.recipe, study.parent)
        if recipe
    ]
    return Path(os.environ.get("DVC_ROOT", ".")) / CACHE / identity(facts, [__name__, *networks])


def _digest(rows: pa.Table | None) -> str | None:
    if rows is None:
        return None
    return hashlib.sha256(str(rows.select(["piece_id", "tokens"]).to_pylist()).encode()).hexdigest()


def _pretrained(study: Study, seed: int, threads: int | None, cache: Path) -> Seq2Seq:
    """The initial model of a seed's folds, trained without relatives of any piece of the set."""
    assert study.parent is not None
    assert study.parent_rows is not None
    folder, recipe = cache / f"{seed}-parent", study.parent.with_seed(seed, threads)
    files = [folder / WEIGHTS, folder / CONFIG]
    kept = _kept_parent(folder, files)
    if kept is None:
        relatives = pa.array(sorted(set(study.rows["tune_family"].to_pylist())))
        rows = study.parent_rows.filter(pc.invert(pc.is_in(study.parent_rows["tune_family"], relatives)))
        if study.families is not None:
            rows = rows.filter(pa.array(~_related(study.rows, rows, study.families)))
        left_out = len(study.parent_rows) - len(rows)
        without = counted(left_out, "relative")
        say(f"seed {seed}: pretraining on {counted(len(rows), 'piece')}, {without} left out")
        network = _learn(recipe, rows, None)
        save_run(
            folder, network, Run(recipe.config, "relatives left out", cache.name, recipe.training.epochs, 0.0)
        )
        seal(folder / f"parent{SEAL}", _key(folder), files)
        kept = load_run(folder)[0]
    return kept


def _kept_parent(folder: Path, files: Sequence[Path]) -> Seq2Seq | None:
    """The finished initial model; None where it is missing, damaged or was not written here."""
    if not is_sealed(folder / f"parent{SEAL}", _key(folder), files):
        return None
    try:
        return load_run(folder)[0]
    except CheckpointError as error:
        say(f"{error}; it is trained again")
        return None


def _learn(recipe: Recipe, rows: pa.Table, parent: Seq2Seq | None) -> Seq2Seq:
    """Train on rows; a tenth of them, by families, is the validation set."""
    families = rows["tune_family"].to_pylist()
    if len(set(families)) < FEWEST_FAMILIES:
        raise FoldError(
            f"{counted(len(set(families)), 'family', 'families')} of tunes to train on, without the held-out "
            f"pieces and their relatives: at least {FEWEST_FAMILIES} are needed, one of them for validation; "
            "choose more folds, or add pieces"
        )
    apart = deal(families, min(SHARE_OF_VALIDATION, len(set(families)))) == 0
    device = prepare(recipe.training)
    network = build(recipe.config)
    if parent is not None:
        network.load_state_dict(parent.state_dict())
    network.to(device)
    learned, validation = (recipe.task.examples(rows.filter(part)) for part in (~apart, apart))
    train(network, TrainingData(recipe.task, learned, validation), recipe.training)
    return network


def _measure_fold(
    study: Study,
    held: NDArray[np.bool_],
    fold: int,
    seed: int,
    threads: int | None,
    parent: Seq2Seq | None,
    with_baselines: bool,
) -> Measured:
    """Train on all folds but one and evaluate on that one; baselines have no seed and are evaluated once."""
    settings = study.evaluation
    rows, known = study.rows.filter(held), study.rows.filter(~held)
    if study.families is not None:
        known = known.filter(pa.array(~_related(rows, known, study.families)))
    examples, fitted = cut_rows(rows, settings.cut), cut_rows(known, settings.cut)
    model = _learn(study.recipe.with_seed(seed, threads), known, parent)
    torch.set_num_threads(threads or settings.threads)
    predictors: dict[str, Predictor] = {MODEL: ModelPredictor(model)}
    if parent is not None:
        predictors[PARENT] = ModelPredictor(parent)
    scores = [_stamped(compare(predictors, rows, examples), seed, fold, SCORES)]
    if with_baselines:
        chords = model.uses_chords
        memory = Memory.fit(fitted, settings.ngram_order, settings.ngram_mixing_b, chords)
        baselines = compare({NGRAM: NGram.fit(fitted, settings.ngram_order, chords)}, rows, examples, memory)
        scores.append(_stamped(baselines, None, fold, SCORES))
    continued, _ = compare_continuations(model, rows, examples, fitted, settings, RISK_SAMPLES)
    return Measured(pa.concat_tables(scores), _stamped(continued, seed, fold, CONTINUED))


def _related(held_out: pa.Table, others: pa.Table, families: pa.Table) -> NDArray[np.bool_]:
    return related_to(held_out["piece_id"].to_pylist(), others["piece_id"].to_pylist(), families)


def _stamped(table: pa.Table, seed: int | None, fold: int, schema: pa.Schema) -> pa.Table:
    columns = {
        "seed": pa.array([seed] * len(table), pa.int32()),
        "fold": pa.array([fold] * len(table), pa.int16()),
    }
    return pa.table({**columns, **dict(zip(table.column_names, table.columns, strict=True))}, schema=schema)


def _key(part: Path) -> str:
    """The key of a part; the name of its folder identifies the study."""
    return f"{part.parent.name}/{part.name}"


def _files(name: Path) -> list[Path]:
    return [name.with_suffix(".scores.parquet"), name.with_suffix(".continued.parquet")]


def _write(name: Path, part: Measured) -> None:
    scores, continued = _files(name)
    write_table(continued, part.continued, CONTINUED)
    write_table(scores, part.scores, SCORES)
    seal(name.with_suffix(SEAL), _key(name), [scores, continued])


def _kept(name: Path) -> Measured | None:
    """A finished part; None where it is missing, damaged or was not written here."""
    scores, continued = _files(name)
    if not is_sealed(name.with_suffix(SEAL), _key(name), [scores, continued]):
        return None
    try:
        return Measured(read_table(scores, SCORES), read_table(continued, CONTINUED))
    except TableError as error:
        say(f"{error}; it is measured again")
        return None


def _in_short(scores: pa.Table) -> str:
    """Nats per token of every predictor, STOP included, as a progress message."""
    told = []
    for name in dict.fromkeys(scores["predictor"].to_pylist()):
        own = scores.filter(pc.equal(scores["predictor"], name))
        nats = sum(pc.sum(own[f"{kind}_nats"]).as_py() for kind in CLASSES)
        told.append(f"{name} {nats / sum(pc.sum(own[f'n_{kind}']).as_py() for kind in CLASSES):.4f}")
    return ", ".join(told) + " nats per token"
