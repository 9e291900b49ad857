"""A folder of scores becomes entries of params.yaml."""

import shutil
from difflib import ndiff
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.core.settings import SettingsError, load_yaml
from pipeline.parameters import check_parameters
from pipeline.tools.adding.entries import add_folder, insert
from pipeline.tools.adding.survey import FolderError
from tests.helpers import midi_bytes
from tests.helpers.paths import ROOT
from tests.helpers.project import tune

TRIPLETS = "X:1\nT:Triplets\nM:4/4\nL:1/4\nK:C\n(3CDE(3FGA(3GFE C|]\n"
TWO_PARTS = midi_bytes.file(
    midi_bytes.track(midi_bytes.meta(3, b"Strings"), midi_bytes.note(0, 960, 72)),
    midi_bytes.track(midi_bytes.meta(3, b"Melody"), midi_bytes.note(0, 480, 60), midi_bytes.note(0, 480, 62)),
)


@pytest.fixture
def songs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of scores outside a project, whose root is the working directory."""
    project = tmp_path / "project"
    project.mkdir()
    demo = (ROOT / "examples/demo/params.yaml").read_text(encoding="utf-8")
    (project / "params.yaml").write_text(demo.replace("pipeline/corpora/catalogue.yaml", "params.yaml"))
    monkeypatch.chdir(project)
    folder = tmp_path / "my songs"
    (folder / "more").mkdir(parents=True)
    (folder / "one.abc").write_text(tune(1) + tune(2))
    (folder / "more/band.mid").write_bytes(TWO_PARTS)
    (folder / "broken.mid").write_bytes(b"MThd nonsense")
    (folder / "notes.md").write_text("nothing to play")
    return folder


def test_entries_are_added_and_everything_else_stays(songs: Path) -> None:
    before = Path("params.yaml").read_text().splitlines()
    add_folder(songs, "mine", 'CC: "BY" # 4.0', "Müller: 'Lieder'")
    after = Path("params.yaml").read_text().splitlines()
    assert {line[0] for line in ndiff(before, after)} == {" ", "+"}
    params = check_parameters(load_yaml(Path("params.yaml")))
    assert params.corpora["mine"].watch == params.corpora["mine"].source.path == str(songs)  # type: ignore[union-attr]
    assert params.datasets["mine"].corpora == ["mine"]
    assert params.experiments["mine"].dataset == "mine"
    source = params.corpora["mine"].source
    assert (source.licence, source.citation) == ('CC: "BY" # 4.0', "Müller: 'Lieder'")  # type: ignore[union-attr]


def test_a_folder_in_the_project_is_named_relative_to_it(songs: Path) -> None:
    shutil.copytree(songs, "scores")
    assert "path: scores " in add_folder(Path("scores"), "mine", "x", "y").text


def test_what_the_folder_contains_is_reported(songs: Path) -> None:
    found = add_folder(songs, "mine", "x", "y", write=False).found
    assert found.rows() == [("abc", "1"), ("midi", "2"), ("ignored: .md", "1")]
    assert found.pieces == ["mine/more/band", "mine/one#1", "mine/one#2"]
    assert [broken.piece_id for broken in found.rejections] == ["mine/broken"]
    assert found.several_parts == found.keyless == ["mine/more/band"]
    remarks = "\n".join(found.remarks())
    for part in (
        "3 pieces can be read, 1 cannot",
        "Strings, Melody",
        "without a key signature",
        "With only 3",
    ):
        assert part in remarks


def test_the_grid_is_estimated_from_the_notes(songs: Path) -> None:
    text = add_folder(songs, "mine", "x", "y", write=False).text
    assert "key: {default: signature, else: analysis}" in text
    assert "steps_per_quarter: 4 " in text
    shutil.rmtree(songs)
    songs.mkdir()
    (songs / "triplets.abc").write_text(TRIPLETS)
    text = add_folder(songs, "mine", "x", "y", write=False).text
    assert "steps_per_quarter: 12 " in text


@pytest.mark.parametrize(
    ("name", "message"), [("demo", "the entry 'demo' exists"), ("2nd", "a name begins with a letter")]
)
def test_a_name_that_is_taken_or_not_allowed_changes_nothing(name: str, message: str, songs: Path) -> None:
    before = Path("params.yaml").read_text()
    with pytest.raises(SettingsError, match=message):
        add_folder(songs, name, "x", "y")
    assert Path("params.yaml").read_text() == before


def test_a_folder_without_a_score_is_refused(songs: Path) -> None:
    (songs / "more/none").mkdir()
    with pytest.raises(FolderError, match=r"no score; found: no file; suffixes of scores: \.abc"):
        add_folder(songs / "more/none", "mine", "x", "y")
    with pytest.raises(FolderError, match="no such folder"):
        add_folder(songs / "nix", "mine", "x", "y")


def test_an_entry_is_added_to_an_empty_group_and_to_the_last_one() -> None:
    assert insert("corpora: {}\nx: 1\n", "corpora", "  b: 2\n") == "corpora:\n  b: 2\nx: 1\n"
    assert insert("x: 1\ncorpora:  # here\n  a: 1", "corpora", "  b: 2\n") == (
        "x: 1\ncorpora:  # here\n  a: 1\n  b: 2\n"
    )
    with pytest.raises(SettingsError, match="a line `corpora:` is expected"):
        insert("x: 1\n", "corpora", "  b: 2\n")


def test_a_dry_run_reports_and_writes_nothing(songs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path("params.yaml").read_text()
    main(["add", str(songs), "--name", "mine", "--dry-run"])
    remarks, _, entries = capsys.readouterr().out.partition("corpora:\n")
    assert "3 pieces can be read" in remarks
    assert [line for line in remarks.splitlines() if len(line) > 80] == []
    assert "watch: " in entries
    assert Path("params.yaml").read_text() == before


def test_a_group_that_is_pasted_twice_is_named_with_its_line(songs: Path) -> None:
    n_lines = len(Path("params.yaml").read_text().splitlines())
    with Path("params.yaml").open("a") as file:
        file.write("corpora:\n  mine: {}\n")
    with pytest.raises(SettingsError, match=f"line {n_lines + 1}: the key 'corpora' occurs twice") as caught:
        add_folder(songs, "mine", "x", "y")
    assert "yaml.dev" not in str(caught.value)
