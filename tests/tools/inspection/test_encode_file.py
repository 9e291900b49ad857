from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.core.settings import SettingsError
from pipeline.formats.writers.layout import Layout, layout_of
from pipeline.tools.inspection.encode_file import FileError, encode_file
from pipeline.tools.inspection.token_text import TokenTextError, as_score, read_lines, write_row

SCALE = [256, 60, 188, 62, 64, 257]


@pytest.mark.usefixtures("project")
def test_a_file_gives_the_tokens_that_the_pipeline_gives() -> None:
    alone = encode_file(Path("scores/all.abc"), "phrases").rows.to_pylist()
    shards = pd.read_parquet("data/tokens/phrases").set_index("piece_id")["tokens"]
    assert len(alone) > len(shards) > 0
    for row in alone:
        if row["piece_id"] in shards:
            assert row["tokens"] == shards[row["piece_id"]].tolist()


@pytest.mark.usefixtures("project")
def test_filters_only_report() -> None:
    made = encode_file(Path("scores/all.abc"), "tunes")
    assert [(broken.piece_id, broken.rule) for broken in made.filtered] == [("songs/all#3", "too_few_notes")]
    assert "songs/all#3" in made.rows["piece_id"].to_pylist()


@pytest.mark.usefixtures("project")
def test_a_piece_that_cannot_be_read_has_its_reason() -> None:
    rejections = encode_file(Path("scores/all.abc"), "tunes").rejections
    assert [(broken.piece_id, broken.rule) for broken in rejections] == [("songs/all#4", "bad_syntax")]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("file", "dataset", "corpus", "error", "message"),
    [
        ("scores/none.abc", "tunes", None, FileError, "cannot be opened"),
        ("scores/all.abc", "tuns", None, SettingsError, "did you mean 'tunes'"),
        ("scores/all.abc", "tunes", "song", FileError, "did you mean 'songs'"),
    ],
)
def test_a_wrong_name_is_one_message(
    file: str, dataset: str, corpus: str | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        encode_file(Path(file), dataset, corpus)


def row(**facts: Any) -> dict[str, Any]:
    known = {"piece_id": "songs/1", "title": "A Scale", "voices": 1, "steps_per_quarter": 2}
    unknown = dict.fromkeys(("steps_per_bar", "step_in_bar", "key_fifths", "transposition"))
    return {**unknown, **known, "tokens": SCALE, **facts}


def test_a_row_as_text_is_read_back() -> None:
    facts = {"steps_per_bar": 3, "step_in_bar": [2, 0, 1, 2], "key_fifths": -1, "transposition": 5}
    (line,) = read_lines(write_row(row(**facts)))
    assert line.tokens == SCALE
    assert (line.heading.first_bar, line.heading.key_fifths, line.heading.transposition) == (1, -1, 5)
    assert line.layout().title == "A Scale"


@pytest.mark.parametrize(
    "facts",
    [
        {
            "steps_per_bar": 3,
            "step_in_bar": [2, 0, 1, 2],
            "meter": "3/8",
            "key_fifths": -1,
            "key_mode": "minor",
        },
        {"steps_per_bar": 3, "step_in_bar": [0, 1, 0, 1], "meter": "3/8", "key_fifths": 3},
        {"key_fifths": 3, "key_mode": "major", "tonic_pc": 9, "mode_used": "minor"},
    ],
)
def test_a_score_of_a_line_equals_the_score_of_its_row(facts: dict[str, Any]) -> None:
    (line,) = read_lines(write_row(row(**facts)))
    assert line.layout() == layout_of(row(**facts), mark=None)


def test_a_time_signature_in_a_heading_gives_the_length_of_its_bars() -> None:
    (line,) = read_lines('# {"meter": "6/8"}\n256 60 257')
    assert (line.layout().steps_per_bar, line.layout().meter) == (12, (6, 8))


@pytest.mark.parametrize(
    ("heading", "message"),
    [
        ('{"steps_per_bar": 4000000}', "line 2: bars of 4,000,000 steps at 4 steps per quarter"),
        ('{"meter": "6/7"}', "line 2: time signature '6/7': two numbers are expected"),
        ('{"meter": "6/8", "steps_per_bar": 16}', "line 2: time signature 6/8 .* 12 steps"),
        ('{"first_bar": 40}', "line 2: an anacrusis of 40 steps"),
    ],
)
def test_bars_that_cannot_be_notated_are_one_message(heading: str, message: str) -> None:
    (line,) = read_lines(f"# {heading}\n256 60 257")
    with pytest.raises(TokenTextError, match=message):
        line.layout()


def test_bare_numbers_are_valid() -> None:
    (line,) = read_lines("[256, 60, 257]", {"steps_per_quarter": 2})
    assert (line.tokens, line.heading.steps_per_quarter) == ([256, 60, 257], 2)


def test_each_line_is_a_piece_and_a_heading_belongs_to_the_next_alone() -> None:
    text = '# any comment\n256 60 257\n# {"voices": 2}\n256 64 60 257\n\n256 60 257\n'
    assert [line.heading.voices for line in read_lines(text)] == [1, 2, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no tokens"),
        ("256 c4 257", "line 1: 'c4' is no token"),
        ('# {"voice": 1}\n256 60 257', "line 1, voice: .*Known: .*voices"),
        ('# {"voices": 0}\n256 60 257', "line 1, voices: .*found 0"),
        ('# {"voices": \n256 60 257', "line 1: not readable as JSON"),
    ],
)
def test_a_text_without_tokens_is_refused(text: str, message: str) -> None:
    with pytest.raises(TokenTextError, match=message):
        read_lines(text)


def test_default_metadata_is_validated() -> None:
    with pytest.raises(TokenTextError, match="steps_per_quarter: .*found 0"):
        read_lines("256 60 257", {"steps_per_quarter": 0})


def test_a_grammar_error_names_the_line_and_can_be_repaired() -> None:
    (line,) = read_lines("\n256 60 190 257")
    with pytest.raises(TokenTextError, match="line 2: step 1"):
        line.grid()
    grid, repairs = line.grid(lenient=True)
    assert (grid.pitch.ravel().tolist(), repairs.total) == ([60, 62], 1)


def test_an_unknown_score_format_gets_a_suggestion() -> None:
    (line,) = read_lines("256 60 257")
    with pytest.raises(TokenTextError, match="did you mean 'mid'"):
        as_score(line.grid()[0], Layout(4), ".midi")
