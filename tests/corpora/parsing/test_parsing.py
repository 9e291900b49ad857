"""Corpora of a few tiny files are read into the notes table."""

import hashlib
import json
import random
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from pipeline.core.accounting import Rejection
from pipeline.core.music import Piece
from pipeline.core.schemas import NOTES
from pipeline.core.tables import content_digest
from pipeline.corpora.parsing import code_of, parse_corpus
from pipeline.corpora.parsing.cache import cache_file, keep, look_up
from pipeline.corpora.parsing.isolation import ChildFailure, ChildLimits
from pipeline.corpora.sources.fetch import fetch
from pipeline.corpora.sources.manifest import write_manifest
from pipeline.corpora.sources.settings import FolderSource
from pipeline.formats import readers
from pipeline.formats.readers import SUFFIXES, ReadLimits, ReadSettings, Source
from pipeline.workflow.engine import EngineSettings
from tests.helpers.hostile import NOTE, score
from tests.helpers.reading import LIMITS, READ

SERIAL = EngineSettings(kind="serial", workers=1, address=None)
TUNES = "X:1\nT:One\nL:1/4\nK:C\nCDEF|\n\nX:2\nT:Two\nL:1/4\nK:G\nGABc|\n"


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, bytes]], Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)

    def build(files: dict[str, bytes]) -> Path:
        for name, content in files.items():
            (tmp_path / "scores" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "scores" / name).write_bytes(content)
        source = FolderSource(kind="folder", path="scores", licence="CC0-1.0", citation="us")
        fetch("mine", source, sorted(SUFFIXES), tmp_path / "raw")
        return tmp_path / "raw"

    return build


Build = Callable[[dict[str, bytes]], Path]


class Parsed(NamedTuple):
    """A corpus read, and its rows."""

    table: pa.Table
    incoming: tuple[str, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    parts_left_out: tuple[Rejection, ...] = ()


def parse(folder: Path, limits: ReadLimits = LIMITS, engine: EngineSettings = SERIAL) -> Parsed:
    portions = [NOTES.empty_table()]
    notes = parse_corpus("mine", folder, READ, limits, engine, portions.append)
    return Parsed(pa.concat_tables(portions), notes.incoming, notes.rejections, notes.parts_left_out)


def ids(notes: Parsed) -> list[str]:
    return [str(piece) for piece in notes.table["piece_id"].to_pylist()]


def test_every_tune_of_a_file_is_a_piece(corpus: Build) -> None:
    notes = parse(corpus({"book.abc": TUNES.encode()}))
    assert ids(notes) == ["mine/book#1", "mine/book#2"]
    assert notes.table["pitch"].to_pylist() == [[60, 62, 64, 65], [67, 69, 71, 72]]
    assert notes.table["title"].to_pylist() == ["One", "Two"]


def test_the_source_of_a_piece_is_recorded_in_its_row(corpus: Build) -> None:
    row = parse(corpus({"deep/book.abc": TUNES.encode()})).table.to_pylist()[0]
    assert row["source_path"] == "deep/book.abc"
    assert row["source_sha256"] == hashlib.sha256(TUNES.encode()).hexdigest()
    assert (row["licence"], row["citation"], row["corpus"]) == ("CC0-1.0", "us", "mine")


def test_the_folder_name_gives_the_published_split(corpus: Build) -> None:
    song = TUNES.split("\n\n")[0].encode()
    places = {
        "Train/a.abc": "train",
        "x/validation/test/b.abc": "valid",
        "test.abc": None,
        "contest/d.abc": None,
    }
    table = parse(corpus(dict.fromkeys(places, song))).table
    published = dict(zip(table["source_path"].to_pylist(), table["published_split"].to_pylist(), strict=True))
    assert published == places


def test_a_file_may_specify_the_split_of_each_piece(corpus: Build) -> None:
    chorale = [[[72, 67, 64, 48]]]
    content = json.dumps({"train": chorale, "valid": [], "test": chorale}).encode()
    table = parse(corpus({"train/jsb.json": content})).table
    assert ids(Parsed(table)) == ["mine/train/jsb#test.0"] * 4 + ["mine/train/jsb#train.0"] * 4
    assert table["published_split"].to_pylist() == ["test"] * 4 + ["train"] * 4


def test_files_that_differ_in_their_suffix_keep_it(corpus: Build) -> None:
    tune = TUNES.split("\n\n")[0].encode()
    notes = parse(corpus({"a.abc": tune, "a.xml": b"<broken"}))
    assert ids(notes) == ["mine/a.abc"]
    assert [rejection.piece_id for rejection in notes.rejections] == ["mine/a.xml"]


def test_pieces_have_distinct_identifiers_for_any_file_names(corpus: Build) -> None:
    tune = TUNES.split("\n\n")[0].encode()
    two = b"X:1\nK:C\nC|\n\nX:2\nK:C\nD|\n"
    repeated = b"X:1\nK:C\nC|\n\nX:1\nK:C\nD|\n\nX:1.2\nK:C\nE|\n"
    names = {"x.abc": tune, "x.tinynotation": b"tinyNotation: 4/4 c4 d", "x.abc.abc": tune}
    notes = parse(corpus({**names, "all.abc": two, "all#1.abc": tune, "dup.abc": repeated}))
    assert ids(notes) == [
        *("mine/all#1", "mine/all#1.abc", "mine/all#2", "mine/dup#1", "mine/dup#1.2", "mine/dup#1.2.2"),
        *("mine/x.abc", "mine/x.abc.abc", "mine/x.tinynotation"),
    ]
    assert sorted(notes.incoming) == ids(notes)


def test_a_bad_file_is_a_rejection_and_the_rest_is_read(corpus: Build) -> None:
    notes = parse(corpus({"bad.mxl": b"PK noise", "good.abc": TUNES.encode()}))
    assert len(ids(notes)) == 2
    assert [rejection.piece_id for rejection in notes.rejections] == ["mine/bad"]
    assert sorted(notes.incoming) == ["mine/bad", "mine/good#1", "mine/good#2"]


def read_in_process(
    monkeypatch: pytest.MonkeyPatch, read: Callable[[Source, ReadSettings, ReadLimits], Piece]
) -> None:
    """Replace the reader and read in this process, so that reads can be counted and faults injected."""
    monkeypatch.setattr("pipeline.formats.readers.read", read)
    monkeypatch.setattr(
        "pipeline.corpora.parsing.run_isolated", lambda function, items, *_: map(function, items)
    )


def count_readings(monkeypatch: pytest.MonkeyPatch, piece: Piece | None = None) -> list[str]:
    """Names of the tunes that were read, or replaced by ``piece``."""
    seen: list[str] = []
    original = readers.read

    def read(source: Source, settings: ReadSettings, limits: ReadLimits) -> Piece:
        seen.append(source.name)
        return piece or original(source, settings, limits)

    read_in_process(monkeypatch, read)
    return seen


def test_cold_warm_and_half_warm_runs_give_the_same_rows(
    corpus: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = corpus({"book.abc": TUNES.encode()})
    seen = count_readings(monkeypatch)
    cold = content_digest(parse(folder).table)
    warm = content_digest(parse(folder).table)
    assert seen == ["1", "2"]
    with closing(sqlite3.connect(cache_file())) as store, store:
        store.execute("DELETE FROM records WHERE key = (SELECT min(key) FROM records)")
    half_warm = content_digest(parse(folder).table)
    assert len(seen) == 3
    assert cold == warm == half_warm


def test_only_a_new_file_is_read(corpus: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = count_readings(monkeypatch)
    parse(corpus({"book.abc": TUNES.encode()}))
    more = TUNES.replace("X:1", "X:7").replace("X:2", "X:8").replace("CDEF", "CDEG").replace("GABc", "GABd")
    parse(corpus({"more.abc": more.encode()}))
    assert seen == ["1", "2", "7", "8"]


def test_cached_records_depend_on_library_versions() -> None:
    fast, slow = (code_of(READ.model_copy(update={"reader": reader})) for reader in ("auto", "music21"))
    assert "pyarrow" in fast
    assert "music21" in slow
    assert "music21" not in fast


def test_rows_are_written_in_portions(corpus: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = corpus({"b.abc": TUNES.encode(), "a b.abc": TUNES.encode(), "a.abc": TUNES.encode()})
    whole = parse(folder)
    monkeypatch.setattr("pipeline.corpora.parsing.rows.PIECES_A_PORTION", 4)
    monkeypatch.setattr("pipeline.corpora.parsing.PIECES_A_LOOK_UP", 1)
    portions: list[pa.Table] = []
    parse_corpus("mine", folder, READ, LIMITS, SERIAL, portions.append)
    assert [portion.num_rows for portion in portions] == [4, 2]
    assert content_digest(pa.concat_tables(portions)) == content_digest(whole.table)
    assert ids(whole) == sorted(ids(whole))


def test_several_workers_give_the_same_rows(corpus: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.corpora.parsing.BYTES_A_BATCH", 500)
    tunes = "\n\n".join(f"X:{i}\nL:1/4\nK:C\n{'CDEFGAB'[i % 7]}{'cdefgab'[i % 5]}EF|" for i in range(120))
    folder = corpus({"book.abc": tunes.encode()})
    one = parse(folder)
    cache_file().unlink()
    two = parse(folder, engine=EngineSettings(kind="processes", workers=2, address=None))
    assert len(ids(one)) == 120
    assert content_digest(one.table) == content_digest(two.table)


@pytest.mark.parametrize("damage", [b"noise" * 1000, b""])
def test_a_damaged_cache_is_recreated(damage: bytes, corpus: Build) -> None:
    folder = corpus({"book.abc": TUNES.encode()})
    before = parse(folder)
    cache_file().write_bytes(damage)
    after = parse(folder)
    assert content_digest(before.table) == content_digest(after.table)


def test_a_damaged_record_is_read_again(tmp_path: Path) -> None:
    keep(tmp_path / "c.sqlite", {"a": b"right", "b": b"right"})
    with closing(sqlite3.connect(tmp_path / "c.sqlite")) as store, store:
        store.execute("UPDATE records SET record = X'77' WHERE key = 'a'")
    assert look_up(tmp_path / "c.sqlite", ["a", "b", "c"]) == {"b": b"right"}


def test_a_record_under_the_key_of_another_piece_is_read_again(corpus: Build) -> None:
    """What a flipped bit in a page pointer of SQLite does: the other record is whole, digest included."""
    folder = corpus({"book.abc": TUNES.encode()})
    before = parse(folder)
    with closing(sqlite3.connect(cache_file())) as store, store:
        rows = store.execute("SELECT key, record, sha256 FROM records ORDER BY key").fetchall()
        for (key, *_), (_, record, digest) in zip(rows, reversed(rows), strict=True):
            store.execute("UPDATE records SET record = ?, sha256 = ? WHERE key = ?", (record, digest, key))
    assert look_up(cache_file(), [key for key, *_ in rows]) == {}
    assert content_digest(parse(folder).table) == content_digest(before.table)


@pytest.mark.parametrize("value", ["7", "NULL", "1.5", "'text'", "X''"])
@pytest.mark.parametrize("column", ["record", "sha256"])
def test_a_value_of_another_type_in_the_cache_counts_as_missing(
    tmp_path: Path, column: str, value: str
) -> None:
    keep(tmp_path / "c.sqlite", {"a": b"right"})
    with closing(sqlite3.connect(tmp_path / "c.sqlite")) as store, store:
        store.execute(f"UPDATE records SET {column} = {value}")
    assert look_up(tmp_path / "c.sqlite", ["a"]) == {}


def test_no_flipped_bit_of_the_cache_changes_a_record(tmp_path: Path) -> None:
    records = {f"{number:064x}": bytes([number]) * (9 + 700 * (number % 9)) for number in range(40)}
    keep(tmp_path / "good.sqlite", records)
    good, dice, whole = (tmp_path / "good.sqlite").read_bytes(), random.Random(1), 0
    for _ in range(150):
        spoilt = bytearray(good)
        for _ in range(dice.randint(1, 3)):
            spoilt[dice.randrange(len(spoilt))] ^= 1 << dice.randrange(8)
        (tmp_path / "c.sqlite").write_bytes(spoilt)
        found = look_up(tmp_path / "c.sqlite", list(records))
        assert found.items() <= records.items()
        whole += len(found) == len(records)
    assert 0 < whole < 150


def test_a_part_that_is_left_out_is_a_rejected_row_of_a_kept_piece(corpus: Build) -> None:
    note, drum = b"\x00\x90\x3c\x50\x60\x80\x3c\x00", b"\x00\x99\x26\x50\x60\x89\x26\x00"
    tracks = [b"MTrk\x00\x00\x00\x0c" + events + b"\x00\xff\x2f\x00" for events in (note, drum)]
    content = b"MThd\x00\x00\x00\x06\x00\x01\x00\x02\x00\x60" + b"".join(tracks)
    notes = parse(corpus({"band.mid": content}))
    assert ids(notes) == ["mine/band"]
    assert notes.rejections == ()
    assert [(left.piece_id, left.rule) for left in notes.parts_left_out] == [("mine/band", "percussion")]


@pytest.mark.parametrize(
    ("limit", "tight", "rule"),
    [
        ("max_notes", 3, "too_many_notes"),
        ("max_depth", 4, "too_deep"),
        ("max_file_mib", 100 / 2**20, "too_large"),
        ("max_unpacked_mib", 100 / 2**20, "unpacks_too_large"),
        ("max_pieces", 1, "too_many_pieces"),
    ],
)
def test_another_limit_gives_the_same_rows_cold_and_warm(
    limit: str, tight: float, rule: str, corpus: Build
) -> None:
    folder = corpus({"book.abc": TUNES.encode(), "score.xml": score(NOTE * 6).encode()})
    loose, narrow = LIMITS, LIMITS.model_copy(update={limit: tight})

    def rows(chosen: ReadLimits) -> tuple[str, tuple[Rejection, ...]]:
        notes = parse(folder, chosen)
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


def test_a_piece_that_was_read_in_time_is_not_taken_from_the_cache_when_the_time_limit_is_lowered(
    corpus: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = corpus({"book.abc": TUNES.encode()})
    assert len(ids(parse(folder))) == 2

    def isolated(
        function: Callable[[Any], Any], items: Sequence[Any], limits: ChildLimits, *_: Any
    ) -> list[Any]:
        """Simulate that the second tune takes two seconds."""
        slow = ChildFailure("too_slow", "no result", limits.seconds)
        late = [isinstance(item, Source) and item.name == "2" and limits.seconds < 2 for item in items]
        return [slow if is_late else function(item) for item, is_late in zip(items, late, strict=True)]

    monkeypatch.setattr("pipeline.corpora.parsing.run_isolated", isolated)
    notes = parse(folder, LIMITS.model_copy(update={"max_seconds": 1}))
    assert ids(notes) == ["mine/book#1"]
    assert [(broken.rule, broken.value, broken.limit) for broken in notes.rejections] == [("too_slow", 1, 1)]


def test_a_bug_in_a_reader_is_one_rejected_row(corpus: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    original = readers.read

    def read(source: Source, settings: ReadSettings, limits: ReadLimits) -> Piece:
        if source.name == "2":
            raise ZeroDivisionError
        return original(source, settings, limits)

    read_in_process(monkeypatch, read)
    notes = parse(corpus({"book.abc": TUNES.encode()}))
    assert ids(notes) == ["mine/book#1"]
    assert [(broken.piece_id, broken.rule) for broken in notes.rejections] == [
        ("mine/book#2", "reader_failed")
    ]
    assert "ZeroDivisionError" in notes.rejections[0].detail


def test_only_a_new_file_among_ten_thousand_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    seen = count_readings(monkeypatch, Piece("", "", ()))
    facts = {"licence": "CC0-1.0", "citation": "us"}
    files = [tmp_path / f"{number}.abc" for number in range(10_001)]
    for number, file in enumerate(files):
        file.write_bytes(b"X:1\nK:C\nC%d\n" % number)
    for last, newly_read in ((10_000, 10_000), (10_001, 1)):
        write_manifest(tmp_path, facts, files[:last], [])
        before = len(seen)
        assert len(parse(tmp_path).incoming) == last
        assert len(seen) - before == newly_read
