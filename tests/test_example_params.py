"""The entries of examples/params fit params.yaml and the catalogue."""

import re
import subprocess
from pathlib import Path

import pytest

from pipeline.core.settings import load_yaml
from pipeline.corpora.sources.catalogue import catalogue
from pipeline.corpora.sources.settings import CatalogueSource
from pipeline.parameters import check_parameters
from pipeline.parameters.sections import Parameters
from tests.helpers.example_params import EXAMPLES, FOLDER, groups, write_params_with
from tests.helpers.figure_rows import OPTIONAL
from tests.helpers.paths import ROOT

NAMES = [example.stem for example in EXAMPLES]
EXPERIMENTS = FOLDER / "encoder-decoder.yaml"


def checked(folder: Path, *names: str) -> Parameters:
    write_params_with(folder / "params.yaml", *names)
    return check_parameters(load_yaml(folder / "params.yaml"), ROOT)


def test_every_corpus_of_the_catalogue_is_in_params_yaml_or_has_an_example() -> None:
    sources = [entry["source"] for entry in load_yaml(ROOT / "params.yaml")["corpora"].values()]
    present = {source["name"] for source in sources if source["kind"] == "catalogue"}
    assert set(NAMES) == set(catalogue()) - present


@pytest.mark.parametrize("name", NAMES)
def test_an_example_fits_params_yaml(name: str, tmp_path: Path) -> None:
    params = checked(tmp_path, name)
    assert params.corpora[name].source == CatalogueSource(kind="catalogue", name=name)
    assert params.datasets[name].corpora == [name]


@pytest.mark.parametrize("example", EXAMPLES, ids=NAMES)
def test_an_example_is_one_corpus_and_one_data_set(example: Path) -> None:
    assert list(groups(example.read_text(encoding="utf-8"))) == ["corpora", "datasets"]


def test_its_command_adds_the_experiments_to_the_end_of_params_yaml(tmp_path: Path) -> None:
    [command] = re.findall(r"^#     (.*)$", EXPERIMENTS.read_text(encoding="utf-8"), re.MULTILINE)
    (tmp_path / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    before = check_parameters(load_yaml(ROOT / "params.yaml"), ROOT)
    params = check_parameters(load_yaml(tmp_path / "params.yaml"), ROOT)
    assert set(params.experiments) - set(before.experiments) == set(OPTIONAL)


def test_the_settings_of_the_demo_are_valid() -> None:
    params = check_parameters(load_yaml(ROOT / "examples/demo/params.yaml"), ROOT)
    assert list(params.datasets) == list(params.experiments) == ["demo"]


def test_all_examples_fit_at_once(tmp_path: Path) -> None:
    before = check_parameters(load_yaml(ROOT / "params.yaml"), ROOT)
    params = checked(tmp_path, *NAMES)
    assert set(params.corpora) == {*before.corpora, *NAMES}
    assert set(params.datasets) == {*before.datasets, *NAMES}
    assert params.experiments == before.experiments
