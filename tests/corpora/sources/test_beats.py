"""Files of beats are copied with their scores."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipeline.corpora.sources.beats import beats_path
from pipeline.corpora.sources.collect import PlaceError
from pipeline.corpora.sources.fetch import fetch
from pipeline.corpora.sources.manifest import read_manifest
from pipeline.corpora.sources.settings import FolderSource

SUFFIXES = (".mid", ".json")


def entries(tmp_path: Path, files: Sequence[str], pattern: str | None) -> tuple[dict[str, Any], list[str]]:
    """The beats of each score in the manifest, and the files left out."""
    for name in files:
        (tmp_path / "scores" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "scores" / name).write_text(name)
    source = FolderSource(
        kind="folder", path=str(tmp_path / "scores"), beats=pattern, licence="CC0", citation="us"
    )
    assert fetch("mine", source, SUFFIXES, tmp_path / "raw") == len(read_manifest(tmp_path / "raw")["files"])
    manifest = read_manifest(tmp_path / "raw")
    return {entry["path"]: entry.get("beats", "no key") for entry in manifest["files"]}, manifest["ignored"]


@pytest.mark.parametrize(
    ("score", "pattern", "path"),
    [
        ("1/1.mid", "beat_midi.txt", "1/beat_midi.txt"),
        ("midi/one.mid", "{stem}.beats", "midi/one.beats"),
        ("midi/one.mid", "../beats/{stem}_beats.txt", "beats/one_beats.txt"),
        ("midi/a/one.mid", "/beats/{stem}.txt", "beats/one.txt"),
    ],
)
def test_the_pattern_is_relative_to_the_score_or_to_the_corpus(score: str, pattern: str, path: str) -> None:
    assert beats_path(score, pattern) == path


def test_each_score_has_its_file_of_beats_or_none(tmp_path: Path) -> None:
    files = ["a.mid", "a.beats", "b.mid", "deep/c.mid", "deep/c.beats", "d.beats", "notes.txt"]
    found, ignored = entries(tmp_path, files, "{stem}.beats")
    assert found == {"a.mid": "a.beats", "b.mid": None, "deep/c.mid": "deep/c.beats"}
    assert sorted(ignored) == ["d.beats", "notes.txt"]
    assert not (tmp_path / "raw/d.beats").exists()


def test_beats_may_have_the_suffix_of_a_score(tmp_path: Path) -> None:
    assert entries(tmp_path, ["a.mid", "a_beats.json"], "{stem}_beats.json")[0] == {"a.mid": "a_beats.json"}


def test_a_pattern_may_not_leave_the_corpus(tmp_path: Path) -> None:
    (tmp_path / "a.beats").write_text("secret")
    assert entries(tmp_path, ["a.mid"], "../{stem}.beats")[0] == {"a.mid": None}


def test_a_corpus_without_the_setting_is_described_as_before(tmp_path: Path) -> None:
    assert entries(tmp_path, ["a.mid", "a.beats"], None) == ({"a.mid": "no key"}, ["a.beats"])


def test_beats_alone_are_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match="no score"):
        entries(tmp_path, ["a.beats"], "{stem}.beats")


@pytest.mark.parametrize("pattern", ["", "{name}.txt", "beats/", "a\\b.txt"])
def test_a_pattern_that_names_no_file_is_refused(pattern: str) -> None:
    with pytest.raises(ValidationError):
        FolderSource(kind="folder", path=".", beats=pattern, licence="CC0", citation="us")
