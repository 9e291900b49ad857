"""Lead sheets, harmonized folk tunes and pairs of relatives."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pytest

from pipeline.core.schemas import GRIDS, SPLITS
from pipeline.core.tables import write_table
from pipeline.report.chords import chords_of, lead_sheet, with_block_chords, with_symbols
from pipeline.report.data.relatives import relatives, shared_notes
from pipeline.report.inputs import Inputs
from pipeline.report.listen.folk_tunes import folk_tunes
from pipeline.report.listen.lead_sheets import lead_sheets
from pipeline.report.scores import BROKEN, GENERATED, PROMPT, SHARED, TRUTH, PlayableScore
from tests.helpers.report import grid_row

CHORDS = [
    {"step": 0, "root": 0, "quality": "major", "figure": ""},
    {"step": 1, "root": 9, "quality": "minor seventh", "figure": "65"},
]


@pytest.fixture
def with_folk(inputs: Inputs) -> Inputs:
    """Inputs whose harmonizer has harmonized a folk tune with a mark on its alto and bass."""
    (choir,) = inputs.harmonizers
    marks = {"greedy": [{"step": 1, "voices": [1, 3], "rule": "parallel_octaves"}]}
    tune = {**choir.samples[0], "title": "Liedchen", "chords": {"greedy": CHORDS}, "marks": marks}
    return replace(inputs, harmonizers=[replace(choir, folk=[{**tune, "given": [0]}])])


def symbols_of(musicxml: str) -> list[tuple[str | None, str | None]]:
    root = ElementTree.fromstring(musicxml)
    return [(each.findtext("root/root-step"), each.findtext("offset")) for each in root.iter("harmony")]


def of_origin(score: PlayableScore, origin: int) -> list[int]:
    return [pitch for _, _, pitch, _, came_from, _ in score.notes if came_from == origin]


def test_figures_of_a_harmonization_are_chords_spelled_by_the_key() -> None:
    figures = [
        {"step": 0, "root": 10, "quality": "dominant seventh", "figure": "42"},
        {"step": 4, "root": 6, "quality": "half-diminished seventh", "figure": "43"},
    ]
    assert chords_of(figures, -2) == [(0, "Bb:7/b7"), (4, "F#:hdim7/b5")]
    assert chords_of(figures[:1], 5) == [(0, "A#:7/b7")]


def test_symbols_are_written_before_the_note_that_sounds(with_folk: Inputs) -> None:
    written = with_folk.harmonizers[0].folk[0]["scores"]["greedy"]
    sheet = lead_sheet(written, [(0, "C:maj"), (1, "A:min")], 1)
    assert symbols_of(sheet) == [("C", None), ("A", "1")]  # the soprano holds one note for both
    assert len(ElementTree.fromstring(sheet).findall("part")) == 1
    assert len(ElementTree.fromstring(with_symbols(written, [], 1)).findall("part")) == 4


def test_block_chords_sound_until_the_next_one() -> None:
    melody = PlayableScore("tune", "", [(0.0, 4.0, 72, 0, PROMPT, [0])], {})
    played = with_block_chords(melody, [(0, "C:maj"), (4, "X"), (6, "G:7/3")], 2)
    chords = [(begin, end, pitch) for begin, end, pitch, voice, _, _ in played.notes if voice == 1]
    assert chords == [(0, 2, 36), *((0, 2, pitch) for pitch in (48, 52, 55)), (3, 4, 47)] + [
        (3, 4, pitch) for pitch in (50, 53, 55, 59)
    ]


def test_notes_of_a_broken_rule_are_marked_and_named(with_folk: Inputs) -> None:
    section = folk_tunes(with_folk)
    (score,) = section.scores
    assert sorted(of_origin(score, BROKEN)) == [48, 65]
    assert of_origin(score, PROMPT) == [72]
    assert of_origin(score, GENERATED) == [67, 64]
    assert "1 broken rule: quarter 2: parallel octaves (alto, bass)." in section.body
    assert ">Am7/C" in score.svg.replace("</tspan><tspan>", "")


def test_a_report_without_folk_tunes_has_none(inputs: Inputs) -> None:
    assert "No harmonization experiment" in folk_tunes(inputs).body
    assert "no piece with chord symbols" in lead_sheets(inputs).body


def test_lead_sheets_are_harmonized_folk_tunes_where_no_piece_has_chords(with_folk: Inputs) -> None:
    section = lead_sheets(with_folk)
    (score,) = section.scores
    assert of_origin(score, PROMPT) == [72]
    assert of_origin(score, TRUTH) == [36, 48, 52, 55, 36, 48, 52, 55, 57]
    assert "No piece of these data sets has chord symbols" in section.lead


def test_lead_sheets_show_pieces_with_chords(inputs: Inputs, tmp_path: Path) -> None:
    chords = ["Bb:maj", "G:7", "A:min", "F:maj/3"]
    row = grid_row("songs/lead", [60, 62, 64, 65], title="Lead", meter="4/4", chord=chords)
    write_table(tmp_path / "grids/tunes.parquet", pa.Table.from_pylist([row], schema=GRIDS), GRIDS)
    section = lead_sheets(replace(inputs, tables=tmp_path))
    (score,) = section.scores
    assert of_origin(score, PROMPT) == [60, 62, 64, 65]
    assert "Lead, songs/lead, data set tunes" in section.body
    assert "\u266d" in score.svg


def test_the_notes_of_common_sequences_of_intervals_are_shared() -> None:
    first = grid_row("a", [60, 62, 64, 65, 67, 69, 60])
    second = grid_row("b", [50, 55, 57, 59, 60, 62, 64, 66])
    assert shared_notes(first, second) == ({0, 1, 2, 3, 4, 5}, {1, 2, 3, 4, 5, 6})
    assert shared_notes(first, grid_row("c", [60, 60, 60])) == (set(), set())


def test_a_held_out_tune_is_above_its_embargoed_relative(inputs: Inputs, tmp_path: Path) -> None:
    tune = [60, 62, 64, 65, 67, 69, 60]
    rows = [
        grid_row("songs/old", tune, title="Old"),
        grid_row("songs/new", [pitch + 2 for pitch in tune], title="New"),
    ]
    write_table(tmp_path / "grids/tunes.parquet", pa.Table.from_pylist(rows, schema=GRIDS), GRIDS)
    empty = {**dict.fromkeys(SPLITS.names), "corpus": "songs", "tune_family": "a"}
    related = {"relative_of": "songs/new", "relation": "skeleton", "likeness": 0.75}
    splits = [
        {**empty, "piece_id": "songs/new", "split": "test"},
        {**empty, "piece_id": "songs/old", "split": "embargoed", **related},
    ]
    write_table(tmp_path / "splits/tunes.parquet", pa.Table.from_pylist(splits, schema=SPLITS), SPLITS)
    section = relatives(replace(inputs, tables=tmp_path))
    over, under = section.scores
    assert "Related by skeleton, likeness 0.75" in section.body
    assert section.body.index("New (songs/new), held out") < section.body.index("Old (songs/old), set apart")
    assert (len(of_origin(over, SHARED)), len(of_origin(under, SHARED))) == (7, 7)


def test_tunes_without_relatives_have_no_pairs(inputs: Inputs) -> None:
    assert "No held-out piece" in relatives(inputs).body
