"""MIDI files built byte by byte, one behaviour each."""

import random
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.music import Meter, Part, Piece
from pipeline.formats import readers
from pipeline.formats.readers import ReadError, midi
from pipeline.formats.readers.midi import compiled, events, notes, score
from tests.helpers.midi_bytes import END, chunk, file, meta, note, number, off, on, sysex, track
from tests.helpers.reading import LIMITS, READ

NAME, METER, KEY = 0x03, 0x58, 0x59
THREE_FOUR = meta(METER, b"\x03\x02\x18\x08")


@pytest.fixture(scope="module", autouse=True, params=["compiled", "arrays"])
def way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Both ways to read events and to pair them."""
    is_compiled = request.param == "compiled"
    if is_compiled and not compiled.IS_BUILT:
        pytest.skip("the package was installed without a compiler")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(score, "read_tracks", (compiled if is_compiled else events).read_tracks)
        patch.setattr(score, "notes_of", (compiled if is_compiled else notes).notes_of)
        yield


def read(content: bytes) -> Piece:
    return midi.read(midi.split(content)[0].content, READ)


def part(*events: bytes, division: int = 480) -> Part:
    return read(file(track(*events), division=division)).parts[0]


def test_a_quarter_is_10080_ticks() -> None:
    found = part(note(0, 480, 60), note(480, 240, 62))
    assert found.onset.tolist() == [0, 960 * 21]
    assert found.duration.tolist() == [10080, 5040]
    assert found.pitch.tolist() == [60, 62]


def test_triplets_are_exact_and_odd_divisions_are_counted() -> None:
    assert part(note(0, 160, 60)).duration.tolist() == [3360]
    odd = part(note(0, 5, 60), division=11)
    assert odd.duration.tolist() == [4582]
    assert odd.n_inexact == 1


def test_notes_that_begin_together_fall_in_pitch() -> None:
    assert part(on(0, 60), on(0, 67), off(480, 60), off(0, 67)).pitch.tolist() == [67, 60]


def test_metre_and_key_and_the_bars_they_imply() -> None:
    found = part(THREE_FOUR, meta(KEY, b"\xff\x01"), note(0, 3 * 480, 60), note(0, 3 * 480, 62))
    assert found.meters == (Meter(0, 3, 4),)
    assert (found.key_fifths, found.key_mode) == (-1, "minor")
    assert found.bar_onsets == (0, 30240)


def test_without_a_metre_no_bars_are_known() -> None:
    assert part(note(0, 480, 60)).bar_onsets is None


def test_every_track_is_a_part() -> None:
    piece = read(file(track(note(0, 480, 72)), track(note(0, 480, 48))))
    assert [found.pitch.tolist() for found in piece.parts] == [[72], [48]]


def test_the_channels_of_a_track_are_parts() -> None:
    piece = read(
        file(track(meta(NAME, b"all"), on(0, 48, 3), on(0, 72), off(480, 72), off(0, 48, 3)), kind=0)
    )
    assert [(found.name, found.pitch.tolist()) for found in piece.parts] == [("all", [72]), ("all", [48])]


@pytest.mark.parametrize(
    ("rest", "n_events"),
    [
        (b"", 0),
        (bytes(5), 0),
        (note(0, 480, 62), 2),
        (meta(NAME, b"x") + note(0, 480, 62) + END, 4),
        (on(0, 62) + bytes([0x60, 62, 0]), 2),
        (b"\xff\xff\xff\xff\xff", 1),
        (note(0, 480, 62) + b"\x00\xf4", 3),
    ],
    ids=["nothing", "zeros", "a note", "metas too", "running status", "no event", "broken after a note"],
)
def test_events_after_the_end_of_their_track_are_not_read_but_counted(rest: bytes, n_events: int) -> None:
    piece = read(file(track(note(0, 480, 60), END, rest, end=b""), track(note(0, 480, 48))))
    assert [found.pitch.tolist() for found in piece.parts] == [[60], [48]]
    assert [found.n_after_end for found in piece.parts] == [n_events, n_events]


def test_a_change_of_program_does_not_divide_a_melody() -> None:
    violin, pizzicato = b"\x00\xc0\x28", b"\x00\xc0\x2d"
    piece = read(file(track(violin, note(0, 480, 67), pizzicato, note(0, 480, 69), violin, note(0, 480, 71))))
    assert [found.pitch.tolist() for found in piece.parts] == [[67, 69, 71]]


def test_running_status_holds_in_notes_and_programs() -> None:
    running = number(0) + b"\x3e\x50" + number(480) + b"\x3e\x00"
    assert part(note(0, 480, 60), on(0, 64), off(480, 64), on(0, 60), off(480, 60)).pitch.tolist() == [
        60,
        64,
        60,
    ]
    assert part(on(0, 60), b"\x83\x60\x3c\x00" + running).duration.tolist() == [10080, 10080]
    assert part(b"\x00\xc0\x01\x00\x02", note(0, 480, 60)).pitch.tolist() == [60]


def test_controllers_bends_and_aftertouch_are_passed_over() -> None:
    events = b"\x00\xb0\x07\x64\x0a\x0b\x40\x05\xe0\x00\x40\x05\xa0\x3c\x10\x04\xd0\x10"
    assert part(events, note(0, 480, 60)).onset.tolist() == [24 * 21]


@pytest.mark.parametrize("delta", [0, 127, 128, 16383, 16384, 2097151, 2097152])
def test_delta_times_are_of_one_to_four_bytes(delta: int) -> None:
    found = part(note(0, 480, 60), note(delta, 480, 62), division=10080)
    assert found.onset.tolist() == [0, 480 + delta]


def test_a_meta_event_leaves_the_running_status() -> None:
    found = part(on(0, 60), b"\x83\x60\x3c\x00", meta(1, b"hi"), b"\x00\x3e\x50\x83\x60\x3e\x00")
    assert found.pitch.tolist() == [60, 62]


@pytest.mark.parametrize(
    "packets",
    [
        [sysex(b"\x7e\x7f\x09\x01\xf7")],
        [sysex(b"\x43\x12\x00"), sysex(b"\x43\x12\x00", 0xF7), sysex(b"\x43\xf7", 0xF7)],
        [sysex(b"\xf3\x01", 0xF7)],
        [sysex(bytes(200))],
        [b"\x00\xfe"],
    ],
)
def test_system_exclusive_packets_and_real_time_events_are_passed_over(packets: list[bytes]) -> None:
    found = part(note(0, 480, 60), *packets, note(0, 480, 62), *packets)
    assert (found.onset.tolist(), found.pitch.tolist()) == ([0, 10080], [60, 62])


def test_a_header_may_be_longer() -> None:
    header = chunk(b"MThd", b"\x00\x01\x00\x01\x01\xe0\x00\x00")
    assert read(header + track(note(0, 480, 60))).parts[0].pitch.tolist() == [60]


def test_a_riff_container_is_opened() -> None:
    inner = file(track(note(0, 480, 60)))
    data = b"data" + len(inner).to_bytes(4, "little") + inner
    odd = b"DISP" + (3).to_bytes(4, "little") + b"abc\0"
    riff = b"RIFF" + (4 + len(odd + data)).to_bytes(4, "little") + b"RMID" + odd + data
    (source,) = readers.split("a.rmi", riff)
    assert readers.read(source, READ).parts[0].pitch.tolist() == [60]


def test_chunks_of_unknown_types_are_passed_over() -> None:
    xf = chunk(b"XFIH", b"abcd")
    piece = read(file(xf, track(note(0, 480, 60)), xf, track(note(0, 480, 62)), xf, n_tracks=2))
    assert [found.pitch.tolist() for found in piece.parts] == [[60], [62]]


@pytest.mark.parametrize("n_tracks", [0, 1, 2, 3])
def test_all_tracks_are_read_whatever_the_header_counts(n_tracks: int) -> None:
    piece = read(file(track(note(0, 480, 60)), track(note(0, 480, 62)), n_tracks=n_tracks))
    assert [found.pitch.tolist() for found in piece.parts] == [[60], [62]]


def test_bytes_after_the_last_track_are_no_music() -> None:
    assert len(read(file(track(note(0, 480, 60))) + b"\x01\x02\x03 not a chunk").parts) == 1


def test_a_track_may_lack_its_end_and_may_end_before_its_chunk() -> None:
    assert part_of(track(note(0, 480, 60), end=b"")).pitch.tolist() == [60]
    assert part_of(track(note(0, 480, 60)) + b"\0" * 5).pitch.tolist() == [60]
    assert part_of(chunk(b"MTrk", note(0, 480, 60) + b"\x00\xff\x2f\x00" + bytes(7))).pitch.tolist() == [60]


def part_of(*tracks: bytes) -> Part:
    return read(file(*tracks)).parts[0]


def test_a_note_without_end_ends_with_its_track_and_is_counted() -> None:
    found = part(on(0, 64), off(480, 64), on(0, 67), number(960) + b"\xff\x06\x00")
    assert (found.duration.tolist(), found.pitch.tolist(), found.n_unended) == ([10080, 20160], [64, 67], 1)


def test_a_note_without_end_ends_with_all_notes_off() -> None:
    found = part(on(0, 64), number(480) + b"\xb0\x7b\x00", note(0, 480, 67))
    assert (found.duration.tolist(), found.n_unended) == ([10080, 10080], 1)


def test_a_note_struck_again_ends_there_and_is_counted() -> None:
    found = part(on(0, 60), on(480, 60), off(480, 60), note(0, 480, 64))
    assert (found.onset.tolist(), found.duration.tolist()) == ([0, 10080, 20160], [10080] * 3)
    assert (found.n_restruck, found.n_unended) == (1, 0)


def test_one_missing_note_off_leaves_the_later_notes_alone() -> None:
    found = part(on(0, 60), on(960, 60), off(480, 60), note(480, 480, 60))
    assert (found.onset.tolist(), found.duration.tolist()) == ([0, 20160, 40320], [20160, 10080, 10080])
    assert (found.n_restruck, found.n_unended) == (1, 0)


def test_a_pitch_that_overlaps_itself_ends_in_the_order_of_its_strokes() -> None:
    found = part(on(0, 60), on(480, 60), off(20, 60), off(460, 60))
    assert (found.onset.tolist(), found.duration.tolist()) == ([0, 10080], [10500, 10080])
    assert (found.n_restruck, found.n_unended) == (0, 0)


def test_a_note_off_may_follow_the_next_stroke_of_its_own_time() -> None:
    found = part(on(0, 60), on(480, 60), off(0, 60), on(480, 60), off(0, 60), off(480, 60))
    assert found.duration.tolist() == [10080, 10080, 10080]
    lacking = part(on(0, 60), on(480, 60), off(0, 60), off(480, 60), on(0, 60), on(480, 60), off(480, 60))
    assert (lacking.duration.tolist(), lacking.n_restruck) == ([10080] * 4, 1)


def test_a_note_off_alone_is_no_note() -> None:
    assert part(off(0, 60), note(480, 480, 62)).pitch.tolist() == [62]


@pytest.mark.parametrize(
    ("content", "fifths", "mode"),
    [(b"\x08\x00", None, ""), (b"\xf8\x01", None, ""), (b"\xfe\xff", -2, ""), (b"\x02", None, "")],
)
def test_an_impossible_key_signature_is_unknown_and_counted(
    content: bytes, fifths: int | None, mode: str
) -> None:
    found = part(meta(KEY, content), note(0, 480, 60))
    assert (found.key_fifths, found.key_mode, found.n_bad_keys) == (fifths, mode, 1)


ONE_FOUR, FOUR_FOUR = meta(METER, b"\x01\x02\x18\x08"), meta(METER, b"\x04\x02\x18\x08")


def test_bars_of_one_beat_throughout_are_unknown_and_counted() -> None:
    found = part(ONE_FOUR, note(0, 3840, 60))
    assert (found.meters, found.bar_onsets, found.n_bad_meters) == ((), None, 1)
    overruled = part(FOUR_FOUR, ONE_FOUR, note(0, 3840, 60))
    assert (overruled.meters, overruled.bar_onsets, overruled.n_bad_meters) == ((), None, 1)


def test_a_first_time_signature_of_one_short_bar_is_an_upbeat() -> None:
    found = part(ONE_FOUR, note(0, 480, 60), FOUR_FOUR, note(0, 3840, 62))
    assert (found.meters, found.n_bad_meters) == ((Meter(0, 4, 4),), 0)
    assert found.bar_onsets == (10080, 50400)


@pytest.mark.parametrize(("before", "length"), [(ONE_FOUR, 960), (THREE_FOUR, 480 * 6)])
def test_a_first_time_signature_of_several_bars_is_no_upbeat(before: bytes, length: int) -> None:
    found = part(before, note(0, length, 60), FOUR_FOUR, note(0, 3840, 62))
    assert [meter.onset for meter in found.meters] == [0, length * 21]


def test_a_longer_first_bar_is_no_upbeat() -> None:
    found = part(FOUR_FOUR, note(0, 1920, 60), THREE_FOUR, note(0, 2880, 62))
    assert (len(found.meters), found.bar_onsets) == (2, (0, 40320, 70560))


@pytest.mark.parametrize("content", [b"\x00\x02\x18\x08", b"\x04\x08\x18\x08", b"\x04", b"\xff\x02\x18\x08"])
def test_an_impossible_time_signature_is_unknown_and_counted(content: bytes) -> None:
    found = part(meta(METER, content), note(0, 3840, 60))
    assert (found.meters, found.bar_onsets, found.n_bad_meters) == ((), None, 1)
    later = part(THREE_FOUR, note(0, 3840, 60), meta(METER, content), note(0, 480, 60))
    assert (later.meters, later.bar_onsets, later.n_bad_meters) == ((Meter(0, 3, 4),), None, 1)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("Flöte".encode(), "Flöte"),
        ("Flöte".encode("latin-1"), "Flöte"),
        ("Klänge für Viola".encode("latin-1"), "Klänge für Viola"),
        ("メロディ".encode("shift-jis"), "メロディ"),
        ("琵琶 2".encode("shift-jis"), "琵琶 2"),
        (b"Don\x92t", "Don’t"),
        (b"Piano  RH\0", "Piano RH"),
        (b"a\x81b", "a b"),
    ],
)
def test_the_encoding_of_a_track_name_is_recognized(content: bytes, name: str) -> None:
    assert part(meta(NAME, content), note(0, 480, 60)).name == name


def test_a_part_with_note_number_0_is_left_out_and_named() -> None:
    piece = read(file(track(note(0, 480, 72)), track(meta(NAME, b"Click"), note(0, 480, 0))))
    assert len(piece.parts) == 1
    assert piece.left_out == (("Click", "pitch_out_of_range"),)


def test_percussion_is_left_out_and_named() -> None:
    piece = read(file(track(note(0, 480, 72)), track(meta(NAME, b"Drums"), note(0, 480, 38, channel=9))))
    assert len(piece.parts) == 1
    assert piece.left_out == (("Drums", "percussion"),)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (file(track(note(0, 480, 38, channel=9))), "percussion"),
        (file(track()), "no_notes"),
        (file(track(note(0, 0, 60))), "no_notes"),
        (file(track(note(0, 480, 60)), kind=2), "unsupported"),
        (file(track(note(0, 480, 60)), division=0xE728), "unsupported"),
        (file(track(note(0, 480, 60)), division=0), "unreadable"),
        (file(track(note(0, 480, 0))), "pitch_out_of_range"),
        (b"MThd", "unreadable"),
        (b"RIFF\x04\0\0\0RMID", "unreadable"),
        (file(track(note(0, 480, 60)), b"\x01\x02\x03\x04 is no chunk", n_tracks=2), "unreadable"),
        (file(chunk(b"MTrk", b""), note(0, 480, 60), n_tracks=1), "unreadable"),
        (file(track(note(0, 480, 60), sysex(b"\x7e\xf7"), b"\x00\x3e\x50")), "unreadable"),
        (file(track(b"\x00\x3e\x50")), "unreadable"),
        (file(track(b"\x00\x90\x3c\x90\x83\x60\x80\x3c\x00")), "unreadable"),
        (file(track(b"\x00\xf4", note(0, 480, 60))), "unreadable"),
        (file(track(b"\x81\x81\x81\x81\x00\x90\x3c\x50")), "unreadable"),
        (file(track(on(0, 60), *[number(2**28 - 1) + b"\xfe"] * 5)), "too_long"),
        (file(track(note(0, 480, 60)))[:30], "unreadable"),
    ],
)
def test_what_cannot_be_read_has_a_rule(content: bytes, rule: str) -> None:
    with pytest.raises(ReadError) as refused:
        read(content)
    assert refused.value.rule == rule


def test_a_limit_counts_the_notes_of_pitched_channels() -> None:
    notes = [note(0, 480, 60), note(0, 480, 62), *[note(0, 480, 38, channel=9)] * 9]
    few = LIMITS.model_copy(update={"max_notes": 1})
    assert len(midi.read(file(track(*notes)), READ, LIMITS).parts[0].onset) == 2
    with pytest.raises(ReadError) as refused:
        midi.read(file(track(*notes)), READ, few)
    assert (refused.value.rule, refused.value.value) == ("too_many_notes", 2)


strokes = st.tuples(
    st.sampled_from([0, 1, 60, 480, 20000]), st.integers(59, 61), st.integers(0, 1), st.booleans()
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(strokes, min_size=1, max_size=30))
def test_every_note_on_is_a_note_or_is_counted(events: list[tuple[int, int, int, bool]]) -> None:
    written = [(on if begins else off)(*event) for *event, begins in events]
    struck = Counter(channel for _, _, channel, begins in events if begins)
    piece = read(file(track(*written, note(0, 480, 72))))
    counts = [len(found.onset) + found.n_grace_dropped for found in piece.parts]
    struck[0] += 1
    assert counts == [struck[channel] for channel in sorted(struck)]


def test_random_bytes_are_refused_without_a_crash() -> None:
    good = bytearray(file(track(*(note(0, 240, 60 + i) for i in range(12)))))
    dice = random.Random(1)
    for _ in range(500):
        bad = bytearray(good)
        for _ in range(dice.randint(1, 6)):
            bad[dice.randrange(len(bad))] = dice.randrange(256)
        try:
            piece = read(bytes(bad[: dice.randint(14, len(bad))]))
        except ReadError:
            continue
        assert all((found.duration > 0).all() for found in piece.parts)
