import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from pipeline.corpora.sources.collect import PlaceError
from pipeline.corpora.sources.fetch import fetch
from pipeline.corpora.sources.manifest import ManifestError, read_manifest
from pipeline.corpora.sources.settings import BundledSource, FolderSource

SUFFIXES = (".abc", ".mid")


def folder(path: Path) -> FolderSource:
    return FolderSource(kind="folder", path=str(path), licence="CC0-1.0", citation="me")


def bundled(path: str, pattern: str = "*.abc") -> BundledSource:
    return BundledSource(kind="bundled", path=path, pattern=pattern, licence="free", citation="them")


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    root = tmp_path / "scores"
    (root / "more").mkdir(parents=True)
    (root / "a.abc").write_text("X:1\nK:C\nCDEF\n")
    (root / "more" / "B.MID").write_bytes(b"MThd")
    (root / "notes.txt").write_text("no score")
    (root / ".hidden.abc").write_text("X:1\nK:C\nC\n")
    return root


def test_a_folder_is_copied_with_its_checksums(scores: Path, tmp_path: Path) -> None:
    assert fetch("mine", folder(scores), SUFFIXES, tmp_path / "raw") == 2
    manifest = read_manifest(tmp_path / "raw")
    assert [file["path"] for file in manifest["files"]] == ["a.abc", "more/B.MID"]
    assert manifest["files"][0]["sha256"] == hashlib.sha256((scores / "a.abc").read_bytes()).hexdigest()
    assert (tmp_path / "raw/more/B.MID").read_bytes() == b"MThd"


def test_files_that_are_not_scores_are_listed_and_left_out(scores: Path, tmp_path: Path) -> None:
    fetch("mine", folder(scores), SUFFIXES, tmp_path / "raw")
    assert read_manifest(tmp_path / "raw")["ignored"] == ["notes.txt"]
    assert not (tmp_path / "raw/notes.txt").exists()


def test_the_path_of_a_folder_is_not_recorded(scores: Path, tmp_path: Path) -> None:
    fetch("mine", folder(scores), SUFFIXES, tmp_path / "raw")
    assert str(scores) not in (tmp_path / "raw/source.json").read_text()


def test_fetching_again_removes_deleted_files(scores: Path, tmp_path: Path) -> None:
    fetch("mine", folder(scores), SUFFIXES, tmp_path / "raw")
    (scores / "a.abc").unlink()
    assert fetch("mine", folder(scores), SUFFIXES, tmp_path / "raw") == 1
    assert not (tmp_path / "raw/a.abc").exists()


def test_licence_and_citation_are_in_the_manifest(scores: Path, tmp_path: Path) -> None:
    fetch("mine", folder(scores), SUFFIXES, tmp_path / "raw")
    manifest = json.loads((tmp_path / "raw/source.json").read_text())
    assert (manifest["licence"], manifest["citation"]) == ("CC0-1.0", "me")


def test_a_folder_without_scores_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no score")
    with pytest.raises(PlaceError, match=r"holds no score \(\.abc, \.mid\); 1 file ignored: 1 .txt"):
        fetch("mine", folder(tmp_path), SUFFIXES, tmp_path / "raw")


def test_scores_that_git_does_not_track_are_reported(
    scores: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    n_scores = fetch("mine", folder(scores), SUFFIXES, tmp_path / "raw")
    assert f"{n_scores} of {n_scores} scores are not in git" in capsys.readouterr().err
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=scores, check=True)
    fetch("mine", folder(scores), SUFFIXES, tmp_path / "raw")
    assert "not in git" not in capsys.readouterr().err


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match="corpus mine: .*nowhere is not a folder"):
        fetch("mine", folder(tmp_path / "nowhere"), SUFFIXES, tmp_path / "raw")


def test_corpora_bundled_with_music21_are_found(tmp_path: Path) -> None:
    assert fetch("airds", bundled("airdsAirs"), SUFFIXES, tmp_path / "raw") == 6


def test_an_unknown_bundle_suggests_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match="did you mean 'essenFolksong'"):
        fetch("essen", bundled("esenFolksong"), SUFFIXES, tmp_path / "raw")


@pytest.mark.parametrize("path", ["../..", "/", ".."])
def test_a_bundle_outside_of_the_corpora_of_music21_is_unknown(path: str, tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match="music21 bundles no"):
        fetch("mine", bundled(path), SUFFIXES, tmp_path / "raw")


@pytest.mark.parametrize("pattern", ["", "a**b", "/etc/*", "../airdsAirs/*", "x.abc"])
def test_a_pattern_that_matches_no_file_of_the_bundle_is_one_message(pattern: str, tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match=r"no file of music21's .* such as \*\.abc"):
        fetch("mine", bundled("airdsAirs", pattern), SUFFIXES, tmp_path / "raw")


def test_a_missing_manifest_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"source\.json: not readable .* run `dvc repro`"):
        read_manifest(tmp_path)
    (tmp_path / "source.json").write_text("{}")
    with pytest.raises(ManifestError, match=r"licence is expected\); delete it and run `dvc repro`"):
        read_manifest(tmp_path)
