"""The study of a cross-validation: the pieces of a data set, and the training settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.core.schemas import FAMILIES, PLACES
from pipeline.core.settings import PARAMS_FILE, SCRATCH, Section, load_yaml, lookup, parse_section
from pipeline.core.tables import read_table
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
        """The same recipe with another random seed."""
        changes = {"seed": seed} | ({"threads": threads} if threads else {})
        return replace(self, training=self.training.model_copy(update=changes))


@dataclass(frozen=True)
class Study:
    """The data and settings of a cross-validation.

    Attributes:
        rows: of ``schemas.TOKENS``, all pieces of the set.
        recipe: training settings of the model of each fold.
        evaluation: evaluation settings of the experiment.
        parent: training settings of the initial model; None: random initial weights.
        parent_rows: training pieces of the initial model, without relatives of the study's pieces.
        families: rows of ``schemas.FAMILIES``, if the set has an embargo: training then leaves
            out all relatives of held-out pieces; None: only their tune families.
    """

    rows: pa.Table
    recipe: Recipe
    evaluation: ContinueEvaluation
    parent: Recipe | None = None
    parent_rows: pa.Table | None = None
    families: pa.Table | None = None


def read_study(experiment: str, root: Path = Path()) -> Study:
    """Load the study of a continuation experiment of params.yaml from the shards.

    Raises:
        FoldError: no such experiment, or one of another task.
        SettingsError, TableError: an entry or file is missing or damaged.
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
        raise FoldError(f"{where}.task: cross-validation supports the task continue, not {task.kind}")
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
