"""The report from small files as the stages write them."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.core.files import write_json
from pipeline.core.tables import TableError
from pipeline.report import page
from pipeline.report.inputs import Inputs, ReportError, read_inputs
from pipeline.report.results.crossvalidation import crossvalidation
from tests.helpers.report import PARAMS, VERSIONS, likeness, rows_of, write_data


class Outline(HTMLParser):
    """Ids of sections, links, everything that a browser would fetch, and open folds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.opened = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        if tag == "section":
            self.ids.append(named.get("id") or "")
        if tag == "a":
            self.links.append(named.get("href") or "")
        if tag == "details" and "open" in named:
            self.opened += 1
        if tag in ("link", "img", "iframe", "audio", "video", "object") or "src" in named:
            self.fetched.append(named.get("src") or named.get("href") or tag)


def test_chapters_and_sections_are_in_their_order(html: str) -> None:
    names = """
    summary
    listen continuations harmonizations folk-tunes lead-sheets overfitting-samples
    results experiments harmonization learning position calibration attention similarity statistics novelty
    crossvalidation overfitting
    data pieces sources rejections distributions splits relatives keys
    method definitions reproduce
    """
    outline = Outline(html)
    assert outline.ids == names.split()
    assert outline.links[1:5] == ["#listen", "#results", "#data", "#method"]
    assert {f"#{name}" for name in outline.ids[1:]} <= set(outline.links)


def test_the_page_fetches_nothing(html: str) -> None:
    assert Outline(html).fetched == ["data:,"]


def test_no_table_is_open_except_that_of_the_browser(html: str) -> None:
    assert Outline(html).opened == 0
    places = [place.start() for place in re.finditer("<table>", html)]
    assert len(places) > 20
    assert all(html.count("<details", 0, place) > html.count("</details>", 0, place) for place in places)


def test_the_same_files_give_the_same_bytes(shared_data: Path) -> None:
    first, again = (page(shared_data, PARAMS, VERSIONS, "choir") for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    "words",
    [
        "CC0-1.0",
        "too_few_notes",
        "songs/&lt;bad&gt;",
        "Twin",
        "-0.500 [-0.750, -0.250]",
        "0.500 [0.250, 0.750]",
        "n-gram of unlimited order, memory mixed in with b = 1.5",
        "3 of 4 samples",
        "validation loss from 2.500 to 2.250 nats per token at best",
        "0.625 (0.062)",
        "0.188",
        "Pitch copying weights, Twin: 2 target tokens by 3 tokens; the largest weight is 1.00.",
        "0.438 [0.312, 0.562]",
        "make repro",
        ">2.13.0<",
    ],
)
def test_the_page_has(html: str, words: str) -> None:
    assert words in html


def test_the_first_screen_has_three_figures(html: str) -> None:
    cover = html[html.index('class="cover"') : html.index('class="strip"')]
    assert re.findall("<strong>([^<]+)</strong>", cover) == ["9", "1", "1.25"]
    assert (
        "of 2 test pieces; 0 share a melody, possible variants: 1. A random split: 4, of which 4 share"
        in cover
    )
    assert "of first; best baseline (n-gram) 1.25; difference \N{MINUS SIGN}0.50" in cover


def test_the_strip_has_the_pieces_of_each_stage(html: str) -> None:
    strip = html[html.index('class="strip"') :]
    assert "<b>8</b> filtered <a href" in strip[: strip.index("</ol>")]


def test_the_report_of_one_experiment_has_its_parts_only(shared_data: Path) -> None:
    html = page(shared_data, PARAMS, VERSIONS, "choir")
    assert "<title>Entchen: choir: report</title>" in html
    assert "choir-1-sampled" in html
    assert "first-1" not in html


def test_the_report_of_one_experiment_needs_no_other(data: Path) -> None:
    (data / "evaluations/first/figures.json").unlink()
    assert "choir-1-sampled" in page(data, PARAMS, VERSIONS, "choir")


def test_an_unknown_experiment_is_an_error_that_names_the_known_ones(data: Path) -> None:
    with pytest.raises(
        ReportError, match=r"no experiment fist in params\.yaml; there are first, learned, choir"
    ):
        page(data, PARAMS, VERSIONS, "fist")


def test_the_command_writes_the_report_of_one_experiment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_data(tmp_path / "data")
    write_json(tmp_path / "params.yaml", PARAMS)
    write_json(tmp_path / "versions.yaml", VERSIONS)
    monkeypatch.chdir(tmp_path)
    main(["report", "--experiment", "choir"])
    assert "choir-1-sampled" in (tmp_path / ".cache/report/choir.html").read_text()
    with pytest.raises(SystemExit):
        main(["report", "--experiment", "chior"])
    assert "no experiment chior in params.yaml" in capsys.readouterr().err


def spread(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.125, "high": value + 0.125}


def test_cross_validation_has_its_figures_where_it_was_run(data: Path, inputs: Inputs) -> None:
    assert "Not run" in crossvalidation(inputs).body
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
    body = crossvalidation(read_inputs(data, PARAMS, VERSIONS)).body
    assert "9 pieces of 7 families in 3 folds; seeds 1, 2. torch 2.13.0; x86_64, 2 cores." in body
    for words in ("2.250, 2.500", "0.750 [0.625, 0.875]"):
        assert words in body
    assert (
        "first: 3 folds, 2 seeds, 0.500 nats per token, model \N{MINUS SIGN} n-gram with memory "
        "-0.625 [-0.750, -0.500]"
    ) in rows_of(body)[0]
    assert "before fine-tuning" not in body


def test_a_missing_file_is_an_error_with_a_remedy(data: Path) -> None:
    (data / "evaluations/first/figures.json").unlink()
    with pytest.raises(TableError, match=r"figures\.json: no such file; `dvc repro` makes it"):
        read_inputs(data, PARAMS, VERSIONS)


def test_a_damaged_file_is_an_error_with_a_remedy(data: Path) -> None:
    (data / "metrics/first.json").write_text(json.dumps({})[:1])
    with pytest.raises(TableError, match=r"first\.json: not readable"):
        read_inputs(data, PARAMS, VERSIONS)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("evaluations/first/figures.json", "{}", "'dataset' is missing"),
        ("evaluations/first/figures.json", "[]", "an object is expected, found a list"),
        ("evaluations/first/samples.json", "{}", "a list is expected, found a dict"),
        ("evaluations/choir/figures.json", "{}", "'dataset' is missing"),
        ("plots/first/learning.csv", "epoch,nats\n", "it has no rows"),
        ("plots/choir/learning.csv", "", "it has no rows"),
        ("cards/tunes/card.json", "null", "an object is expected, found a NoneType"),
    ],
)
def test_an_empty_file_is_an_error_with_a_remedy(data: Path, file: str, content: str, message: str) -> None:
    (data / file).write_text(content)
    with pytest.raises(
        TableError, match=rf"{file}: not readable \({message}\); delete it and run `dvc repro`"
    ):
        read_inputs(data, PARAMS, VERSIONS)
