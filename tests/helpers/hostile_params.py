"""Hostile values for every parameter of a tiny project; tests.helpers.hostile_runs tries them."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.core.settings import parse_section
from pipeline.models.base.registry import parse_model
from pipeline.parameters import check_parameters
from pipeline.parameters.experiments import EVALUATIONS
from pipeline.parameters.sections import Corpus, Dataset, Experiment
from tests.helpers import sections

MODELS = {  # of the tasks that the sections of the other tests do not cover
    "copying": sections.COPYING,
    "transformer": {
        **{"kind": "transformer", "size": 8, "heads": 2, "layers": 1, "widening": 1, "distances": 8},
        **{"bars": True, "meter": True, "dropout": 0.0},
    },
    "decoder": {
        **{"kind": "decoder", "embedding_size": 8, "hidden_size": 8, "layers": 1},
        **{"meter": True, "dropout": 0.0},
    },
}
HUGE = 10**30
NUMBERS: Sequence[Any] = (
    *(0, 1, -1, 2, 3, 7, 64, 65, 1000, 2**31, 2**63 - 1, 2**63, -(2**63), HUGE, -HUGE),
    *(0.0, 1.0, 0.5, -0.5, 1e-320, 1e-12, 0.999999, 1.0000001, 1e300, math.inf, -math.inf, math.nan),
)
TEXTS: Sequence[Any] = ("", "x", "1", "auto", "default", "nan", "\x1b[31m", "a" * 5000, "../..", "\0", "ü/\n")
OTHERS: Sequence[Any] = (
    *(None, True, False, *TEXTS),
    *([], [[]], [1, 2], ["x"], [None], [[0], [0]], list(range(100)), {}, {"x": 1}, {"default": None}),
)
REMOTE = {"path": "all.abc", "urls": ["http://127.0.0.1:9/x"], "sha256": "0" * 64, "size": 9, "unpack": False}
SOURCE = {"licence": "CC0-1.0", "citation": "us"}
KINDS: Sequence[tuple[tuple[str, ...], dict[str, Any]]] = (  # that the sections of the project do not have
    (("engine",), {"kind": "processes", "workers": 2, "address": None}),
    (("engine",), {"kind": "dask", "workers": 1, "address": "tcp://127.0.0.1:9"}),
    (("corpora", "songs", "source"), {"kind": "bundled", "path": "bach", "pattern": "bwv1*.mxl", **SOURCE}),
    (("corpora", "songs", "source"), {"kind": "url", "files": [REMOTE], "beats": None, **SOURCE}),
    (("datasets", "tunes", "split"), {"kind": "random", "seed": 1, "valid": 0.2, "test": 0.2}),
    (("datasets", "tunes", "split"), {"kind": "published", "embargo": "none"}),
    (("datasets", "tunes", "split"), {"kind": "none", "embargo": "none"}),
)
# sections in the order in which the stages read them: the stages that run again after an edit
CHAIN = (
    *("download", "parse", "families", "quantize", "filter", "split", "encode"),
    *("train", "evaluate", "report"),
)
FIRST_STAGE = {  # the innermost section counts
    "engine": "parse",
    "source": "download",
    "watch": "download",
    "read": "parse",
    "limits": "parse",
    "families": "families",
    "datasets": "quantize",
    "quantize": "quantize",
    "filter": "filter",
    "split": "split",
    "encode": "encode",
    "experiments": "train",
    "evaluation": "evaluate",
}


@dataclass(frozen=True)
class Edit:
    """One parameter and its hostile value."""

    path: tuple[str, ...]
    value: Any

    def apply(self, params: dict[str, Any]) -> dict[str, Any]:
        """A copy of the parameters with the value."""
        changed = copy.deepcopy(params)
        section = changed
        for name in self.path[:-1]:
            section = section[name]
        section[self.path[-1]] = self.value
        return changed

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}={repr(self.value)[:90]}"


def parameters() -> dict[str, Any]:
    """Parameters of a project in which every kind of section occurs."""
    experiments = {"first": sections.continuing("tunes"), "choir": sections.harmonizing("tunes")}
    for name, model in MODELS.items():
        experiments[name] = {**sections.continuing("tunes"), "model": model}
    for experiment in experiments.values():
        experiment["training"]["threads"] = experiment["evaluation"]["threads"] = 1
        if experiment["task"]["kind"] == "continue":
            experiment["evaluation"] |= {"continued_pieces": 3, "continuation_samples": 1}
    params = {
        "engine": sections.ENGINE,
        "defaults": {},
        "corpora": {"songs": sections.corpus("scores")},
        "families": sections.FAMILIES,
        "datasets": {"tunes": sections.dataset("songs")},
        "experiments": experiments,
    }
    return _complete(json.loads(json.dumps(params)))


def _complete(params: dict[str, Any]) -> dict[str, Any]:
    """The same parameters with every key that has a default."""
    complete = check_parameters({**params, "corpora": {}, "datasets": {}, "experiments": {}}).model_dump()
    complete |= {"corpora": {}, "datasets": {}, "experiments": {}}
    for group, model in (("corpora", Corpus), ("datasets", Dataset), ("experiments", Experiment)):
        for name, section in params[group].items():
            complete[group][name] = parse_section(model, section, name).model_dump()
    for name, experiment in complete["experiments"].items():
        experiment["model"] = parse_model(experiment["model"], name).model_dump()
        evaluation = EVALUATIONS[experiment["task"]["kind"]]
        experiment["evaluation"] = parse_section(evaluation, experiment["evaluation"], name).model_dump()
    plain: dict[str, Any] = json.loads(json.dumps(complete))
    return plain


def edits(params: dict[str, Any], values: Sequence[Any] = (*NUMBERS, *OTHERS)) -> list[Edit]:
    """Every parameter with every value; sections that all experiments share are tried in one of them."""
    own = [Edit(path, value) for path in _leaves(params, ()) if not _tried(path) for value in values]
    others = [
        Edit(path, changed)
        for path, section in KINDS
        for value in values
        for changed in _with(section, value)
    ]
    return own + others


def _with(node: Any, value: Any) -> Iterator[Any]:
    """Copies of a section with the value in one place, in every place but ``kind``."""
    if isinstance(node, dict):
        yield from ({**node, key: new} for key in node if key != "kind" for new in _with(node[key], value))
    elif isinstance(node, list):
        yield from (
            [*node[:place], new, *node[place + 1 :]]
            for place in range(len(node))
            for new in _with(node[place], value)
        )
        yield value
    else:
        yield value


def part_of(values: Sequence[Edit], number: int, parts: int) -> list[Edit]:
    """One part of the values, counted from 1; every value is in one part."""
    return list(values[number - 1 :: parts])


def _tried(path: tuple[str, ...]) -> bool:
    return path[0] == "experiments" and path[1] in MODELS and path[2] != "model"


def _leaves(node: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(node, dict) and node:
        for name, below in node.items():
            yield from _leaves(below, (*path, name))
    else:
        yield path


def first_stage(edit: Edit) -> str:
    """The first stage that reads the parameter."""
    return next((FIRST_STAGE[name] for name in reversed(edit.path) if name in FIRST_STAGE), CHAIN[0])
