"""Data sets that cannot be trained on."""

from pathlib import Path

import pytest

from pipeline.core.settings import SettingsError
from pipeline.training.data import read_training_data
from tests.helpers.melodies import continuing, scale, write_shard


def test_a_data_set_without_a_training_piece_is_one_message(tmp_path: Path) -> None:
    write_shard(tmp_path / "tunes/test/00000.parquet", [scale(60, 8), scale(62, 9)])
    message = "tunes has no training piece, 2 held out; lower valid and test in datasets.tunes.split"
    with pytest.raises(SettingsError, match=message):
        read_training_data(tmp_path / "tunes", continuing())
