"""A score whose beats are missing or damaged is kept, with the reason in the rejected rows."""

from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.corpora.parsing import ParsedCorpus, parse_corpus
from pipeline.corpora.sources.fetch import fetch
from pipeline.corpora.sources.settings import FolderSource
from pipeline.formats.readers import SUFFIXES
from pipeline.workflow.engine import EngineSettings
from tests.helpers.midi_bytes import file, note, track
from tests.helpers.notes_text import ticks
from tests.helpers.reading import LIMITS, READ

SONG = file(track(note(0, 480, 60), note(0, 480, 62)))
TWO = b"X:1\nK:C\nC|\n\nX:2\nK:C\nD|\n"
FILES = {
    "good.mid": SONG,
    "good.beats": b"0 1\n0.5 2\n1.0 1\n",
    "damaged.mid": SONG,
    "damaged.beats": b"0 1\nhalf 2\n",
    "missing.mid": SONG,
    "two.abc": TWO,
    "two.beats": b"0\n1\n",
    "large.mid": SONG,
    "large.beats": b"0.000\n" * 1000,
}


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[ParsedCorpus, pa.Table]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    (tmp_path / "scores").mkdir()
    for name, content in FILES.items():
        (tmp_path / "scores" / name).write_bytes(content)
    source = FolderSource(
        kind="folder", path="scores", beats="{stem}.beats", licence="CC0-1.0", citation="us"
    )
    fetch("mine", source, sorted(SUFFIXES), tmp_path / "raw")
    limits = LIMITS.model_copy(update={"max_file_mib": 3000 / 2**20})
    engine = EngineSettings(kind="serial", workers=1, address=None)
    for _ in range(2):  # the second time from the piece cache
        portions: list[pa.Table] = []
        found = parse_corpus("mine", tmp_path / "raw", READ, limits, engine, portions.append)
    return found, pa.concat_tables(portions)


def test_every_piece_is_kept_and_has_its_beats_or_a_reason(read: tuple[ParsedCorpus, pa.Table]) -> None:
    parsed, notes = read
    beats = dict(zip(notes["piece_id"].to_pylist(), notes["beats"].to_pylist(), strict=True))
    good = [(0, True), (ticks("1"), False), (ticks("2"), True)]
    assert beats.pop("mine/good") == [{"onset": onset, "downbeat": down} for onset, down in good]
    assert set(beats.values()) == {None}
    assert not parsed.rejections
    assert sorted((each.piece_id, each.rule) for each in parsed.parts_left_out) == [
        ("mine/damaged", "bad_beats"),
        ("mine/large", "bad_beats"),
        ("mine/missing", "no_beats"),
        ("mine/two#1", "bad_beats"),
        ("mine/two#2", "bad_beats"),
    ]
    assert "line 2" in str(next(each.detail for each in parsed.parts_left_out if "damaged" in each.piece_id))
