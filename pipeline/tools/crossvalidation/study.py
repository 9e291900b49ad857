"""What is cross-validated: the pieces of an experiment's data set, and how its model is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.core.settings import PARAMS_FILE, SCRATCH, Section, load_yaml, lookup, parse_section
from pipeline.core.tables import FAMILIES, PLACES, read_table
from pipeline.errors import nearest
from pipeline.evaluation.settings import ContinueEvaluation
from pipeline.models.base.batches import read_rows
from pipeline.models.base.registry import parse_model
from pipeline.models.base.tasks import TASK, Continue
from pipeline.tools.crossvalidation.folds import FoldError
from pipeline.training.settings import TrainingSettings


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: the sections ``task``, ``model`` and ``training`` of an experiment."""

    task: Continue
    config: Section
    training: TrainingSettings

    def with_seed(self, seed: int, threads: int | None) -> Recipe:
        """The same recipe, all its noise drawn anew."""
        changes = {"seed": seed} | ({"threads": threads} if threads else {})
        return replace(self, training=self.training.model_copy(update=changes))


@dataclass(frozen=True)
class Study:
    """What is cross-validated.

    Attributes:
        rows: of ``tables.TOKENS``, all pieces of the set.
        recipe: of the model that is trained for each fold.
        evaluation: of the experiment.
        parent: of the model that it begins with; None: it begins from nothing.
        parent_rows: what that model learns from; relatives are left out here.
        families: rows of ``tables.FAMILIES``, where the set has an embargo: training then leaves
            out all relatives of the pieces that a fold holds out; None: only their tune families.
    """

    rows: pa.Table
    recipe: Recipe
    evaluation: ContinueEvaluation
    parent: Recipe | None = None
    parent_rows: pa.Table | None = None
    families: pa.Table | None = None


def read_study(experiment: str, root: Path = Path()) -> Study:
    """An experiment of params.yaml that continues pieces, its shards as ``dvc repro`` left them.

    Raises:
        FoldError: no such experiment, or one of another task.
        SettingsError, TableError: what it names is missing or damaged.
    """
    params = load_yaml(root / PARAMS_FILE)
    recipe = _recipe(params, experiment)
    where = f"experiments.{experiment}.evaluation"
    section = lookup(params, "experiments", experiment, "evaluation")
    evaluation = parse_section(ContinueEvaluation, section, where)
    rows = _rows(params, experiment, root)
    study = Study(rows, recipe, evaluation, families=_families(params, experiment, root))
    start = str(lookup(params, "experiments", experiment, "init_from"))
    if start == SCRATCH:
        return study
    if lookup(params, "experiments", start, "init_from") != SCRATCH:
        raise FoldError(f"experiments.{experiment}: cross-validation follows one init_from, not several")
    return replace(study, parent=_recipe(params, start), parent_rows=_rows(params, start, root))


def _recipe(params: Mapping[str, Any], experiment: str) -> Recipe:
    known = lookup(params, "experiments")
    if experiment not in known:
        raise FoldError(f"there is no experiment '{experiment}'; {nearest(experiment, known)}")
    entry, where = known[experiment], f"experiments.{experiment}"
    task = parse_section(TASK, lookup(entry, "task"), f"{where}.task")
    if not isinstance(task, Continue):
        raise FoldError(f"{where}.task: cross-validation measures models that continue, not {task.kind}")
    config = parse_model(lookup(entry, "model"), f"{where}.model")
    training = parse_section(TrainingSettings, lookup(entry, "training"), f"{where}.training")
    return Recipe(task, config, training)


def _rows(params: Mapping[str, Any], experiment: str, root: Path) -> pa.Table:
    tokens = root / "data/tokens" / str(lookup(params, "experiments", experiment, "dataset"))
    return pa.concat_tables(read_rows(tokens, place) for place in PLACES)


def _families(params: Mapping[str, Any], experiment: str, root: Path) -> pa.Table | None:
    dataset = str(lookup(params, "experiments", experiment, "dataset"))
    if lookup(params, "datasets", dataset, "split").get("embargo") != "soft":
        return None
    return read_table(root / "data/families.parquet", FAMILIES)
