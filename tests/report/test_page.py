"""The page from small files as the stages leave them."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pipeline.books import Count, Rejection
from pipeline.files import write_json, write_text
from pipeline.report import page
from pipeline.report.experiments import PREDICTORS
from pipeline.report.inputs import ReportError
from pipeline.tables import write_rejections
from tests.evaluation.passages import figures_of_passages

NAMES = """
bits_per_onset rhythm_bits_per_onset pitch_bits_per_onset silence_bits_per_onset nats_per_token
bits_per_token stop_bits_per_piece onset_accuracy tied_accuracy
""".split()
FIGURES = {**dict.fromkeys(NAMES, 1.25), "n_pieces": 7}
GROUPS = {"all": {"overall": FIGURES, "corpora": {"songs": FIGURES}}, "without_soft_relatives": None}
PARAMS: dict[str, Any] = {
    "corpora": {"songs": {}},
    "datasets": {"tunes": {}},
    "experiments": {"first": {"model": {"kind": "lstm"}, "training": {"seed": 1}}},
    "finetunes": {},
}


def likeness(f1: float | None) -> dict[str, Any]:
    """Figures of continuations at one horizon."""
    spread = f1 and {"value": f1, "low": f1 - 0.125, "high": f1 + 0.125}
    scores = dict.fromkeys(("pitch_overlap", "pitch_class_overlap", "edit_share"), 0.5)
    return {"n_pieces": 7, "n_undefined": 1, "f1": f1, "f1_interval": spread, **scores}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for stage, name in (
        ("parse", "songs"),
        *((stage, "tunes") for stage in ("quantize", "filter", "encode")),
    ):
        rejections = (
            [Rejection("songs/<bad>", "too_few_notes", value=3, limit=8)] if stage == "filter" else []
        )
        counts = {"songs": Count(9, 9 - len(rejections), len(rejections))}
        write_rejections(tmp_path / f"rejected/{stage}/{name}.parquet", stage, rejections, counts)
    audit = {
        "settings": {"kind": "family"},
        "pieces": {"train": 5, "valid": 1, "test": 2},
        "share_a_run_with_train": {"test": 0},
        "soft_relatives_in_train": {"test": {"any": 1, "skeleton": 1, "title": 0, "contained": 0}},
        "leaks_by_kind": {
            "family": {"songs": {"test": {"pieces": 2, "hard": 0, "soft": 1, "either": 1}}},
            "random": {
                "songs": {"test": {"pieces": 3, "hard": 2, "soft": 1, "either": 2}},
                "dances": {"test": {"pieces": 5, "hard": 2, "soft": 0, "either": 2}},
            },
        },
        "largest_families": [
            {"tune_family": "abc", "size": 2, "pieces": [{"piece_id": "songs/1", "title": "Twin"}]}
        ],
    }
    card = {
        "voices": 1,
        "steps_per_quarter": 4,
        "examples": {"train": {"examples": 5, "steps": 50, "notes": 40}},
        "corpora": {"songs": {"licences": ["CC0-1.0"], "citations": ["Us"]}},
        "split": audit,
        "keys": [
            {"corpus": "songs", "written": "G major", "used": "A minor", "found_by": "tonic", "pieces": 4},
            {"corpus": "songs", "written": "D major", "used": "A minor", "found_by": "tonic", "pieces": 3},
            {"corpus": "songs", "written": "2 sharps", "used": "unknown", "found_by": "none", "pieces": 1},
        ],
    }
    write_json(tmp_path / "cards/tunes/card.json", card)
    figures = {
        "dataset": "tunes",
        "split": "test",
        "cut": 0.5,
        "baselines": {"ngram": {"order": None}, "ngram_memory": {"mixing_b": 1.5}},
        "predictors": dict.fromkeys(PREDICTORS, GROUPS),
        "bits_per_onset_intervals": {
            "model - ngram": {"value": -0.5, "low": -0.75, "high": -0.25},
            "model - ngram_memory": {"value": 0.5, "low": 0.25, "high": 0.75},
        },
        "samples": {"n_samples": 4, "n_exact": 3},
        "continuations": {
            "samples": 10,
            "markov_order": 3,
            "predictors": {
                "model": {"4": likeness(0.375), "10": likeness(0.4375)},
                "repeat the prime": {"4": likeness(None), "10": likeness(0.25)},
            },
        },
        **figures_of_passages(),
    }
    write_json(tmp_path / "evaluations/first/figures.json", figures)
    attention = {
        "piece_id": "songs/1",
        "title": "Twin",
        "weights": [[0.25, 0.75]],
        "source_names": ["onset C4", "tied C4"],
        "target_names": ["onset D4"],
    }
    write_json(tmp_path / "evaluations/first/attention.json", attention)
    write_json(tmp_path / "metrics/first.json", {"exact": 0})
    write_text(tmp_path / "plots/first/learning.csv", "epoch,train_nats,valid_nats\n1,2.0,2.5\n2,1.0,2.25\n")
    return tmp_path


class Outline(HTMLParser):
    """Headings' ids, links to them, and everything that would be fetched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        if tag == "section":
            self.ids.append(named.get("id") or "")
        if tag == "a":
            self.links.append(named.get("href") or "")
        if tag in ("script", "link", "img", "iframe", "audio"):
            self.fetched.append(named.get("src") or named.get("href") or tag)


def test_every_section_is_there_and_linked(data: Path) -> None:
    outline = Outline(page(data, PARAMS))
    names = (
        "books datasets keys experiments crossvalidation continuations statistics novelty curves attention"
    )
    assert outline.ids == names.split()
    assert outline.links[:10] == [f"#{name}" for name in outline.ids]


def test_the_page_needs_nothing_else(data: Path) -> None:
    assert Outline(page(data, PARAMS)).fetched == []


def test_the_same_files_give_the_same_bytes(data: Path) -> None:
    assert page(data, PARAMS) == page(data, PARAMS)


@pytest.mark.parametrize(
    "words",
    [
        "CC0-1.0",
        "too_few_notes",
        "songs/&lt;bad&gt;",
        "Twin",
        "-0.500 [-0.750, -0.250]",
        "0.500 [0.250, 0.750]",
        "n-gram with no limit of order, memory mixed in with b = 1.5",
        "3 of 4",
        "best 2.250",
        "onset D4",
        "0.438 [0.312, 0.562]",
    ],
)
def test_what_a_reader_looks_for_is_there(data: Path, words: str) -> None:
    assert words in page(data, PARAMS)


def test_pieces_are_counted_by_the_mode_that_they_were_written_in_and_are_used_in(data: Path) -> None:
    text = page(data, PARAMS)
    cells = (
        '<td class="text">major</td><td class="text">minor</td><td class="text">tonic</td><td class="">7</td>'
    )
    assert cells in text
    assert '<td class="text">none named</td><td class="text">none named</td>' in text
    assert "G major" in text


def test_what_a_random_split_would_leak_stands_per_corpus_and_in_all(data: Path) -> None:
    text = re.sub(r"<[^>]+>", " ", page(data, PARAMS))
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert "tunes family songs 2 0 0 1 50 1 50" in rows
    assert "tunes random songs 3 2 67 1 33 2 67" in rows
    assert "tunes random all 8 4 50 1 12 4 50" in rows


def spread(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.125, "high": value + 0.125}


def test_folds_are_told_where_they_were_asked_for(data: Path) -> None:
    assert "None was asked for" in page(data, PARAMS)
    figures = {"pitch_bits_per_onset": 1.5}
    facts = {
        **{"pieces": 9, "families": 7, "folds": 3, "seeds": [1, 2]},
        **{"versions": {"torch": "2.13.0"}, "machine": "x86_64, 2 cores"},
        "predictors": {"model": {**figures, "by_seed": {"bits_per_onset": [2.25, 2.5]}}, "ngram": figures},
        "intervals": {
            unit: {"model": spread(2.375), "ngram": spread(3.0), "model - ngram": spread(-0.625)}
            for unit in ("nats_per_token", "bits_per_onset")
        },
        "continuations": {"model": {"10": likeness(0.75)}},
    }
    write_json(data / "crossvalidation/first/figures.json", facts)
    html = page(data, PARAMS)
    assert "9 pieces of 7 families in 3 folds; seeds 1, 2. torch 2.13.0; x86_64, 2 cores." in html
    for words in ("-0.625 [-0.750, -0.500]", "2.250, 2.500", "0.750 [0.625, 0.875]"):
        assert words in html
    assert "before fine-tuning" not in html


def test_a_missing_file_says_what_to_do(data: Path) -> None:
    (data / "evaluations/first/figures.json").unlink()
    with pytest.raises(ReportError, match=r"figures\.json: not readable .* run `dvc repro`"):
        page(data, PARAMS)


def test_a_damaged_file_says_what_to_do(data: Path) -> None:
    (data / "metrics/first.json").write_text(json.dumps({})[:1])
    with pytest.raises(ReportError, match=r"first\.json: not readable"):
        page(data, PARAMS)
