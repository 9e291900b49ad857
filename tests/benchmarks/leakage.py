"""What leakage brings: one model, the same test pieces, three ways to choose its training pieces.

    python -m tests.benchmarks.leakage [--experiment melodies] [--seeds 1 2 3] [--epochs N]
        [--threads N] [--pieces N] [--write]

A tenth of the pieces is drawn by hash as the test pieces. Of the others, three training sets
are made, all of the same size: ``random`` draws from all of them, as a random split does;
``family`` leaves out the tune families of test pieces; ``family, embargo`` also leaves out
their soft relatives. A model is trained on each with every seed and evaluated on the same test
pieces, its second halves given the first. The differences are paired on pieces (mean over
seeds) with 95 % intervals over tune families. They are also given for the test pieces that
have a relative which the embargo removes, and for the rest. Every finished training is kept
under .cache/leakage and not repeated. ``--pieces`` takes only so many pieces, for a trial;
``--write`` writes data/benchmarks/leakage.json. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from pipeline.core.files import write_json
from pipeline.core.schemas import FAMILIES, PLACES
from pipeline.core.settings import PARAMS_FILE, load_yaml, lookup
from pipeline.core.tables import read_table, write_table
from pipeline.datasets.splits import family_rows
from pipeline.datasets.splits.assignment import Assignment
from pipeline.datasets.splits.embargo import embargo
from pipeline.datasets.splits.leaks import find_leaks
from pipeline.datasets.splits.tunes import SplitTunes
from pipeline.evaluation.comparison import MODEL, compare
from pipeline.evaluation.metrics.likelihood import PIECES, interval
from pipeline.evaluation.predictor import ModelPredictor
from pipeline.models.base.batches import read_rows
from pipeline.models.base.registry import build
from pipeline.models.base.tasks import cut_rows
from pipeline.tools.crossvalidation.folds import deal
from pipeline.tools.crossvalidation.study import Study, read_study
from pipeline.training.checkpoints import identity
from pipeline.training.data import TrainingData
from pipeline.training.determinism import prepare
from pipeline.training.loop import train
from pipeline.workflow.progress import say
from tests.helpers.paths import ROOT

RANDOM, FAMILY, SOFT = "random", "family", "family, embargo"
TENTHS = 10  # one of so many pieces is a test piece
CACHE = Path(".cache/leakage")
KINDS = ("onset", "tied", "silence")
Bools = NDArray[np.bool_]


def hashed(name: str, purpose: str) -> int:
    """A number for each piece and purpose."""
    return int.from_bytes(hashlib.sha256(f"{purpose}:{name}".encode()).digest()[:8], "big")


def training_sets(ids: list[str], families: pa.Table) -> tuple[Bools, dict[str, Bools], Bools]:
    """Test pieces, the training sets, and the test pieces with a soft relative outside their family.

    Args:
        ids: of n examples.
        families: rows of ``schemas.FAMILIES`` of all corpora.

    Returns:
        (n,) masks; the training sets have as many pieces as the smallest.
    """
    rows = family_rows(ids, families)
    test = np.array([hashed(name, "test") % TENTHS == 0 for name in ids])
    family = np.array(families["tune_family"].take(pa.array(rows)).to_pylist())
    hard = np.isin(family, family[test])
    tunes = SplitTunes.among(rows, families)
    assigned = np.where(test, Assignment.TEST, np.where(hard, Assignment.UNUSED, Assignment.TRAIN)).astype(
        np.int8
    )
    related = find_leaks(tunes, assigned).soft
    apart = embargo(tunes, assigned).assigned
    pools = {RANDOM: ~test, FAMILY: ~hard, SOFT: apart == Assignment.TRAIN}
    size = min(int(pool.sum()) for pool in pools.values())
    order = np.argsort([hashed(name, "train") for name in ids])
    chosen = {name: np.zeros(len(ids), bool) for name in pools}
    for name, pool in pools.items():
        chosen[name][order[pool[order]][:size]] = True
    return test, chosen, related


def scores(
    study: Study, rows: pa.Table, test: Bools, learned: Bools, seed: int, threads: int | None
) -> pa.Table:
    """Train on some rows and evaluate on others: rows of PIECES."""
    recipe = study.recipe.with_seed(seed, threads)
    known = rows.filter(pa.array(learned))
    groups = known["tune_family"].to_pylist()
    valid = deal(groups, min(TENTHS, len(set(groups)))) == 0
    device = prepare(recipe.training)
    network = build(recipe.config)
    network.to(device)
    fitted, validation = (recipe.task.examples(known.filter(pa.array(part))) for part in (~valid, valid))
    train(network, TrainingData(recipe.task, fitted, validation), recipe.training)
    torch.set_num_threads(threads or study.evaluation.threads)
    held = rows.filter(pa.array(test))
    return compare({MODEL: ModelPredictor(network)}, held, cut_rows(held, study.evaluation.cut))


def bits_of(tables: list[pa.Table]) -> dict[str, NDArray[Any]]:
    """Of each test piece its bits (mean over seeds), onsets and family, by name."""
    frames = [table.to_pandas().sort_values("piece_id") for table in tables]
    nats = [frame[[f"{kind}_nats" for kind in KINDS]].sum(axis=1).to_numpy() for frame in frames]
    names = ("piece_id", "n_onset", "tune_family")
    return {"bits": np.mean(nats, axis=0) / np.log(2)} | {name: frames[0][name].to_numpy() for name in names}


def differences(found: Mapping[str, dict[str, NDArray[Any]]], related: Bools) -> dict[str, Any]:
    """Bits per onset of each training set, and the paired differences, over groups of test pieces."""
    groups = {"all": np.ones(len(related), bool), "with a soft relative": related, "without": ~related}
    table: dict[str, Any] = {}
    for group, rows in groups.items():
        if not rows.any():
            continue
        families = found[SOFT]["tune_family"][rows].tolist()
        onsets = found[SOFT]["n_onset"][rows]
        table[group] = {"pieces": int(rows.sum())}
        for name, own in found.items():
            table[group][name] = _told(interval(families, own["bits"][rows], onsets, seed=1))
        for left, right in ((FAMILY, SOFT), (RANDOM, FAMILY), (RANDOM, SOFT)):
            less = found[left]["bits"][rows] - found[right]["bits"][rows]
            table[group][f"{left} minus {right}"] = _told(interval(families, less, onsets, seed=1))
    return table


def _told(found: Any) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(found).items()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--experiment", default="melodies")
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    arguments.add_argument("--epochs", type=int)
    arguments.add_argument("--threads", type=int)
    arguments.add_argument("--pieces", type=int)
    arguments.add_argument("--write", action="store_true")
    options = arguments.parse_args()
    study = read_study(options.experiment, ROOT)
    dataset = str(lookup(load_yaml(ROOT / PARAMS_FILE), "experiments", options.experiment, "dataset"))
    rows = pa.concat_tables(read_rows(ROOT / "data/tokens" / dataset, place) for place in PLACES)
    rows = rows.sort_by("piece_id")
    if options.pieces:
        rows = rows.slice(0, options.pieces)
    if options.epochs:
        training = study.recipe.training.model_copy(update={"epochs": options.epochs})
        study = replace(study, recipe=replace(study.recipe, training=training))
    test, chosen, related = training_sets(
        rows["piece_id"].to_pylist(), read_table(ROOT / "data/families.parquet", FAMILIES)
    )
    kept = _cache(study, rows, options.threads)
    found: dict[str, dict[str, NDArray[Any]]] = {}
    for name, learned in chosen.items():
        tables = []
        for seed in options.seeds:
            path = kept / f"{name.replace(', ', '-')}-{seed}.parquet"
            if not path.exists():
                write_table(path, scores(study, rows, test, learned, seed, options.threads), PIECES)
            tables.append(read_table(path, PIECES))
            say(f"{name}, seed {seed}: {int(learned.sum())} training pieces")
        found[name] = bits_of(tables)
    made = {
        "experiment": options.experiment,
        "seeds": options.seeds,
        "epochs": study.recipe.training.epochs,
        "test_pieces": int(test.sum()),
        "training_pieces": int(chosen[SOFT].sum()),
        "bits_per_onset": differences(found, related[test]),
    }
    if options.write:
        write_json(ROOT / "data/benchmarks/leakage.json", made)
    print(json.dumps(made))


def _cache(study: Study, rows: pa.Table, threads: int | None) -> Path:
    content = str(rows.select(["piece_id", "tokens", "tune_family"]).to_pylist())
    recipe = [part.model_dump() for part in (study.recipe.task, study.recipe.config, study.recipe.training)]
    facts = {"rows": hashlib.sha256(content.encode()).hexdigest(), "recipe": recipe, "threads": threads}
    network = f"pipeline.models.{study.recipe.config.model_dump()['kind']}.network"
    return ROOT / CACHE / identity(facts, ["pipeline.training.loop", network])


if __name__ == "__main__":
    main()
