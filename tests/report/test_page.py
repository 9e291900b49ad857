"""The page from small files as the stages leave them."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline.core.files import write_json
from pipeline.report import page
from pipeline.report.inputs import ReportError
from tests.helpers.report import PARAMS, VERSIONS, likeness


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
        if tag in ("link", "img", "iframe", "audio", "video", "object") or "src" in named:
            self.fetched.append(named.get("src") or named.get("href") or tag)


def test_every_section_is_there_and_linked(data: Path) -> None:
    outline = Outline(page(data, PARAMS, VERSIONS))
    names = "summary books datasets distributions keys experiments likelihood crossvalidation continuations "
    names += "gallery harmony statistics novelty curves attention reproduce"
    assert outline.ids == names.split()
    assert outline.links[:16] == [f"#{name}" for name in outline.ids]


def test_the_page_needs_nothing_else(data: Path) -> None:
    assert Outline(page(data, PARAMS, VERSIONS)).fetched == []


def test_the_same_files_give_the_same_bytes(data: Path) -> None:
    assert page(data, PARAMS, VERSIONS) == page(data, PARAMS, VERSIONS)


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
        "0.625 (0.062)",
        "0.188",
        "Copying a pitch in Twin: 2 symbols said look at 3 symbols; the largest weight is 1.00.",
        "0.438 [0.312, 0.562]",
        "choir, given soprano, tenor, bass: 0.375 nats per token of the voices to be said on 1 test pieces, "
        "-0.250 [-0.500, -0.125] beside an n-gram; parallel fifths per 100 chords: 1.250 in its likeliest "
        "harmonies, 0.250 in the pieces themselves",
    ],
)
def test_what_a_reader_looks_for_is_there(data: Path, words: str) -> None:
    assert words in page(data, PARAMS, VERSIONS)


def test_pieces_are_counted_by_the_mode_that_they_were_written_in_and_are_used_in(data: Path) -> None:
    text = page(data, PARAMS, VERSIONS)
    cells = (
        '<td class="text">major</td><td class="text">minor</td><td class="text">tonic</td><td class="">7</td>'
    )
    assert cells in text
    assert '<td class="text">none named</td><td class="text">none named</td>' in text
    assert "G major" in text


def test_what_a_random_split_would_leak_stands_per_corpus_and_in_all(data: Path) -> None:
    text = re.sub(r"<[^>]+>", " ", page(data, PARAMS, VERSIONS))
    rows = [" ".join(line.split()) for line in text.splitlines()]
    assert "tunes family songs 2 0 0 1 50 1 50" in rows
    assert "tunes random songs 3 2 67 1 33 2 67" in rows
    assert "tunes random all 8 4 50 1 12 4 50" in rows


def spread(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.125, "high": value + 0.125}


def test_folds_are_told_where_they_were_asked_for(data: Path) -> None:
    assert "None was asked for" in page(data, PARAMS, VERSIONS)
    figures = {"pitch_bits_per_onset": 1.5}
    facts = {
        **{"pieces": 9, "families": 7, "folds": 3, "seeds": [1, 2]},
        **{"versions": {"torch": "2.13.0"}, "machine": "x86_64, 2 cores"},
        "predictors": {
            "model": {**figures, "nats_per_token": 0.5, "by_seed": {"bits_per_onset": [2.25, 2.5]}},
            "ngram_memory": figures,
        },
        "intervals": {
            unit: {
                "model": spread(2.375),
                "ngram_memory": spread(3.0),
                "model - ngram_memory": spread(-0.625),
            }
            for unit in ("nats_per_token", "bits_per_onset")
        },
        "continuations": {"model": {"10": likeness(0.75)}},
    }
    write_json(data / "crossvalidation/first/figures.json", facts)
    html = page(data, PARAMS, VERSIONS)
    assert "9 pieces of 7 families in 3 folds; seeds 1, 2. torch 2.13.0; x86_64, 2 cores." in html
    for words in ("-0.625 [-0.750, -0.500]", "2.250, 2.500", "0.750 [0.625, 0.875]"):
        assert words in html
    assert "in 3 folds with 2 seeds: 0.500 nats per token, -0.625 [-0.750, -0.500] beside" in html
    assert "before fine-tuning" not in html


def test_the_page_begins_in_words_and_ends_with_what_to_type(data: Path) -> None:
    html = page(data, PARAMS, VERSIONS)
    assert "9 pieces came in from 1 corpora; 9 could be read" in html
    assert "No held-out piece shares a run of intervals with a training piece (tunes)." in html
    assert "first: 1.250 bits per onset on 7 test pieces, +0.500 [+0.250, +0.750] beside" in html
    assert "make repro" in html
    assert ">2.13.0<" in html


def test_a_missing_file_says_what_to_do(data: Path) -> None:
    (data / "evaluations/first/figures.json").unlink()
    with pytest.raises(ReportError, match=r"figures\.json: not readable .* run `dvc repro`"):
        page(data, PARAMS, VERSIONS)


def test_a_damaged_file_says_what_to_do(data: Path) -> None:
    (data / "metrics/first.json").write_text(json.dumps({})[:1])
    with pytest.raises(ReportError, match=r"first\.json: not readable"):
        page(data, PARAMS, VERSIONS)
