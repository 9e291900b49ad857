import hashlib
from pathlib import Path

import pytest

from pipeline.tools.inspection.pieces import UnknownPieceError
from pipeline.tools.inspection.trace import tell, way_back


def story(piece: str) -> dict[str, str]:
    return {chapter.stage: "\n".join(chapter.lines) for chapter in tell(piece)}


def test_a_trace_begins_with_the_file_its_line_and_its_checksum(project: Path) -> None:
    source = story("songs/all#3")["source"]
    line = (project / "scores/all.abc").read_text().split("\n").index("X:3") + 1
    assert f"data/raw/songs/all.abc, line {line}" in source
    assert hashlib.sha256((project / "scores/all.abc").read_bytes()).hexdigest() in source


@pytest.mark.usefixtures("project")
def test_a_piece_that_is_kept_ends_in_a_row_of_a_shard() -> None:
    chapters = story("songs/all#1")
    assert chapters["parse"] == "part 0: 32 notes in 32 quarters, key G major, 4/4; nothing changed"
    assert "bar 1 (tick 0) to bar 8" in chapters["quantize@tunes"]
    assert chapters["filter@tunes"] == "kept 1 of 1"
    assert chapters["split@tunes"] == "train"
    assert "data/tokens/tunes/train/00000.parquet:0: 34 tokens" in chapters["encode@tunes"]
    assert chapters["encode@tunes"].endswith("transposed by +5")


@pytest.mark.usefixtures("project")
def test_relatives_are_named_with_their_titles() -> None:
    assert "songs/all#2  Its Relative" in story("songs/all#1")["families"]
    assert "no relatives" in story("songs/all#5")["families"]


@pytest.mark.usefixtures("project")
def test_a_piece_that_a_filter_rejects_ends_there() -> None:
    chapters = story("songs/all#3")
    assert chapters["filter@tunes"] == "rejected by too_few_notes: found 1, limit 8"
    assert "split@tunes" not in chapters


@pytest.mark.usefixtures("project")
def test_a_piece_that_cannot_be_read_ends_at_once() -> None:
    chapters = story("songs/all#4")
    assert list(chapters) == ["source", "parse"]
    assert chapters["parse"].startswith("rejected by bad_syntax")


@pytest.mark.usefixtures("project")
def test_phrases_have_their_position_in_the_score() -> None:
    first, second = story("songs/all#5")["quantize@phrases"].split("\n")
    assert first.startswith("phrase 1: 5 notes on 8 steps")
    assert "bar 2 (tick 40320) to bar 3" in first
    assert "bar 6 (tick 201600) to bar 7" in second


@pytest.mark.usefixtures("project")
def test_a_missing_output_is_reported_with_the_command_that_writes_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "params.yaml").write_text((project / "params.yaml").read_text())
    for name in ("raw", "notes"):
        (tmp_path / "data" / name).symlink_to(project / "data" / name)
    monkeypatch.chdir(tmp_path)
    chapters = story("songs/all#1")
    assert chapters["families"] == "not made yet: `dvc repro families`"
    assert chapters["quantize@tunes"] == "not made yet: `dvc repro quantize@tunes`"


@pytest.mark.usefixtures("project")
def test_a_row_leads_back_to_the_bar_of_the_score() -> None:
    piece, lines = way_back("phrases/train/00000:3", step=4)
    assert piece == "songs/all#5:2"
    assert "data/raw/songs/all.abc" in lines[1]
    assert lines[-1] == "step 4 (onset C4): bar 7 (tick 241920) of part 0"


@pytest.mark.usefixtures("project")
def test_a_row_without_a_step_shows_the_first_and_the_last_bar() -> None:
    _, lines = way_back("data/tokens/tunes/train/00000.parquet:0")
    assert [line.split(":")[1].split()[1] for line in lines[-2:]] == ["1", "8"]


@pytest.mark.usefixtures("project")
def test_an_anacrusis_is_bar_0() -> None:
    assert "bar 0 (tick 0)" in story("songs/all#2")["quantize@tunes"]


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("tunes/train/00000:99", "rows 0 to"),
        ("tunes/trian/00000:0", "did you mean 'tunes/train/00000.parquet'"),
        ("tune/train/00000:0", "did you mean 'tunes'"),
        ("tunes", "SHARD:N is expected"),
    ],
)
def test_a_missing_row_is_one_message(place: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        way_back(place)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", ["songs/all#11", "all#1", "The Long One", "song/all#1"])
def test_a_misspelt_name_gets_a_suggestion(name: str) -> None:
    with pytest.raises(UnknownPieceError, match="did you mean 'songs/all#1'"):
        tell(name)
