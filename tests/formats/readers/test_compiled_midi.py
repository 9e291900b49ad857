"""The compiled reader of MIDI files gives what the reader with arrays gives, refusals included."""

import importlib.util
import random
import shutil
import sysconfig
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.corpora.parsing.records import pack, refusal
from pipeline.formats.readers import ReadError
from pipeline.formats.readers.midi import compiled, events, notes, score
from tests.helpers import fuzzing
from tests.helpers.hostile import hostile_files
from tests.helpers.midi_bytes import END, chunk, file, meta, note, number, off, on, sysex, track

N_FILES = 1500
N_NOTES = 20_000
CONTROLLERS = (7, 64, 120, 121, 123, 124, 125, 126, 127)
SIGNS = {0x03: b"name", 0x05: b"la", 0x51: b"\x07\xa1\x20", 0x58: b"\x03\x02\x18\x08", 0x59: b"\x01\x00"}
WAYS = ((compiled.read_tracks, compiled.notes_of), (events.read_tracks, notes.notes_of))
HEADERS = Path(sysconfig.get_paths()["include"], "Python.h")

is_built = pytest.mark.skipif(not compiled.IS_BUILT, reason="the package was installed without a compiler")


def result(content: bytes, max_notes: int | None = None) -> bytes:
    """The record of a file, or that of its refusal."""
    try:
        return pack(score.read_score(content, max_notes))
    except ReadError as error:
        return pack(refusal(error))


def compare(contents: list[tuple[bytes, int | None]], monkeypatch: pytest.MonkeyPatch) -> Counter[bool]:
    """Read files in both ways; how many are read, and how many are refused."""
    outcomes = Counter[bool]()
    for content, max_notes in contents:
        results = []
        for read_tracks, notes_of in WAYS:
            monkeypatch.setattr(score, "read_tracks", read_tracks)
            monkeypatch.setattr(score, "notes_of", notes_of)
            results.append(result(content, max_notes))
        assert results[0] == results[1], content.hex()
        outcomes[b'"refusal"' not in results[0]] += 1
    return outcomes


def any_event(dice: random.Random, pitches: list[int], channels: list[int], running: list[int]) -> bytes:
    """An event of any kind, in running status where that holds and chance wills it."""
    channel, chance = dice.choice(channels), dice.random()
    if chance >= 0.95:
        kind = dice.choice([*SIGNS, 0x7F])
        return meta(kind, SIGNS.get(kind, dice.randbytes(dice.choice([0, 3, 200]))))[1:]
    if chance >= 0.92:
        running[:] = [0]
        return sysex(dice.randbytes(3), dice.choice([0xF0, 0xF7]))[1:]
    if chance >= 0.91:
        return bytes([dice.randrange(0xF8, 0xFF)])
    kind, data = dice.choice([(0xC0, 1), (0xD0, 1), (0xA0, 2), (0xE0, 2)]), dice.randbytes(2)
    status, size = kind[0] | channel, kind[1]
    content = bytes(byte & 0x7F for byte in data[:size])
    if chance < 0.8:
        status = dice.choice([0x90, 0x90, 0x80]) | channel
        content = bytes([dice.choice(pitches), dice.choice([0, 64, 64])])
    elif chance < 0.86:
        status, content = 0xB0 | channel, bytes([dice.choice(CONTROLLERS), 0])
    written = running != [status] or dice.random() < 0.3
    running[:] = [status]
    return bytes([status] * written) + content


def any_file(dice: random.Random) -> bytes:
    """A file of any events, some with faults, some of them corrupted."""
    tracks = []
    for _ in range(dice.choice([1, 1, 2, 4])):
        pitches = dice.sample(range(1, 128), dice.choice([1, 2, 12]))
        channels = dice.sample(range(16), dice.choice([1, 1, 3]))
        deltas = dice.choice([[0], [0, 0, 10], [0, 1, 127, 128, 300, 20_000]])
        running: list[int] = []
        written = [
            number(dice.choice(deltas)) + any_event(dice, pitches, channels, running)
            for _ in range(dice.choice([0, 5, 40, 200]))
        ]
        end = dice.choices([END, b"", END + b"\0\0", END + on(0, 60), END + b"\x90"], [40, 1, 1, 1, 1])[0]
        tracks.append(track(*written, end=end))
    content = file(*tracks, division=dice.choice([480, 480, 960, 7, 1, 10080, 32767]))
    mangler = dice.choice((*[None] * 6, *fuzzing.BLUNT))
    return content if mangler is None else content[:14] + mangler(content[14:], dice)


@is_built
def test_any_file_gives_the_same_in_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(3)
    contents = [(any_file(dice), dice.choice([None, None, N_NOTES, 5])) for _ in range(N_FILES)]
    outcomes = compare(contents, monkeypatch)
    assert min(outcomes[True], outcomes[False]) > N_FILES // 4


@is_built
def test_hostile_files_give_the_same_in_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    contents = [(hostile.content, N_NOTES) for hostile in hostile_files() if hostile.name.endswith(".mid")]
    assert sum(compare(contents, monkeypatch).values()) > 10


@is_built
@pytest.mark.parametrize("n_notes", [2, 16, 17, 300])
def test_chords_of_any_size_are_sorted_alike(n_notes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(n_notes)
    struck = [dice.randrange(1, 128) for _ in range(n_notes)]
    released = [off(1 + dice.randrange(3), pitch) for pitch in struck]
    content = file(track(*[on(0, pitch) for pitch in struck], *released))
    assert compare([(content, None)], monkeypatch)[True]


@is_built
def test_threads_do_not_share_memory() -> None:
    """While NumPy sorts a large chord, other threads run."""
    dice = random.Random(4)
    contents = []
    for _ in range(40):
        chords = [[*range(1 + dice.randrange(20), 128)] for _ in range(12)]
        events = [
            [*(on(0, pitch) for pitch in chord), *(off(1, pitch) for pitch in chord)] for chord in chords
        ]
        contents.append(file(*[track(*each) for each in events]))
    expected = [*map(result, contents)]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            assert [*pool.map(result, contents)] == expected


@is_built
def test_a_track_may_begin_at_the_last_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = file(track(note(0, 480, 60)), chunk(b"MTrk", b""))
    assert sum(compare([(whole, None), (whole[:-1], None)], monkeypatch).values()) == 2


@pytest.mark.skipif(not shutil.which("cc") or not HEADERS.exists(), reason="nothing compiles here")
def test_the_compiled_reader_is_used_where_it_can_be_built() -> None:
    assert compiled.IS_BUILT, "built from another source; run `make test`, or `pip install --editable .`"
    assert score.read_tracks is compiled.read_tracks


@is_built
def test_code_compiled_from_another_source_is_not_used(tmp_path: Path) -> None:
    older = tmp_path / "compiled.py"
    shutil.copy(compiled.__file__, older)
    spec = importlib.util.spec_from_file_location("compiled", older)
    assert spec is not None
    assert spec.loader is not None
    for source, is_used in ((None, False), (compiled.SOURCE.read_bytes(), True), (b"edited", False)):
        if source is not None:
            (tmp_path / compiled.SOURCE.name).write_bytes(source)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert module.IS_BUILT is is_used
