"""params.yaml as a whole: a valid one, with one mistake at a time, and its overrides."""

import copy
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.settings import SettingsError, load_yaml
from pipeline.parameters import check_parameters
from tests.helpers import sections
from tests.helpers.paths import ROOT

VOICES = {"default": ["Soprano", "Alto", "Tenor", "Bass"]}
PUBLISHED = {"kind": "catalogue", "name": "essen"}
GOOD: dict[str, Any] = {
    "engine": sections.ENGINE,
    "defaults": {},
    "corpora": {
        "songs": sections.corpus("scores"),
        "essen": {**sections.corpus("scores"), "watch": "catalogue.yaml", "source": PUBLISHED},
    },
    "families": sections.FAMILIES,
    "datasets": {
        "tunes": sections.dataset("songs", "essen"),
        "eighths": {
            **sections.dataset("songs"),
            "quantize": {**sections.QUANTIZE, "steps_per_quarter": 2},
        },
        "chorales": {**sections.dataset("songs"), "quantize": {**sections.QUANTIZE, "parts": VOICES}},
        "all": {**sections.dataset("songs"), "split": {"kind": "none"}},
    },
    "experiments": {
        "first": sections.continuing("tunes"),
        "tuned": sections.continuing("tunes", init_from="first"),
        "again": sections.continuing("tunes", init_from="tuned"),
        "choir": sections.harmonizing("chorales"),
    },
}

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with the paths that GOOD names."""
    (tmp_path / "scores").mkdir()
    (tmp_path / "catalogue.yaml").touch()
    return tmp_path


def put(*path: str, value: Any) -> Change:
    def change(params: dict[str, Any]) -> None:
        for name in path[:-1]:
            params = params[name]
        params[path[-1]] = copy.deepcopy(value)

    return change


def drop(*path: str) -> Change:
    def change(params: dict[str, Any]) -> None:
        for name in path[:-1]:
            params = params[name]
        del params[path[-1]]

    return change


def all_of(*changes: Change) -> Change:
    def change(params: dict[str, Any]) -> None:
        for each in changes:
            each(params)

    return change


def mistakes_of(params: dict[str, Any], root: Path) -> list[str]:
    """The lines of the message."""
    with pytest.raises(SettingsError) as raised:
        check_parameters(params, root)
    return str(raised.value).splitlines()


def test_the_projects_own_parameters_are_valid() -> None:
    params = load_yaml(ROOT / "params.yaml")
    assert list(check_parameters(params, ROOT).experiments) == list(params["experiments"])


def test_every_task_model_and_initial_weights_are_accepted(root: Path) -> None:
    assert list(check_parameters(GOOD, root).experiments) == ["first", "tuned", "again", "choir"]


def test_anchors_of_defaults_are_read_by_no_stage(root: Path) -> None:
    params = {**GOOD, "defaults": {"mine": {"anything": 1}}}
    assert check_parameters(params, root).defaults == {"mine": {"anything": 1}}
    assert check_parameters({name: GOOD[name] for name in GOOD if name != "defaults"}, root).defaults == {}


MISTAKES: list[tuple[Change, str]] = [
    (put("engine", "kind", value="cluster"), r"engine\.kind: Input should be"),
    (drop("families"), r"families: this parameter is missing"),
    (put("experiment", value={}), r"experiment: unknown parameter; did you mean 'experiments'"),
    # corpora
    (put("corpora", "essen", "source", "nam", value="x"), r"corpora\.essen\.source\.nam: unknown .* 'name'"),
    (put("corpora", "essen", "read", "reader", value="fast"), r"corpora\.essen\.read\.reader: Input should"),
    (put("corpora", "essen", "limits", "max_note", value=1), r"limits\.max_note: unknown .* 'max_notes'"),
    (drop("corpora", "essen", "limits"), r"corpora\.essen\.limits: this parameter is missing"),
    (put("corpora", "songs", "watch", value="catalogue.yaml"), r"corpora\.songs\.watch: a folder corpus"),
    (put("corpora", "essen", "watch", value="nowhere"), r"corpora\.essen\.watch: there is no nowhere"),
    (put("corpora", "01-x", value=GOOD["corpora"]["essen"]), r"corpora\.01-x: names begin with a letter"),
    # data sets
    (put("datasets", "tunes", "corpora", value=["esen"]), r"no corpus 'esen'; did you mean 'essen'"),
    (put("datasets", "tunes", "corpora", value=[]), r"datasets\.tunes\.corpora: at least one"),
    (put("datasets", "all", "notes", value="data/grids"), r"found data/grids, allowed here: .*songs"),
    (put("datasets", "tunes", "notes", value="data/notes/essen.parquet"), r"allowed here: data/notes$"),
    (put("datasets", "tunes", "encode", "key", value={"essen": "tonic"}), r"key: 'default' is missing"),
    (put("datasets", "all", "encode", "key", "essen", value="tonic"), r"encode\.key\.essen: no corpus of"),
    (
        put("datasets", "all", "quantize", "steps_per_quarter", value=0),
        r"greater than or equal to 1, found 0",
    ),
    (
        put("datasets", "tunes", "quantize", "min_rest", value=4),
        r"tunes\.quantize: min_rest is required with",
    ),
    (put("datasets", "tunes", "filter", "min_note", value=1), r"filter\.min_note: unknown .* 'min_notes'"),
    (put("datasets", "tunes", "split", "kind", value="familly"), r"split\.kind: there is no 'familly'; did"),
    (put("datasets", "tunes", "split", "test", value=0.95), r"must leave a share to train"),
    # experiments
    (put("experiments", "first", "dataset", value="tune"), r"no data set 'tune'; did you mean 'tunes'"),
    (put("experiments", "first", "model", "kind", value="lstn"), r"no model 'lstn'; did you mean 'lstm'"),
    (put("experiments", "first", "model", "layer", value=1), r"model\.layer: unknown .* 'layers'"),
    (drop("experiments", "first", "training", "seed"), r"first\.training\.seed: this parameter is missing"),
    (put("experiments", "first", "training", "epochs", value=0), r"first\.training\.epochs: Input should be"),
    (drop("experiments", "first", "evaluation", "scores"), r"first\.evaluation\.scores: this parameter is"),
    (put("experiments", "scratch", value=GOOD["experiments"]["first"]), r"experiments\.scratch: this name"),
    # tasks
    (put("experiments", "first", "task", "kind", value="continu"), r"task\.kind: .*mean 'continue'"),
    (put("experiments", "first", "task", "cut", value=1.5), r"first\.task\.cut: Input should be less than 1"),
    (put("experiments", "first", "task", "min_cut", value=0.9), r"min_cut 0\.9 must not exceed max_cut 0\.5"),
    (
        put("experiments", "first", "model", value=sections.STEPWISE),
        r"model\.kind: 'stepwise' cannot continue; .*copying",
    ),
    (
        put("experiments", "choir", "model", value=sections.COPYING),
        r"choir\.model\.kind: 'copying' cannot harmonize; .*stepwise",
    ),
    (put("experiments", "choir", "task", "given", value=[4]), r"choir\.task\.given: found \[4\]"),
    (
        put("experiments", "choir", "evaluation", "given", value=[[0, 1, 2, 3]]),
        r"given: found \[0, 1, 2, 3\]; chorales has voices 0 to 3, and at least one",
    ),
    # initial weights
    (put("experiments", "tuned", "init_from", value="frist"), r"no experiment 'frist'; did you mean 'first'"),
    (put("experiments", "tuned", "init_from", value="tuned"), r"tuned\.init_from: .*its own weights"),
    (
        put("experiments", "first", "init_from", value="again"),
        r"again\.init_from: again -> tuned -> first -> again is a circle",
    ),
    (
        put("experiments", "again", "dataset", value="eighths"),
        r"again\.init_from: eighths has 2 steps per quarter and 1 voice, but tunes, .* has 1 step per",
    ),
    (
        put("experiments", "again", "dataset", value="chorales"),
        r"again\.init_from: chorales has 1 step per quarter and 4 voices, but tunes",
    ),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES)
def test_a_mistake_is_one_line_with_its_place(change: Change, message: str, root: Path) -> None:
    params = copy.deepcopy(GOOD)
    change(params)
    with pytest.raises(SettingsError, match=message) as raised:
        check_parameters(params, root)
    assert len(str(raised.value).splitlines()) == 1


def test_every_key_of_an_evaluation_of_another_task_is_named_with_its_place(root: Path) -> None:
    params = copy.deepcopy(GOOD)
    params["experiments"]["choir"]["evaluation"] = sections.CONTINUE_EVALUATION
    lines = mistakes_of(params, root)
    place = "params.yaml, experiments.choir.evaluation."
    assert all(line.startswith(place) for line in lines)
    others = sections.CONTINUE_EVALUATION.keys() ^ sections.HARMONIZE_EVALUATION.keys()
    assert {line.removeprefix(place).split(":")[0] for line in lines} == others


@pytest.mark.parametrize(
    ("key", "value"),
    [("kind", "random"), ("seed", 2), ("valid", 0.1), ("test", 0.1)],
)
def test_weights_of_another_split_are_refused(key: str, value: Any, root: Path) -> None:
    params = copy.deepcopy(GOOD)
    params["datasets"]["other"] = copy.deepcopy(GOOD["datasets"]["tunes"])
    params["datasets"]["other"]["split"][key] = value
    params["experiments"]["again"]["dataset"] = "other"
    (line,) = mistakes_of(params, root)
    assert line.startswith("params.yaml, experiments.again.init_from: other has another split than tunes")


def test_weights_of_a_split_are_accepted_where_nothing_is_held_out(root: Path) -> None:
    params = copy.deepcopy(GOOD)
    params["experiments"]["again"]["dataset"] = "all"
    check_parameters(params, root)


def test_mistakes_of_several_entries_are_named_at_once(root: Path) -> None:
    params = copy.deepcopy(GOOD)
    all_of(
        put("datasets", "tunes", "corpora", value=["songs", "esen"]),
        put("experiments", "first", "dataset", value="tune"),
        put("experiments", "again", "init_from", value="turned"),
    )(params)
    places = [line.split(": ")[0] for line in mistakes_of(params, root)]
    assert [place.removeprefix("params.yaml, ") for place in places] == [
        "datasets.tunes.corpora",
        "experiments.first.dataset",
        "experiments.again.init_from",
    ]


OF_THE_VERSION_BEFORE: list[tuple[Change, str]] = [
    (put("finetunes", value={}), r"finetunes: move its entries to `experiments`; .*init_from: NAME"),
    (put("harmonizers", value={}), r"harmonizers: move its entries to `experiments`; .*kind: harmonize"),
    (
        put("corpora", "essen", "read", "limits", value={}),
        r"corpora\.essen\.read\.limits: .*section of its own",
    ),
    *(
        (put("experiments", "first", "training", old, value=0.5), rf"first\.training\.{old}: .*{new}")
        for old, new in (
            ("cut", "section task, as cut"),
            ("least_cut", "section task, as min_cut"),
            ("most_cut", "section task, as max_cut"),
            ("given", "section task, as given"),
            ("average_decay", "write ema_decay"),
        )
    ),
    (put("experiments", "first", "evaluation", "samples", value=3), r"evaluation\.samples: write scores"),
    (
        put("experiments", "first", "evaluation", "continuations", value={}),
        r"evaluation\.continuations: write continued_pieces .* continuation_samples",
    ),
]


@pytest.mark.parametrize(("change", "message"), OF_THE_VERSION_BEFORE)
def test_a_renamed_key_gives_one_line_with_the_new_name(change: Change, message: str, root: Path) -> None:
    params = copy.deepcopy(GOOD)
    change(params)
    with pytest.raises(SettingsError, match=message) as raised:
        check_parameters(params, root)
    assert len(str(raised.value).splitlines()) == 1


def test_an_old_key_of_many_entries_is_one_line(root: Path) -> None:
    params = copy.deepcopy(GOOD)
    for experiment in params["experiments"].values():
        experiment["training"]["average_decay"] = 0.0
    (line,) = mistakes_of(params, root)
    assert "experiments.first.training.average_decay (and in 3 more): write ema_decay" in line


def numbers(params: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all numbers of a file of parameters, and of what may be one."""
    if isinstance(params, dict):
        for name, value in params.items():
            yield from numbers(value, (*path, name))
    elif isinstance(params, int | float) and not isinstance(params, bool):
        yield path


HOSTILE = {
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
    "1e308": 1e308,
    "10**30": 10**30,
    "-10**30": -(10**30),
    "4000 digits": 10**4000,
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_every_number_is_finite_and_bounded(root: Path, value: float) -> None:
    late = ("model", "evaluation")  # sections that are read when the others are valid
    for paths in (
        [path for path in numbers(GOOD) if path[-2] not in late],
        [path for path in numbers(GOOD) if path[-2] in late and path[1] == "first"],
    ):
        changed = copy.deepcopy(GOOD)
        for path in paths:
            put(*path, value=value)(changed)
        with pytest.raises(SettingsError) as told:
            check_parameters(changed, root)
        lines = str(told.value).splitlines()
        assert max(map(len, lines)) < 500
        for path in paths:
            assert any(re.search(rf"{re.escape('.'.join(path))}[.:]", line) for line in lines), path


@pytest.mark.parametrize("path", ["a\0b", "a" * 5000, "no/such/place"])
def test_a_path_that_cannot_be_is_one_message(root: Path, path: str) -> None:
    changed = copy.deepcopy(GOOD)
    put("corpora", "essen", "watch", value=path)(changed)
    with pytest.raises(SettingsError, match=r"corpora.essen.watch: there is no "):
        check_parameters(changed, root)


def test_a_name_is_not_too_long_for_a_file(root: Path) -> None:
    changed = copy.deepcopy(GOOD)
    changed["corpora"]["a" * 65] = changed["corpora"]["songs"]
    with pytest.raises(SettingsError, match="65 letters; a name has at most 64"):
        check_parameters(changed, root)


def test_the_grid_of_an_experiment_can_be_written_as_a_score(root: Path) -> None:
    changed = copy.deepcopy(GOOD)
    put("datasets", "tunes", "quantize", "steps_per_quarter", value=65)(changed)
    with pytest.raises(SettingsError, match="tunes has 65 steps per quarter; evaluation writes scores"):
        check_parameters(changed, root)


def test_any_given_voices_need_few_voices(root: Path) -> None:
    changed = copy.deepcopy(GOOD)
    put("datasets", "chorales", "quantize", "parts", value={"default": ["top"] * 9})(changed)
    with pytest.raises(SettingsError, match="'any' allows 8 voices, chorales has 9"):
        check_parameters(changed, root)
    put("datasets", "chorales", "quantize", "parts", value={"default": ["top"] * 65})(changed)
    with pytest.raises(SettingsError, match="65 voices; allowed are 64"):
        check_parameters(changed, root)
