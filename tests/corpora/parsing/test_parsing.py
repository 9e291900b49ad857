"""Corpora of a few tiny files, read into the notes table."""

import hashlib
import json
import multiprocessing
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from pipeline.core.accounting import Rejection
from pipeline.core.music import Piece
from pipeline.core.settings import read_section
from pipeline.core.tables import content_digest
from pipeline.corpora.parsing import ParsedCorpus, parse_corpus
from pipeline.corpora.parsing.cache import cache_file, keep, look_up
from pipeline.corpora.sources.fetch import fetch
from pipeline.corpora.sources.manifest import write_manifest
from pipeline.corpora.sources.settings import FolderSource
from pipeline.formats import readers
from pipeline.formats.readers import ReadSettings, Source
from pipeline.workflow.engine import EngineSettings
from tests.helpers.hostile import NOTE, score
from tests.helpers.paths import ROOT

SERIAL = EngineSettings(kind="serial", workers=1, address=None)
TUNES = "X:1\nT:One\nL:1/4\nK:C\nCDEF|\n\nX:2\nT:Two\nL:1/4\nK:G\nGABc|\n"


@pytest.fixture
def settings() -> ReadSettings:
    return read_section(ReadSettings, "corpora", "entchen", "read", path=ROOT / "params.yaml")


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, bytes]], Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)

    def build(files: dict[str, bytes]) -> Path:
        for name, content in files.items():
            (tmp_path / "scores" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "scores" / name).write_bytes(content)
        source = FolderSource(kind="folder", path="scores", licence="CC0-1.0", citation="us")
        fetch("mine", source, tmp_path / "raw")
        return tmp_path / "raw"

    return build


Build = Callable[[dict[str, bytes]], Path]


def ids(notes: ParsedCorpus) -> list[str]:
    return [str(piece) for piece in notes.table["piece_id"].to_pylist()]


def test_every_tune_of_a_file_is_a_piece(corpus: Build, settings: ReadSettings) -> None:
    notes = parse_corpus("mine", corpus({"book.abc": TUNES.encode()}), settings, SERIAL)
    assert ids(notes) == ["mine/book#1", "mine/book#2"]
    assert notes.table["pitch"].to_pylist() == [[60, 62, 64, 65], [67, 69, 71, 72]]
    assert notes.table["title"].to_pylist() == ["One", "Two"]


def test_where_a_piece_is_from_stands_in_its_row(corpus: Build, settings: ReadSettings) -> None:
    row = parse_corpus("mine", corpus({"deep/book.abc": TUNES.encode()}), settings, SERIAL).table.to_pylist()[
        0
    ]
    assert row["source_path"] == "deep/book.abc"
    assert row["source_sha256"] == hashlib.sha256(TUNES.encode()).hexdigest()
    assert (row["licence"], row["citation"], row["corpus"]) == ("CC0-1.0", "us", "mine")


def test_a_folder_tells_the_split_that_its_pieces_were_published_in(
    corpus: Build, settings: ReadSettings
) -> None:
    song = TUNES.split("\n\n")[0].encode()
    places = {
        "Train/a.abc": "train",
        "x/validation/test/b.abc": "valid",
        "test.abc": None,
        "contest/d.abc": None,
    }
    table = parse_corpus("mine", corpus(dict.fromkeys(places, song)), settings, SERIAL).table
    told = dict(zip(table["source_path"].to_pylist(), table["published_split"].to_pylist(), strict=True))
    assert told == places


def test_a_file_tells_the_split_of_each_of_its_pieces(corpus: Build, settings: ReadSettings) -> None:
    chorale = [[[72, 67, 64, 48]]]
    content = json.dumps({"train": chorale, "valid": [], "test": chorale}).encode()
    table = parse_corpus("mine", corpus({"train/jsb.json": content}), settings, SERIAL).table
    assert (
        ids(ParsedCorpus(table, (), (), ())) == ["mine/train/jsb#test.0"] * 4 + ["mine/train/jsb#train.0"] * 4
    )
    assert table["published_split"].to_pylist() == ["test"] * 4 + ["train"] * 4


def test_files_that_differ_in_their_suffix_keep_it(corpus: Build, settings: ReadSettings) -> None:
    tune = TUNES.split("\n\n")[0].encode()
    notes = parse_corpus("mine", corpus({"a.abc": tune, "a.xml": b"<broken"}), settings, SERIAL)
    assert ids(notes) == ["mine/a.abc"]
    assert [rejection.piece_id for rejection in notes.rejections] == ["mine/a.xml"]


def test_a_bad_file_is_a_rejection_and_the_rest_is_read(corpus: Build, settings: ReadSettings) -> None:
    notes = parse_corpus(
        "mine", corpus({"bad.mxl": b"PK noise", "good.abc": TUNES.encode()}), settings, SERIAL
    )
    assert len(ids(notes)) == 2
    assert [rejection.piece_id for rejection in notes.rejections] == ["mine/bad"]
    assert sorted(notes.incoming) == ["mine/bad", "mine/good#1", "mine/good#2"]


def count_readings(monkeypatch: pytest.MonkeyPatch, piece: Piece | None = None) -> list[str]:
    """Names of the tunes really read, or taken for ``piece``; in this process, where they can be counted."""
    seen: list[str] = []
    really = readers.read

    def read(source: Source, settings: ReadSettings) -> Piece:
        seen.append(source.name)
        return piece or really(source, settings)

    monkeypatch.setattr("pipeline.formats.readers.read", read)
    monkeypatch.setattr(
        "pipeline.corpora.parsing.run_isolated", lambda function, items, *_: map(function, items)
    )
    return seen


def test_cold_warm_and_half_warm_runs_give_the_same_rows(
    corpus: Build, settings: ReadSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = corpus({"book.abc": TUNES.encode()})
    seen = count_readings(monkeypatch)
    cold = content_digest(parse_corpus("mine", folder, settings, SERIAL).table)
    warm = content_digest(parse_corpus("mine", folder, settings, SERIAL).table)
    assert seen == ["1", "2"]
    with closing(sqlite3.connect(cache_file())) as store, store:
        store.execute("DELETE FROM records WHERE key = (SELECT min(key) FROM records)")
    half_warm = content_digest(parse_corpus("mine", folder, settings, SERIAL).table)
    assert len(seen) == 3
    assert cold == warm == half_warm


def test_one_more_file_is_the_only_one_read(
    corpus: Build, settings: ReadSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = count_readings(monkeypatch)
    parse_corpus("mine", corpus({"book.abc": TUNES.encode()}), settings, SERIAL)
    more = TUNES.replace("X:1", "X:7").replace("X:2", "X:8").replace("CDEF", "CDEG").replace("GABc", "GABd")
    parse_corpus("mine", corpus({"more.abc": more.encode()}), settings, SERIAL)
    assert seen == ["1", "2", "7", "8"]


def test_several_workers_give_the_same_rows(corpus: Build, settings: ReadSettings) -> None:
    tunes = "\n\n".join(f"X:{i}\nL:1/4\nK:C\n{'CDEFGAB'[i % 7]}{'cdefgab'[i % 5]}EF|" for i in range(120))
    folder = corpus({"book.abc": tunes.encode()})
    one = parse_corpus("mine", folder, settings, SERIAL)
    cache_file().unlink()
    two = parse_corpus("mine", folder, settings, EngineSettings(kind="processes", workers=2, address=None))
    assert len(ids(one)) == 120
    assert content_digest(one.table) == content_digest(two.table)


@pytest.mark.parametrize("damage", [b"noise" * 1000, b""])
def test_a_damaged_cache_is_begun_anew(damage: bytes, corpus: Build, settings: ReadSettings) -> None:
    folder = corpus({"book.abc": TUNES.encode()})
    before = parse_corpus("mine", folder, settings, SERIAL)
    cache_file().write_bytes(damage)
    after = parse_corpus("mine", folder, settings, SERIAL)
    assert content_digest(before.table) == content_digest(after.table)


def test_a_damaged_record_is_read_again(tmp_path: Path) -> None:
    keep(tmp_path / "c.sqlite", {"a": b"right", "b": b"right"})
    with closing(sqlite3.connect(tmp_path / "c.sqlite")) as store, store:
        store.execute("UPDATE records SET record = X'77' WHERE key = 'a'")
    assert look_up(tmp_path / "c.sqlite", ["a", "b", "c"]) == {"b": b"right"}


def test_a_part_that_is_left_out_is_a_rejected_row_of_a_kept_piece(
    corpus: Build, settings: ReadSettings
) -> None:
    note, drum = b"\x00\x90\x3c\x50\x60\x80\x3c\x00", b"\x00\x99\x26\x50\x60\x89\x26\x00"
    tracks = [b"MTrk\x00\x00\x00\x0c" + events + b"\x00\xff\x2f\x00" for events in (note, drum)]
    content = b"MThd\x00\x00\x00\x06\x00\x01\x00\x02\x00\x60" + b"".join(tracks)
    notes = parse_corpus("mine", corpus({"band.mid": content}), settings, SERIAL)
    assert ids(notes) == ["mine/band"]
    assert notes.rejections == ()
    assert [(left.piece_id, left.rule) for left in notes.parts_left_out] == [("mine/band", "percussion")]


def within(settings: ReadSettings, **limits: float) -> ReadSettings:
    """The settings with some limits changed."""
    return settings.model_copy(update={"limits": settings.limits.model_copy(update=limits)})


@pytest.mark.parametrize(
    ("limit", "tight", "rule"),
    [
        ("max_notes", 3, "too_many_notes"),
        ("max_depth", 4, "too_deep"),
        ("max_file_mib", 100 / 2**20, "too_large"),
        ("max_unpacked_mib", 100 / 2**20, "unpacks_too_large"),
    ],
)
def test_another_limit_gives_the_same_rows_cold_and_warm(
    limit: str, tight: float, rule: str, corpus: Build, settings: ReadSettings
) -> None:
    folder = corpus({"book.abc": TUNES.encode(), "score.xml": score(NOTE * 6).encode()})
    loose, narrow = settings, within(settings, **{limit: tight})

    def rows(chosen: ReadSettings) -> tuple[str, tuple[Rejection, ...]]:
        notes = parse_corpus("mine", folder, chosen, SERIAL)
        assert len(set(ids(notes))) + len(notes.rejections) == len(notes.incoming)
        return content_digest(notes.table), notes.rejections

    warm = [rows(chosen) for chosen in (loose, narrow, loose, narrow)][2:]
    cold = []
    for chosen in (loose, narrow):
        cache_file().unlink()
        cold.append(rows(chosen))
    assert warm == cold
    assert {(broken.rule, broken.limit) for broken in cold[1][1]} == {(rule, tight)}
    assert all(broken.value is not None and broken.detail for broken in cold[1][1])


def replace_reader(monkeypatch: pytest.MonkeyPatch, read: Callable[[Source, ReadSettings], Piece]) -> None:
    """Read in another way; the children are forked from this process, so that they do so, too."""
    monkeypatch.setattr("pipeline.formats.readers.read", read)
    monkeypatch.setattr("pipeline.corpora.parsing.isolation._CONTEXT", multiprocessing.get_context("fork"))


def test_less_time_is_not_answered_from_the_cache(
    corpus: Build, settings: ReadSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = corpus({"book.abc": TUNES.encode()})
    assert len(ids(parse_corpus("mine", folder, settings, SERIAL))) == 2
    really = readers.read

    def read(source: Source, settings: ReadSettings) -> Piece:
        if source.name == "2":
            Event().wait()
        return really(source, settings)

    replace_reader(monkeypatch, read)
    notes = parse_corpus("mine", folder, within(settings, max_seconds=1), SERIAL)
    assert ids(notes) == ["mine/book#1"]
    assert [(broken.rule, broken.value, broken.limit) for broken in notes.rejections] == [("too_slow", 1, 1)]


def test_a_fault_of_a_reader_is_one_rejected_row(
    corpus: Build, settings: ReadSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = readers.read

    def read(source: Source, settings: ReadSettings) -> Piece:
        return really(source, settings) if source.name == "1" else 1 // 0  # type: ignore[return-value]

    replace_reader(monkeypatch, read)
    notes = parse_corpus("mine", corpus({"book.abc": TUNES.encode()}), settings, SERIAL)
    assert ids(notes) == ["mine/book#1"]
    assert [(broken.piece_id, broken.rule) for broken in notes.rejections] == [
        ("mine/book#2", "reader_failed")
    ]
    assert "ZeroDivisionError" in notes.rejections[0].detail


def test_one_file_beside_ten_thousand_is_the_only_one_read(
    tmp_path: Path, settings: ReadSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    seen = count_readings(monkeypatch, Piece("", "", ()))
    facts = {"licence": "CC0-1.0", "citation": "us"}
    files = [tmp_path / f"{number}.abc" for number in range(10_001)]
    for number, file in enumerate(files):
        file.write_bytes(b"X:1\nK:C\nC%d\n" % number)
    for last, newly_read in ((10_000, 10_000), (10_001, 1)):
        write_manifest(tmp_path, facts, files[:last], [])
        before = len(seen)
        assert len(parse_corpus("mine", tmp_path, settings, SERIAL).incoming) == last
        assert len(seen) - before == newly_read
