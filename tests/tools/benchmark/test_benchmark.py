"""Comparison with published figures: rankings, protocols, and figures that are missing."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline.cli import main
from pipeline.core.files import write_json
from pipeline.core.settings import load_yaml
from pipeline.tools.benchmark.published import COMPARISONS, BenchmarkError, figure_at, read_result
from pipeline.tools.benchmark.rows import Comparison
from pipeline.tools.benchmark.table import all_comparisons, as_rows, as_text
from tests.helpers.benchmark_results import in_short
from tests.helpers.paths import ROOT

NGRAM = "data/benchmarks/ngram.json"
FOLDS = "data/crossvalidation/small/figures.json"


def experiment(dataset: str) -> dict[str, Any]:
    task, training, evaluation = {"kind": "continue"}, {"seed": 7}, {"cut": 0.5}
    return {"dataset": dataset, "task": task, "training": training, "evaluation": evaluation}


def dataset(steps_per_quarter: int, kind: str = "family") -> dict[str, Any]:
    return {
        "corpora": ["songs"],
        "quantize": {"steps_per_quarter": steps_per_quarter},
        "split": {"kind": kind, "seed": 23},
        "encode": {"transpose": "c_major_a_minor"},
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two experiments on eighths, one on sixteenths, one of which nothing is held out."""
    params = {
        "datasets": {"eighths": dataset(2), "sixteenths": dataset(4), "all": dataset(1, "none")},
        "experiments": {
            "small": experiment("eighths"),
            "large": experiment("eighths"),
            "fine": experiment("sixteenths"),
            "overfit": experiment("all"),
            "tuned": {**experiment("eighths"), "init_from": "large"},
            "choir": {**experiment("eighths"), "task": {"kind": "harmonize"}},
        },
    }
    with (tmp_path / "params.yaml").open("w") as file:
        YAML().dump(params, file)
    return tmp_path


def measured(root: Path, name: str, bits: float) -> None:
    """The metrics of an evaluation that are committed to git."""
    write_json(root / f"data/metrics/{name}.json", {"bits_per_onset": bits, "ngram_memory": 4.0})


def comparison(root: Path, title: str, unit: str = "") -> Comparison:
    (found,) = (c for c in all_comparisons(root) if c.title == title and c.unit.startswith(unit))
    return found


def shown(found: Comparison) -> list[tuple[int | None, str, float | None]]:
    return [(rank, row.name, row.figure) for rank, row in found.ranked()]


def test_our_figure_is_ranked_among_the_published_ones(root: Path) -> None:
    write_json(root / NGRAM, {"seeds": [1, 2], "kinder": {"ours": {"long_term": 2.41, "mixed": 2.1}}})
    ranked = comparison(root, "Pitch of kinder songs, pitch alone, whole melodies").ranked()
    assert [(rank, row.figure) for rank, row in ranked] == [
        (1, 2.10), (1, 2.1), (3, 2.102), (4, 2.41), (5, 2.42), (6, 2.428)]  # fmt: skip
    (ours,) = (row for _, row in ranked if row.figure == 2.41)
    assert (ours.whose, ours.seeds, ours.source) == ("ours", "1, 2", NGRAM)


def test_a_missing_figure_shows_the_command_that_measures_it(root: Path) -> None:
    text = as_text(all_comparisons(root))
    for command in (
        "python -m tests.benchmarks.ngram > data/benchmarks/ngram.json",
        "python -m tests.benchmarks.pitch > data/benchmarks/pitch.json",
        "dvc repro evaluate@small",
        "dvc repro evaluate@tuned",
        "python -m pipeline cross-validate --experiment small",
    ):
        assert f"not measured:\n          {command}\n" in text, command


def test_a_figure_that_is_no_likelihood_is_unranked(root: Path) -> None:
    found = shown(comparison(root, "Four-part chorales, all parts"))
    assert found[:2] == [(1, "Music Transformer", 0.335), (None, "TonicNet", 0.22)]
    assert "unranked: no likelihood" in as_text(all_comparisons(root, ["chorales"]))


def test_our_figure_is_unranked_if_it_measures_something_else(root: Path) -> None:
    given = {"0+2+3": {"greedy_error": {"all": 0.25}}}
    write_json(
        root / "data/benchmarks/chorales-harmonize.json",
        {"harmonize": {"stepwise": {"given": given}}, "seeds": [1]},
    )
    found = shown(comparison(root, "Harmonization of chorales"))
    assert (None, "stepwise LSTM, alto", 0.25) in found
    assert "unranked: 258 tokens; greedy decoding" in as_text(all_comparisons(root, ["chorales"]))


def test_the_direction_of_a_unit_decides_the_ranking(root: Path) -> None:
    found = shown(comparison(root, "Continuations of chorales as music, rests deleted"))
    assert [name for _, name, _ in found] == [
        "repeat the prompt",
        "Markov chain, order 3",
        "repeat the last note",
    ]


def test_another_grid_is_another_comparison(root: Path) -> None:
    for name, bits in (("small", 3.5), ("large", 3.25), ("fine", 2.0)):
        measured(root, name, bits)
    eighths = comparison(root, "Continuation of eighths, test split", "bits")
    assert shown(eighths) == [
        (1, "large", 3.25),
        (2, "small", 3.5),
        (3, "n-gram with memory", 4.0),
        (None, "tuned", None),
    ]
    assert eighths.protocol.grid == "2 steps per quarter"
    assert shown(comparison(root, "Continuation of sixteenths, test split", "bits"))[0] == (1, "fine", 2.0)


def test_the_training_set_is_no_benchmark(root: Path) -> None:
    measured(root, "overfit", 0.0)
    assert "overfit" not in as_text(all_comparisons(root))


def test_an_evaluation_brings_its_intervals(root: Path) -> None:
    overall = {"bits_per_onset": 3.5, "nats_per_token": 1.0}
    figures = {
        "predictors": {"model": {"all": {"overall": overall}}},
        "bits_per_onset_intervals": {"model": {"value": 3.5, "low": 3.25, "high": 3.75}},
        "continuations": {
            "predictors": {"model": {"10": {"f1": 0.25, "f1_interval": {"low": 0.2, "high": 0.3}}}}
        },
    }
    write_json(root / "data/evaluations/small/figures.json", figures)
    text = as_text(all_comparisons(root, ["tokens", "music"]))
    assert "3.500 [3.250, 3.750]" in text
    assert "0.250 [0.200, 0.300]" in text


def test_folds_have_their_number_and_seeds(root: Path) -> None:
    spread = {"value": 3.0, "low": 2.5, "high": 3.5}
    facts = {
        "folds": 4,
        "seeds": [5, 6],
        "intervals": {"bits_per_onset": {"model": spread, "ngram_memory": spread}},
        "continuations": {"model, greedy decoding": {"10": {"f1": 0.5}}},
    }
    write_json(root / FOLDS, facts)
    rows = [row for row in as_rows(all_comparisons(root)) if row["source"] == FOLDS]
    known = {(row["name"], row["unit"]): row for row in rows if row["figure"] is not None}
    model, memory = (known[name, "bits per onset"] for name in ("small", "n-gram with memory"))
    assert (model["split"], model["seeds"], model["low"]) == ("4 folds over tune families", "5, 6", 2.5)
    assert memory["seeds"] == "none"
    assert any(name == "small, greedy decoding" for name, _ in known)


def test_a_damaged_result_is_one_message(root: Path) -> None:
    (root / NGRAM).parent.mkdir(parents=True)
    (root / NGRAM).write_text('{"kinder": ')
    with pytest.raises(BenchmarkError, match=r"ngram\.json: neither the file nor its last line is JSON"):
        all_comparisons(root)


def test_an_unknown_section_gets_a_suggestion(root: Path) -> None:
    with pytest.raises(BenchmarkError, match="did you mean 'pitch'"):
        all_comparisons(root, ["pich"])


def test_the_last_line_is_read_if_other_lines_precede_it(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('fold 1: 2.0 bits\n{"seeds": [1]}\n')
    assert read_result(tmp_path / "x.json") == {"seeds": [1]}


def test_json_rows_have_unit_and_protocol(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    main(["benchmark", "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == sum(len(c.rows) for c in all_comparisons(root))
    for row in rows:
        assert all(row[part] for part in ("unit", "data", "measured", "grid", "split", "key", "source"))
    main(["benchmark", "reading"])
    assert "MusPy" in capsys.readouterr().out


def places(file: str) -> list[list[str]]:
    comparisons = load_yaml(COMPARISONS)["comparisons"]
    return [place["at"] for entry in comparisons for place in entry["ours"] if place["file"] == file]


def test_every_key_path_exists_in_the_ngram_benchmark() -> None:
    result = read_result(ROOT / NGRAM)
    assert [place for place in places(NGRAM) if figure_at(result, *place) is None] == []


def test_every_key_path_exists_in_the_pitch_benchmark() -> None:
    predictors = ("model", "before fine-tuning", "ngram", "ngram_memory")
    continuers = (
        "model",
        "model, greedy decoding",
        "repeat the prompt",
        "repeat the last note",
        "markov chain",
    )
    found = in_short(
        {
            "predictors": {name: {"pitch_bits_per_onset": 2.0} for name in predictors},
            "continuations": {name: {"10": {"f1": 0.3}} for name in continuers},
        }
    )
    rows = ("own folds", "pretrained", "pitch alone, second half", "pitch alone, whole")
    result = {corpus: {"ours": dict.fromkeys(rows, found)} for corpus in ("kinder", "chorales")}
    missing = [at for at in places("data/benchmarks/pitch.json") if figure_at(result, *at) is None]
    assert missing == []
