"""params.yaml as a whole: the one of this project, with one mistake at a time."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.core.settings import SettingsError, load_yaml
from pipeline.parameters import check_parameters
from tests.helpers.paths import ROOT

GOOD = load_yaml(ROOT / "params.yaml")


def test_the_projects_own_parameters_are_valid() -> None:
    assert list(check_parameters(GOOD, ROOT).experiments) == list(GOOD["experiments"])


def put(*path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(params: dict[str, Any]) -> None:
        for name in path[:-1]:
            params = params[name]
        params[path[-1]] = value

    return change


def drop(*path: str) -> Callable[[dict[str, Any]], None]:
    def change(params: dict[str, Any]) -> None:
        for name in path[:-1]:
            params = params[name]
        del params[path[-1]]

    return change


MISTAKES: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (put("engine", "kind", value="cluster"), r"engine\.kind: Input should be"),
    (put("corpora", "essen", "source", "nam", value="x"), r"corpora\.essen\.source\.nam: unknown .* 'name'"),
    (put("corpora", "essen", "read", "reader", value="fast"), r"corpora\.essen\.read\.reader: Input should"),
    (put("corpora", "entchen", "watch", value="data"), r"corpora\.entchen\.watch: a folder corpus watches"),
    (put("corpora", "essen", "watch", value="nowhere"), r"corpora\.essen\.watch: there is no nowhere"),
    (put("corpora", "01-x", value=GOOD["corpora"]["essen"]), r"corpora\.01-x: a name begins with a letter"),
    (put("datasets", "melodies", "corpora", value=["esen"]), r"no corpus 'esen'; did you mean 'essen'"),
    (put("datasets", "melodies", "corpora", value=[]), r"datasets\.melodies\.corpora: at least one"),
    (
        put("datasets", "entchen", "notes", value="data/grids"),
        r"notes: found data/grids, allowed here: .*entchen",
    ),
    (put("datasets", "melodies", "notes", value="data/notes/essen.parquet"), r"allowed here: data/notes$"),
    (
        put("datasets", "melodies", "encode", "key", value={"essen": "tonic"}),
        r"encode\.key: 'default' is missing",
    ),
    (
        put("datasets", "entchen", "encode", "key", "essen", value="tonic"),
        r"encode\.key\.essen: no corpus of",
    ),
    (
        put("datasets", "melodies", "quantize", "steps_per_quarter", value=0),
        r"greater than or equal to 1, found 0",
    ),
    (put("datasets", "melodies", "filter", "min_note", value=1), r"filter\.min_note: unknown .* 'min_notes'"),
    (put("datasets", "melodies", "split", "kind", value="familly"), r"datasets\.melodies\.split"),
    (put("datasets", "melodies", "split", "test", value=0.95), r"must leave a share to train"),
    (
        put("experiments", "melodies", "dataset", value="melody"),
        r"no data set 'melody'; did you mean 'melodies'",
    ),
    (put("experiments", "melodies", "model", "kind", value="lstn"), r"no model 'lstn'; did you mean 'lstm'"),
    (put("experiments", "melodies", "model", "layer", value=1), r"model\.layer: unknown .* 'layers'"),
    (
        put("experiments", "melodies", "training", "cut", value=1.5),
        r"training\.cut: Input should be less than 1",
    ),
    (drop("experiments", "melodies", "training", "seed"), r"training\.seed: this parameter is missing"),
    (
        put("finetunes", "chorales-from-melodies", "from", value="melodis"),
        r"finetunes\.chorales-from-melodies\.from: there is no experiment 'melodis'; did you mean 'melodies",
    ),
    (
        put("datasets", "chorale-melodies", "split", "seed", value=24),
        r"finetunes\.chorales-from-melodies\.dataset: chorale-melodies is split in another way than",
    ),
    (
        put("finetunes", "melodies", value=GOOD["finetunes"]["chorales-from-melodies"]),
        r"finetunes\.melodies: an experiment has this name already",
    ),
    (
        put("finetunes", "chorales-from-melodies", "training", "epochs", value=0),
        r"finetunes\.chorales-from-melodies\.training\.epochs: Input should be",
    ),
    (
        put("harmonizers", "chorales-harmony", "model", "kind", value="copying"),
        r"harmonizers\.chorales-harmony\.model\.attention_size: this parameter is missing",
    ),
    (
        put("harmonizers", "chorales-harmony", "model", value=GOOD["experiments"]["melodies"]["model"]),
        r"harmonizers\.chorales-harmony\.model\.kind: 'copying' cannot harmonize; .*stepwise",
    ),
    (
        put("experiments", "melodies", "model", value=GOOD["harmonizers"]["chorales-harmony"]["model"]),
        r"experiments\.melodies\.model\.kind: 'stepwise' cannot continue; .*copying",
    ),
    (
        put("harmonizers", "chorales-harmony", "evaluation", "given", value=[[0, 1, 2, 3]]),
        r"chorales-harmony\.evaluation\.given: found \[0, 1, 2, 3\]; chorales has voices 0 to 3, and one",
    ),
    (
        put("harmonizers", "chorales-harmony", "training", "given", value=[4]),
        r"chorales-harmony\.training\.given: found \[4\]",
    ),
    (
        put("harmonizers", "melodies", value=GOOD["harmonizers"]["chorales-harmony"]),
        r"harmonizers\.melodies: an experiment has this name already",
    ),
    (drop("finetunes"), r"finetunes: this parameter is missing"),
    (drop("families"), r"families: this parameter is missing"),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES)
def test_a_mistake_is_named_with_its_place(change: Callable[[dict[str, Any]], None], message: str) -> None:
    params = copy.deepcopy(GOOD)
    change(params)
    with pytest.raises(SettingsError, match=message):
        check_parameters(params, ROOT)
