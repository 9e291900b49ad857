"""The JSON Schema of params.yaml."""

import json
from copy import deepcopy
from typing import Any

import jsonschema
import pytest

from pipeline.core.settings import load_yaml
from pipeline.models.base.registry import known_kinds
from pipeline.models.base.tasks import Continue
from pipeline.tools.schema import attributes, schema
from pipeline.training.settings import TrainingSettings
from tests.helpers.paths import ROOT

FILE = ROOT / "pipeline/params.schema.json"


def test_the_file_is_up_to_date() -> None:
    assert json.loads(FILE.read_text(encoding="utf-8")) == schema(), (
        "run `python -m pipeline schema > pipeline/params.schema.json`"
    )
    assert (
        (ROOT / "params.yaml")
        .read_text(encoding="utf-8")
        .splitlines()[0]
        .endswith(str(FILE.relative_to(ROOT)))
    )


def test_the_projects_own_parameters_are_valid() -> None:
    jsonschema.Draft202012Validator(schema()).validate(load_yaml(ROOT / "params.yaml"))


def misspelt(params: dict[str, Any]) -> None:
    params["datasets"]["melodies"]["filter"]["min_note"] = 3


def another_kind(params: dict[str, Any]) -> None:
    params["experiments"]["melodies"]["model"]["kind"] = "lstmm"


def too_much(params: dict[str, Any]) -> None:
    params["experiments"]["melodies"]["task"]["cut"] = 2


@pytest.mark.parametrize("mistake", [misspelt, another_kind, too_much])
def test_a_mistake_is_underlined(mistake: Any) -> None:
    params = deepcopy(load_yaml(ROOT / "params.yaml"))
    mistake(params)
    assert not jsonschema.Draft202012Validator(schema()).is_valid(params)


def test_attributes_are_described_by_the_docstrings() -> None:
    described = attributes(TrainingSettings)
    assert described.keys() == TrainingSettings.model_fields.keys()
    assert described["epochs"] == "passes over the training examples."
    assert described["patience"].endswith("0: never.")


def test_attributes_that_share_a_line_share_its_description() -> None:
    described = attributes(Continue)
    assert described["min_cut"] == described["max_cut"] != described["cut"]


def test_every_kind_of_model_is_there_with_all_its_parameters_described() -> None:
    definitions = schema()["$defs"]
    for kind in known_kinds():
        properties = definitions[f"model.{kind}"]["properties"]
        assert all("description" in described for described in properties.values()), kind
