import io
import wave
from pathlib import Path

import pytest
from torch.utils.data import DataLoader

from pipeline.core.schemas import TOKENS
from pipeline.core.tables import TableError
from pipeline.notebook import collate, decode_row, hear, open_dataset, open_piece, save, see, torch_dataset


def test_a_split_is_a_frame_with_one_row_per_example(project: Path) -> None:
    frame = open_dataset("tunes", root=project)
    assert list(frame.columns) == TOKENS.names
    assert list(frame["title"]) == ["The Long One", "Its Relative", "Two Phrases"]


@pytest.mark.usefixtures("project")
def test_a_split_is_a_torch_dataset_whose_batches_are_padded() -> None:
    examples = torch_dataset("tunes", cut=0.5)
    (batch,) = DataLoader(examples, batch_size=3, collate_fn=collate)
    assert len(examples) == 3
    assert batch.source_lengths.tolist() == [len(example.source) for example in examples]
    assert batch.target.shape == (3, max(len(example.target) for example in examples))


@pytest.mark.usefixtures("project")
def test_a_row_is_decoded_to_the_notes_of_the_score() -> None:
    row = open_dataset("tunes").iloc[0]
    assert decode_row(row).pitch.ravel()[:4].tolist() == [60, 62, 64, 66]
    assert decode_row(row, as_written=False).pitch.ravel()[:4].tolist() == [65, 67, 69, 71]


@pytest.mark.usefixtures("project")
def test_a_piece_is_opened_by_name_filtered_or_not() -> None:
    kept, row = open_piece("songs/all#1")
    assert kept == decode_row(row)
    assert open_piece("songs/all#3")[0].n_steps == 4


@pytest.mark.usefixtures("project")
def test_a_grid_is_seen_with_its_bars(capsys: pytest.CaptureFixture[str]) -> None:
    grid, row = open_piece("songs/all#1")
    see(grid, row)
    assert "  C4 |o...|" in capsys.readouterr().out


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("suffix", "begins"), [("mid", b"MThd"), ("musicxml", b"<?xml")])
def test_a_grid_is_saved_as_sound_or_score(tmp_path: Path, suffix: str, begins: bytes) -> None:
    row = open_dataset("tunes").iloc[0]
    with_row = save(decode_row(row), tmp_path / f"a.{suffix}", row).read_bytes()
    without = save(decode_row(row), tmp_path / f"b.{suffix}", steps_per_quarter=1).read_bytes()
    assert with_row.startswith(begins)
    assert without.startswith(begins)
    assert b"The Long One" in with_row


@pytest.mark.usefixtures("project")
def test_a_grid_has_an_audio_player(tmp_path: Path) -> None:
    row = open_dataset("tunes").iloc[0]
    grid = decode_row(row)
    sound = hear(grid, row)
    assert save(grid, tmp_path / "a.wav", row).read_bytes() == sound.wav
    with wave.open(io.BytesIO(sound.wav)) as opened:
        seconds = opened.getnframes() / opened.getframerate()
    assert seconds == pytest.approx(grid.n_steps / row["steps_per_quarter"] / 2, abs=0.001)
    assert sound._repr_html_().startswith('<audio controls src="data:audio/wav;base64,UklGR')


@pytest.mark.usefixtures("project")
def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(TableError, match="did you mean 'tunes'"):
        open_dataset("tune")
    with pytest.raises(TableError, match="did you mean 'train'"):
        open_dataset("tunes", "trian")
