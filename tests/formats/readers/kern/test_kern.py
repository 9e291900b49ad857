"""**kern read from a few lines of text, one Humdrum rule per test."""

import warnings
from pathlib import Path

import pytest

from pipeline.core.music import Meter, Part
from pipeline.formats.readers import ReadError, kern, music21_reference, split
from tests.helpers.kern_text import melody, read
from tests.helpers.reading import READ


def refusal(*lines: str) -> str:
    with pytest.raises(ReadError) as refused:
        read(*lines)
    return refused.value.rule


@pytest.mark.parametrize(
    ("token", "pitch"),
    [
        ("4c", 60),
        ("4cc", 72),
        ("4C", 48),
        ("4CC", 36),
        ("4b", 71),
        ("4B", 59),
        ("4f#", 66),
        ("4BB-", 46),
        ("4cn", 60),
        ("4c##", 62),
        ("(8.b-/LX", 70),
    ],
)
def test_letters_are_octaves(token: str, pitch: int) -> None:
    assert melody(token).pitch.tolist() == [pitch]


@pytest.mark.parametrize(
    ("token", "ticks"),
    [
        ("4c", 10080),
        ("4.c", 15120),
        ("4..c", 17640),
        ("12c", 3360),
        ("20c", 2016),
        ("0c", 80640),
        ("00c", 161280),
        ("3%2c", 26880),
    ],
)
def test_durations_are_shares_of_a_whole_note(token: str, ticks: int) -> None:
    assert melody(token).duration.tolist() == [ticks]


def test_a_rest_is_a_gap_at_any_staff_position() -> None:
    found = melody("4c", "4rgg", "4d")
    assert (found.onset.tolist(), found.pitch.tolist()) == ([0, 20160], [60, 62])


def test_ties_are_merged() -> None:
    found = melody("[4c", "2c_", "4c]", "4d")
    assert found.duration.tolist() == [40320, 10080]


def test_a_tie_to_another_pitch_is_dropped_and_counted() -> None:
    found = melody("[4c", "4d]")
    assert (found.pitch.tolist(), found.n_broken_ties) == ([60, 62], 1)


def test_grace_notes_take_no_time_and_are_counted() -> None:
    found = melody("4c", "8ddq", "16eeQ", "4d")
    assert (found.onset.tolist(), found.n_grace_dropped) == ([0, 10080], 2)


def test_appoggiaturas_are_written_as_they_sound() -> None:
    assert melody("4dP", "4cp").duration.tolist() == [10080, 10080]


def test_the_notes_of_a_chord_begin_together() -> None:
    found = melody("4c,4e,4g", "4d")
    assert (found.onset.tolist(), found.pitch.tolist()) == ([0, 0, 0, 10080], [67, 64, 60, 62])


def test_phrases_end_at_fermatas_and_at_phrase_marks() -> None:
    assert melody("{4c", "4d;", "4e}", "4f").phrase_end.tolist() == [False, True, True, False]


def test_the_rightmost_spine_is_the_top_part() -> None:
    piece = read("**kern **silbe **kern", "*Ibass * *Isoprn", "2C Al- 4cc", ". le 4dd", "*- *- *-")
    assert [part.name for part in piece.parts] == ["Soprano", "Bass"]
    assert piece.parts[0].pitch.tolist() == [72, 74]
    assert piece.parts[1].duration.tolist() == [20160]


def test_a_name_is_better_than_a_code() -> None:
    assert melody('*I"Violino_I', "*Ivioln", "4c").name == "Violino_I"
    assert melody("*Ikazoo", "4c").name == "kazoo"


def test_strands_of_a_split_spine_are_one_part() -> None:
    found = melody("4c", "*^", "4e 2c", "4f .", "*v *v", "4g")
    assert found.onset.tolist() == [0, 10080, 10080, 20160, 30240]
    assert found.pitch.tolist() == [60, 64, 60, 65, 67]


def test_two_spines_may_join_their_strands_in_one_line() -> None:
    lines = ("**kern **kern", "*^ *^", "4C 4E 4c 4e", "*v *v *v *v", "4D 4d", "*- *-")
    assert [part.pitch.tolist() for part in read(*lines).parts] == [[64, 60, 62], [52, 48, 50]]


def test_spines_may_cross_begin_and_end() -> None:
    lines = (
        "**kern **kern",
        "4C 4c",
        "*x *x",
        "4d 4D",
        "*+ *",
        "* **kern *",
        "4e 4g 4E",
        "*- * *",
        "4a 4F",
        "*- *-",
    )
    parts = [part.pitch.tolist() for part in read(*lines).parts]
    assert sorted(parts) == [[48, 50, 52, 53], [60, 62, 64], [67, 69]]


def test_meter_key_and_bars() -> None:
    found = melody("*k[b-]", "*g:", "*M3/4", "4d", "=1", "2.g", "=2", "*M2/2", "1g", "==")
    assert found.meters == (Meter(0, 3, 4), Meter(40320, 2, 2))
    assert (found.key_fifths, found.key_mode) == (-1, "dorian")
    assert found.bar_onsets == (10080, 40320)


def test_a_repeat_sign_inside_a_bar_begins_none() -> None:
    found = melody("*M4/4", "4c", "=1", "2.d", "=:|!", "4e", "=2", "1f", "==")
    assert found.bar_onsets == (10080, 50400)


def test_modes_keep_their_names() -> None:
    assert melody("*k[]", "*D:dor", "4d").key_mode == "dorian"
    assert melody("*D:dor", "*k[]", "4d").key_mode == "dorian"
    assert melody("*k[]", "*?:", "4d").key_mode == ""


def test_a_named_modulation_is_no_change_of_signature() -> None:
    assert melody("*k[]", "*C:", "4d", "*G:", "4d").n_key_changes == 0
    assert melody("*k[]", "4d", "*k[f#]", "4d").n_key_changes == 1


def test_pitches_sound_as_written_whatever_is_engraved() -> None:
    assert melody("*ITrd1c2", "4c").pitch.tolist() == [60]


def test_records_give_title_composer_and_origin() -> None:
    piece = kern.read(b"!!!COM: Bach, J. S.\n!!!OTL@@DE: F&uuml;rst\n!!!ARE: Europa\n**kern\n4c\n*-\n", READ)
    assert (piece.title, piece.composer, piece.origin) == ("Fürst", "Bach, J. S.", "Europa")


def test_percussion_is_left_out_and_named() -> None:
    piece = read("**kern **kern", "*clefX *", "*Idrum *", "4R 4c", "*- *-")
    assert len(piece.parts) == 1
    assert piece.left_out == (("drum", "percussion"),)


def test_notes_without_pitch_are_percussion_without_a_clef_too() -> None:
    piece = read("**kern **kern", "*Idrum *", "4R 4c", "8R 8d", "*- *-")
    assert piece.parts[0].pitch.tolist() == [60, 62]
    assert piece.left_out == (("drum", "percussion"),)


@pytest.mark.parametrize(("token", "rule"), [("4h", "bad_value"), ("4cccccccc", "pitch_out_of_range")])
def test_a_part_that_cannot_be_read_is_left_out_and_named(token: str, rule: str) -> None:
    piece = read("**kern **kern", "*Iflt *", f"{token} 4c", "4d 4d", "*- *-")
    assert piece.parts[0].pitch.tolist() == [60, 62]
    assert piece.left_out == (("Flute", rule),)


def test_a_part_with_an_invalid_duration_is_left_out_and_the_others_keep_the_time() -> None:
    for token in ("1%0e", "e"):
        piece = read(
            "**kern **kern",
            "*Iflt *",
            "4e 4c",
            "*^ *",
            f"{token} 4g 2d",
            "4f 4g .",
            "*v *v *",
            "4e 4e",
            "*- *-",
        )
        assert (piece.parts[0].onset // 10080).tolist() == [0, 1, 3]
        assert piece.left_out == (("Flute", "bad_duration"),)


def test_a_text_in_utf_16_is_read() -> None:
    source = split("a.krn", "!!!OTL: Lied für\n**kern\n4c\n*-\n".encode("utf-16"))[0]
    assert kern.read(source.content, READ).title == "Lied für"


@pytest.mark.parametrize("signature", ["*M0/4", "*M4/x", "*M3/1000", "*M3/5000"])
def test_an_impossible_time_signature_is_unknown_and_counted(signature: str) -> None:
    found = melody(signature, "4c", "=1", "4d", "=2")
    assert (found.meters, found.bar_onsets, found.n_bad_meters) == ((), (0, 10080), 1)


def test_an_impossible_key_signature_is_unknown_and_counted() -> None:
    found = melody("*k[h]", "4c")
    assert (found.key_fifths, found.key_mode, found.n_bad_keys) == (None, "", 1)
    assert melody("*k[f#g#]", "4c").n_bad_keys == 0


@pytest.mark.parametrize("token", ["2c@16@", "2@8@c", "[2c@32@L", "2cc@@16@@"])
def test_a_tremolo_sign_does_not_change_how_long_a_note_lasts(token: str) -> None:
    assert melody(token, "4d").duration.tolist() == [20160, 10080]


def test_a_written_out_tremolo_is_as_written() -> None:
    assert melody("*tremolo", "8cL", "8c", "8cJ", "*Xtremolo", "4d").pitch.tolist() == [60, 60, 60, 62]


def test_a_file_of_several_pieces_numbers_them() -> None:
    text = b"!!!OTL: One\n**kern\n4c\n*-\n!!!ENC: me\n!!!OTL: Two\n**kern\n4d\n*-\n"
    pieces = split("a.krn", text)
    assert [piece.name for piece in pieces] == ["1", "2"]
    assert [kern.read(piece.content, READ).title for piece in pieces] == ["One", "Two"]


def test_a_file_of_one_piece_has_no_number() -> None:
    assert split("a", b"!! comment\r\n\r\n**kern\r\n4c\r\n*-\r\n")[0].name == ""


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        (("**kern", "4c"), "unreadable"),
        (("**kern", "4r", "*-"), "no_notes"),
        (("**text", "la", "*-"), "unsupported"),
        (("**kern", "*clefX", "4R", "*-"), "percussion"),
        (("**kern **kern", "4c", "*- *-"), "bad_syntax"),
        (("**kern **kern", "4c 2c", "4d 4d", "*- *-"), "unaligned"),
        (("**kern **kern", "4c 4c", ". 4d", "*- *-"), "unaligned"),
        (("**kern", "4", "*-"), "bad_pitch"),
        (("**kern", "4cd", "*-"), "bad_pitch"),
        (("**kern", "4c#-", "*-"), "bad_pitch"),
        (("**kern", "c", "*-"), "bad_duration"),
        (("**kern", "4c8", "*-"), "bad_duration"),
        (("**kern", "0%2c", "*-"), "bad_duration"),
        (("**kern", "4.......c", "*-"), "bad_duration"),
        (("**kern", "4cccccccccc", "*-"), "pitch_out_of_range"),
        (("**kern", "*^", "4c 2c", "*v *v", "2d", "*-"), "unaligned"),
        (("**kern **kern", "*clefX *clefX", "4R 4R", "*- *-"), "percussion"),
        (("**kern **kern", "4h 4i", "*- *-"), "bad_pitch"),
        (("**kern **kern", "4C 4c", "*v *v", "4c", "*-"), "bad_syntax"),
    ],
)
def test_what_cannot_be_read_has_a_rule(lines: tuple[str, ...], rule: str) -> None:
    assert refusal(*lines) == rule


BUNDLED = [
    "bach/bwv277.krn",
    "bach/bwv366.krn",
    "chopin/mazurka06-2.krn",
    "palestrina/Gloria_69_c.krn",
    "palestrina/Agnus_II_66_b.krn",
]


@pytest.mark.parametrize("path", BUNDLED)
def test_music21_reads_the_same(path: str) -> None:
    from music21 import common

    content = (Path(common.getCorpusFilePath()) / path).read_bytes()
    ours = kern.read(split(path, content)[0].content, READ)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = music21_reference.read("kern", content)
    assert [facts(part) for part in ours.parts] == [facts(part) for part in theirs.parts]


def facts(part: Part) -> tuple[object, ...]:
    notes = part.onset.tolist(), part.duration.tolist(), part.pitch.tolist(), part.phrase_end.tolist()
    return *notes, part.end, part.meters, part.key_fifths, part.bar_onsets, part.n_grace_dropped


def test_percussion_behind_other_notes_is_left_out_and_named() -> None:
    for percussion in ("*clefX\t*", "4R\t4f"):
        piece = read("**kern\t**kern", '*I"Mallets\t*', "4c\t4e", percussion, "4R\t4g", "*-\t*-")
        assert [part.pitch.tolist()[0] for part in piece.parts] == [64, 60]
        assert piece.left_out == (("Mallets, percussion", "percussion"),)
