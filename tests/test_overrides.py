"""``dvc exp run -S`` changes the key that it names and no other, by DVC's own function.

DVC writes all resolved values back, leaf by leaf. Where two keys alias one YAML mapping, the last one
written wins: an override is lost, or changes other entries. Several keys are overridden in one call, but
never two of the same name. Keys that alias one mapping have the same name, so that none hides another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides
from pydantic import BaseModel, TypeAdapter
from ruamel.yaml import YAML

from pipeline.core.settings import load_yaml
from pipeline.corpora.sources.settings import SOURCE
from pipeline.datasets.splits import SPLIT
from pipeline.models.base.registry import config_of
from pipeline.models.base.tasks import TASK
from pipeline.parameters.experiments import EVALUATIONS
from pipeline.parameters.sections import Corpus, Dataset, Experiment, Parameters
from tests.helpers.guides import DOCUMENTS, GROUPS, entries, pasted
from tests.helpers.paths import ROOT

Keys = tuple[str, ...]


def leaves(params: Mapping[str, Any], place: Keys = ()) -> dict[Keys, Any]:
    """Every key whose value is no mapping, and its value."""
    found: dict[Keys, Any] = {}
    for key, value in params.items():
        found |= leaves(value, (*place, key)) if isinstance(value, Mapping) else {(*place, key): value}
    return found


def another(value: Any) -> Any:
    """A different value of the same type; null becomes a number."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case float():
            return value / 2 + 0.0625
        case str():
            return f"{value} and more"
        case None:
            return 7
        case _:
            return [*value, *value, 5]


def written(value: Any) -> str:
    """A value in the grammar of ``-S KEY=VALUE``."""
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "null"
        case str():
            return f"'{value}'"
        case list():
            return f"[{','.join(map(written, value))}]"
        case _:
            return str(value)


def batches(keys: Sequence[Keys]) -> Iterator[list[Keys]]:
    """All keys, in as few batches as possible without two keys of the same name in any."""
    by_name: dict[str, list[Keys]] = defaultdict(list)
    for key in keys:
        by_name[key[-1]].append(key)
    for number in range(max(map(len, by_name.values()))):
        yield [same[number] for same in by_name.values() if number < len(same)]


def wrong_after_overrides(text: str, path: Path, keys: Sequence[Keys] | None = None) -> list[str]:
    """The keys that an override loses, or changes though it does not name them.

    Args:
        text: of a params.yaml.
        path: where copies of it are written and changed.
        keys: those to be overridden; None for all.
    """
    before = leaves(YAML(typ="safe").load(text))
    found = []
    for batch in batches(list(before) if keys is None else keys):
        path.write_text(text, encoding="utf-8")
        changes = {key: another(before[key]) for key in batch}
        apply_overrides(path, [f"{'.'.join(key)}={written(value)}" for key, value in changes.items()])
        after = leaves(load_yaml(path))
        wanted = before | changes
        found += [".".join(key) for key in wanted.keys() | after.keys() if wanted.get(key) != after.get(key)]
    return sorted(found)


def test_every_key_of_params_yaml_is_overridden_alone(tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    keys = leaves(load_yaml(ROOT / "params.yaml"))
    assert len(keys) > 100
    assert sum(map(len, batches(list(keys)))) == len(keys)
    assert wrong_after_overrides(text, tmp_path / "params.yaml") == []


def test_a_single_override_changes_one_key(tmp_path: Path) -> None:
    text = (
        "defaults:\n  training: &training {epochs: 3, seed: 1}\n"
        "experiments:\n  a: {training: &mine {<<: *training, seed: 2}}\n  b: {training: {<<: *mine}}\n"
    )
    path = tmp_path / "params.yaml"
    before = leaves(YAML(typ="safe").load(text))
    for key in before:
        path.write_text(text)
        apply_overrides(path, [f"{'.'.join(key)}=9"])
        assert leaves(load_yaml(path)) == before | {key: 9}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("a: {training: &all {epochs: 3}}\nb: {training: *all}\n", ["a.training.epochs"]),
        (
            "defaults: &all {read: {limits: {notes: 3}}}\na: {<<: *all}\nb: {<<: *all}\n",
            ["a.read.limits.notes", "defaults.read.limits.notes"],
        ),
    ],
)
def test_aliased_and_nested_mappings_are_found(text: str, wrong: list[str], tmp_path: Path) -> None:
    assert sorted({*wrong_after_overrides(text, tmp_path / "params.yaml")}) == wrong


def test_entries_that_the_guides_show_are_overridden_alone(tmp_path: Path) -> None:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    own = leaves(load_yaml(ROOT / "params.yaml"))
    blocks = [block for document in DOCUMENTS for block in entries(document)]
    assert {block.split(":")[0] for block in blocks} == set(GROUPS)
    for block in blocks:
        text = pasted(text, block)
    new = leaves(YAML(typ="safe").load(text)).keys() - own
    assert {key[0] for key in new} == set(GROUPS)
    assert wrong_after_overrides(text, tmp_path / "params.yaml", sorted(new)) == []


def lacking(place: str, value: Any, model: Any) -> list[str]:
    """The keys of a model that a section does not state: Hydra refuses to override these."""
    adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    parsed = adapter.validate_python(value)
    if isinstance(parsed, BaseModel):
        return [f"{place}.{name}" for name in type(parsed).model_fields if name not in value]
    return []


def sections_of(params: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Place, value and model of every section."""
    yield "engine", params["engine"], Parameters.model_fields["engine"].annotation
    yield "families", params["families"], Parameters.model_fields["families"].annotation
    for name, corpus in params["corpora"].items():
        yield f"corpora.{name}.source", corpus["source"], SOURCE
        for section in ("read", "limits"):
            yield f"corpora.{name}.{section}", corpus[section], Corpus.model_fields[section].annotation
    for name, dataset in params["datasets"].items():
        yield f"datasets.{name}.split", dataset["split"], SPLIT
        for section in ("quantize", "filter", "encode"):
            yield f"datasets.{name}.{section}", dataset[section], Dataset.model_fields[section].annotation
    for name, trial in params["experiments"].items():
        place = f"experiments.{name}"
        yield f"{place}.task", trial["task"], TASK
        yield f"{place}.model", trial["model"], config_of(trial["model"]["kind"])
        yield f"{place}.training", trial["training"], Experiment.model_fields["training"].annotation
        yield f"{place}.evaluation", trial["evaluation"], EVALUATIONS[trial["task"]["kind"]]


def test_every_entry_states_every_key_of_its_sections() -> None:
    params = load_yaml(ROOT / "params.yaml")
    for model, group in ((Corpus, "corpora"), (Dataset, "datasets"), (Experiment, "experiments")):
        for entry in params[group].values():
            assert entry.keys() == model.model_fields.keys()
    assert [missing for section in sections_of(params) for missing in lacking(*section)] == []
