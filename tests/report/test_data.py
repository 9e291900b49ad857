"""Charts and tables of the chapter Data, and the browser of pieces."""

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.report.columns import facts, key_name, read_columns, relatives_by_split, split_in_use
from pipeline.report.data.distributions import distributions
from pipeline.report.data.keys import keys
from pipeline.report.data.pieces import pieces
from pipeline.report.data.splits import splits
from pipeline.report.inputs import Inputs, read_inputs
from tests.helpers.report import PARAMS, VERSIONS, grid_row, rows_of

CARD = {
    "examples": {"train": {"examples": 5}},
    "steps_per_quarter": 4,
    "meters": {"4/4": 6, "none": 2},
    "distributions": {
        "pitch": [[60, 3000], [61, 1], [62, 1000]],
        "duration": [[1, 10], [4, 30]],
        "interval": [[-2, 20], [2, 12]],
        "length": [[16, 8]],
    },
}


def unpacked(body: str, name: str) -> bytes:
    (text,) = re.findall(rf'<script type="application/gzip" id="{name}">([^<]*)</script>', body)
    return gzip.decompress(base64.b64decode(text))


@pytest.fixture(scope="module")
def browser_data(inputs: Inputs) -> dict[str, Any]:
    return dict(json.loads(unpacked(pieces(inputs).body, "pieces-table")))


def column(table: dict[str, Any], name: str) -> list[str]:
    return [table[name]["values"][place] for place in table[name]["rows"]]


def test_every_piece_is_a_row_of_the_browser(browser_data: dict[str, Any]) -> None:
    assert browser_data["piece_id"] == ["songs/<bad>", "songs/choral", "songs/ente", "songs/twin"]
    assert column(browser_data, "title") == ["", "", "Ente & <Enterich>", "Twin"]
    assert column(browser_data, "split") == ["", "test", "test", "train"]
    assert column(browser_data, "reason") == ["tunes: too few notes", "", "", ""]
    assert column(browser_data, "key") == ["", "", "C major", ""]


def test_the_browser_has_the_notes_of_every_voice(inputs: Inputs, browser_data: dict[str, Any]) -> None:
    assert browser_data["notes"] == [[3], [1, 2, 1, 1], [27], [6]]
    notes = unpacked(pieces(inputs).body, "pieces-notes")
    pitches, durations = notes[: len(notes) // 2], notes[len(notes) // 2 :]
    assert list(pitches[:8]) == [60, 64, 67, 72, 67, 65, 64, 48]
    assert list(durations[:8]) == [1, 1, 1, 2, 1, 1, 2, 2]


def test_a_note_longer_than_a_byte_is_several_tied_ones(data: Path) -> None:
    path = data / "grids/tunes.parquet"
    long = grid_row("songs/<bad>", [60, *[188] * 599, 62])
    pq.write_table(pa.Table.from_pylist([long], schema=pq.read_schema(path)), path)
    notes = unpacked(pieces(read_inputs(data, PARAMS, VERSIONS)).body, "pieces-notes")
    assert list(notes) == [60, 188, 188, 62, 255, 255, 90, 1]


def test_a_column_that_a_table_lacks_is_empty(data: Path) -> None:
    rows = read_columns(data / "grids/tunes.parquet", ["title", "no_such_column"], ["songs/twin"])
    assert rows == [{"piece_id": "songs/twin", "title": "Twin", "no_such_column": None}]


@pytest.mark.parametrize(
    ("fifths", "mode", "name"),
    [
        (0, "major", "C major"),
        (3, "minor", "F♯ minor"),
        (-3, "minor", "C minor"),
        (1, "dorian", "A dorian"),
        (-1, "mixolydian", "C mixolydian"),
        (2, "", "2 sharps"),
        (-1, None, "1 flat"),
        (0, "", "no sharps or flats"),
        (None, "major", ""),
    ],
)
def test_a_key_is_named(fifths: int | None, mode: str | None, name: str) -> None:
    assert key_name(fifths, mode) == name


def test_facts_are_those_that_a_row_states() -> None:
    row = {"meter": "6/8", "key_fifths": 1, "key_mode": "major", "tune_type": "jig", "tempo_qpm": 90.0}
    assert facts(row) == ["6/8", "G major", "jig", "90 quarter notes per minute"]
    assert facts({"meter": None}) == []


def test_relatives_are_counted_by_kind_of_split(inputs: Inputs) -> None:
    found = relatives_by_split(inputs.cards["tunes"])
    assert found["family"] == {"pieces": 2, "hard": 0, "soft": 1, "either": 1}
    assert found["random"] == {"pieces": 8, "hard": 4, "soft": 1, "either": 4}


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"kind": "family", "embargo": "soft"}, "family, embargo"),
        ({"kind": "random", "embargo": "none"}, "random"),
        ({"kind": "none"}, "none"),
    ],
)
def test_the_split_in_use_is_named_as_the_counts_are(settings: dict[str, str], kind: str) -> None:
    assert split_in_use({"split": {"settings": settings}}) == kind


def test_leakage_of_a_random_split_is_given_per_corpus_and_in_all(inputs: Inputs) -> None:
    body = splits(inputs).body
    rows = rows_of(body)
    assert "tunes family songs 2 0 0 1 50 1 50" in rows
    assert "tunes random songs 3 2 67 1 33 2 67" in rows
    assert "tunes random all 8 4 50 1 12 4 50" in rows
    assert 'data-label="tunes, random split: 4 of 8 test pieces, shares a melody"' in body


def test_pieces_are_counted_by_the_mode_as_written_and_as_used(inputs: Inputs) -> None:
    rows = rows_of(keys(inputs).body)
    assert "tunes songs major minor tonic 7" in rows
    assert "tunes songs none named none named none 1" in rows
    assert "tunes songs G major A minor tonic 4" in rows


def test_distributions_keep_rare_values() -> None:
    body = distributions(Inputs({"tunes": CARD}, [], [], {}, {})).body
    assert body.count("<svg") == 5
    assert 'data-label="61: 0.025 % (1)"' in body
    assert "Bar chart of tunes: duration of notes, shares of each value." in body


def test_a_data_set_of_a_few_pieces_has_no_distribution() -> None:
    few = {**CARD, "examples": {"train": {"examples": 1}}}
    assert "<svg" not in distributions(Inputs({"one": few}, [], [], {}, {})).body


def test_time_signatures_are_counted_by_data_set() -> None:
    eighths = {**CARD, "steps_per_quarter": 2, "meters": {"3/4": 5}, "examples": {}}
    rows = rows_of(distributions(Inputs({"tunes": CARD, "eighths": eighths}, [], [], {}, {})).body)
    assert "data set 4/4 3/4 none or changing others" in rows
    assert "tunes 6 0 2 0" in rows
    assert "eighths 0 5 0 0" in rows
