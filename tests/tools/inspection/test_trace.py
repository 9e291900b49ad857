import hashlib
from pathlib import Path

import pytest

from pipeline.tools.inspection.pieces import UnknownPieceError
from pipeline.tools.inspection.trace import tell, way_back


def story(piece: str) -> dict[str, str]:
    return {chapter.stage: "\n".join(chapter.lines) for chapter in tell(piece)}


def test_a_story_begins_with_the_file_its_line_and_its_sum(project: Path) -> None:
    source = story("songs/all#3")["source"]
    line = (project / "scores/all.abc").read_text().split("\n").index("X:3") + 1
    assert f"data/raw/songs/all.abc, line {line}" in source
    assert hashlib.sha256((project / "scores/all.abc").read_bytes()).hexdigest() in source


@pytest.mark.usefixtures("project")
def test_a_piece_that_is_kept_ends_in_a_row_of_a_shard() -> None:
    told = story("songs/all#1")
    assert told["parse"] == "part 0: 32 notes in 32 quarters, key G major, 4/4; nothing changed"
    assert "bar 1 (tick 0) to bar 8" in told["quantize@tunes"]
    assert told["filter@tunes"] == "kept 1 of 1"
    assert told["split@tunes"] == "train"
    assert "data/tokens/tunes/train/00000.parquet:0: 34 tokens" in told["encode@tunes"]
    assert told["encode@tunes"].endswith("transposed by +5")


@pytest.mark.usefixtures("project")
def test_relatives_are_named_with_their_titles() -> None:
    assert "songs/all#2  Its Relative" in story("songs/all#1")["families"]
    assert "no relatives" in story("songs/all#5")["families"]


@pytest.mark.usefixtures("project")
def test_a_piece_that_a_filter_rejects_ends_there() -> None:
    told = story("songs/all#3")
    assert told["filter@tunes"] == "rejected by too_few_notes: found 1, limit 8"
    assert "split@tunes" not in told


@pytest.mark.usefixtures("project")
def test_a_piece_that_cannot_be_read_ends_at_once() -> None:
    told = story("songs/all#4")
    assert list(told) == ["source", "parse"]
    assert told["parse"].startswith("rejected by bad_syntax")


@pytest.mark.usefixtures("project")
def test_phrases_say_where_they_stand_in_the_score() -> None:
    first, second = story("songs/all#5")["quantize@phrases"].split("\n")
    assert first.startswith("phrase 1: 5 notes on 8 steps")
    assert "bar 2 (tick 40320) to bar 3" in first
    assert "bar 6 (tick 201600) to bar 7" in second


@pytest.mark.usefixtures("project")
def test_what_is_not_made_yet_is_said_with_the_command_that_makes_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "params.yaml").write_text((project / "params.yaml").read_text())
    for name in ("raw", "notes"):
        (tmp_path / "data" / name).symlink_to(project / "data" / name)
    monkeypatch.chdir(tmp_path)
    told = story("songs/all#1")
    assert told["families"] == "not made yet: `dvc repro families`"
    assert told["quantize@tunes"] == "not made yet: `dvc repro quantize@tunes`"


@pytest.mark.usefixtures("project")
def test_a_row_leads_back_to_the_bar_of_the_score() -> None:
    piece, lines = way_back("phrases/train/00000:3", step=4)
    assert piece == "songs/all#5:2"
    assert "data/raw/songs/all.abc" in lines[1]
    assert lines[-1] == "step 4 (onset C4): bar 7 (tick 241920) of part 0"


@pytest.mark.usefixtures("project")
def test_without_a_step_a_row_tells_its_first_and_its_last() -> None:
    _, lines = way_back("data/tokens/tunes/train/00000.parquet:0")
    assert [line.split(":")[1].split()[1] for line in lines[-2:]] == ["1", "8"]


@pytest.mark.usefixtures("project")
def test_an_anacrusis_is_bar_0() -> None:
    assert "bar 0 (tick 0)" in story("songs/all#2")["quantize@tunes"]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("tunes/train/00000:99", "rows 0 to"),
        ("tunes/trian/00000:0", "did you mean 'tunes/train/00000.parquet'"),
        ("tune/train/00000:0", "did you mean 'tunes'"),
        ("tunes", "SHARD:N is expected"),
    ],
)
def test_a_row_that_is_not_there_is_a_clear_message(place: str, said: str) -> None:
    with pytest.raises(Exception, match=said):
        way_back(place)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", ["songs/all#11", "all#1", "The Long One", "song/all#1"])
def test_a_name_that_nearly_fits_is_answered_with_the_nearest(name: str) -> None:
    with pytest.raises(UnknownPieceError, match="did you mean 'songs/all#1'"):
        tell(name)
