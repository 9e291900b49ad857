"""What is cross-validated: the pieces of an experiment's data set, and how its model is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.batches import read_rows
from pipeline.crossvalidation.folds import FoldError
from pipeline.errors import nearest
from pipeline.evaluation.settings import EvaluationSettings
from pipeline.models import parse_model
from pipeline.settings import PARAMS_FILE, Section, load_yaml, lookup, parse_section
from pipeline.tables import SPLIT_NAMES
from pipeline.training.settings import TrainingSettings


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: the sections ``model`` and ``training`` of an experiment."""

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
    """

    rows: pa.Table
    recipe: Recipe
    evaluation: EvaluationSettings
    parent: Recipe | None = None
    parent_rows: pa.Table | None = None


def read_study(experiment: str, root: Path = Path()) -> Study:
    """The experiment or fine-tuning of that name in params.yaml, its shards as ``dvc repro`` left them.

    Raises:
        FoldError: no such experiment.
        SettingsError, TableError: what it names is missing or damaged.
    """
    params = load_yaml(root / PARAMS_FILE)
    groups = {name: group for group in ("experiments", "finetunes") for name in params.get(group) or {}}
    if experiment not in groups:
        raise FoldError(f"there is no experiment '{experiment}'; {nearest(experiment, groups)}")
    place = (groups[experiment], experiment)
    evaluation = parse_section(
        EvaluationSettings, lookup(params, *place, "evaluation"), ".".join((*place, "evaluation"))
    )
    study = Study(_rows(params, place, root), _recipe(params, place), evaluation)
    if place[0] == "experiments":
        return study
    beginning = ("experiments", str(lookup(params, *place, "from")))
    return replace(study, parent=_recipe(params, beginning), parent_rows=_rows(params, beginning, root))


def _recipe(params: Mapping[str, Any], place: tuple[str, str]) -> Recipe:
    where = ".".join(place)
    config = parse_model(lookup(params, *place, "model"), f"{where}.model")
    return Recipe(
        config, parse_section(TrainingSettings, lookup(params, *place, "training"), f"{where}.training")
    )


def _rows(params: Mapping[str, Any], place: tuple[str, str], root: Path) -> pa.Table:
    tokens = root / "data/tokens" / str(lookup(params, *place, "dataset"))
    return pa.concat_tables(read_rows(tokens, split) for split in SPLIT_NAMES)
