"""Chord symbols over a staff, with repeats and transposition."""

import pytest

from pipeline.formats.readers import abc, kern, musicxml
from tests.helpers.kern_text import read as read_kern
from tests.helpers.musicxml_text import note, part, score
from tests.helpers.reading import PLAYED, READ

QUARTER = 10080


def abc_part(body, settings=READ, head=""):
    text = f"X:1\nT:A\n{head}M:4/4\nL:1/4\nK:C\n{body}\n"
    return abc.read(text.encode(), settings).parts[0]


def chords(read):
    return [(symbol.onset / QUARTER, symbol.harte) for symbol in read.chords]


def harmony(root, kind="major", inside="", text=None):
    shown = f' text="{text}"' if text is not None else ""
    return (
        f"<harmony><root><root-step>{root[0]}</root-step>"
        f"<root-alter>{root.count('#') - root.count('b')}</root-alter></root>"
        f"<kind{shown}>{kind}</kind>{inside}</harmony>"
    )


def test_abc_chord_symbols_are_at_the_note_that_follows():
    assert chords(abc_part('"C"CE "G7/B"G2|"Am"A4|')) == [(0, "C:maj"), (2, "G:7/3"), (4, "A:min")]


def test_abc_annotations_and_jumps_are_no_chord_symbols():
    read = abc_part('"^Am"C "_G"D "<F"E "@1,2 x"F|"D.C."C4|')
    assert (read.chords, read.n_bad_chords) == ((), 0)


@pytest.mark.parametrize(("text", "harte"), [("D/C", "D:maj/b7"), ("D/c+", "D:maj/7"), ("(D/c)", "D:maj/b7")])
def test_abc_d_over_c_is_a_chord_and_no_da_capo(text, harte):
    read = abc_part(f'CDEF|"{text}"CDEF|"Fine"C4|', PLAYED)
    assert (chords(read), len(read.pitch)) == ([(4, harte)], 9)


def test_text_that_is_no_chord_keeps_its_words_and_is_counted():
    read = abc_part('"C"C "sing  it"D E F|')
    assert [(symbol.text, symbol.harte) for symbol in read.chords] == [("C", "C:maj"), ("sing it", None)]
    assert read.n_bad_chords == 1


def test_of_two_symbols_at_one_note_the_first_that_is_understood_stays():
    read = abc_part('"4""C""Am"C D E F|')
    assert chords(read) == [(0, "C:maj")]
    assert read.n_bad_chords == 2


def test_text_like_a_chord_is_an_unknown_chord():
    assert chords(abc_part('"C7xyz"C "Danza"D E F|')) == [(0, "X"), (1, None)]


def test_an_empty_symbol_is_none():
    assert abc_part('" "C D "" E F|').chords == ()


def test_played_repeats_repeat_chord_symbols_and_the_one_in_force():
    read = abc_part('"C"C D|:E "G"F:|', PLAYED)
    assert chords(read) == [(0, "C:maj"), (3, "G:maj"), (4, "C:maj"), (5, "G:maj")]


def test_a_transposed_abc_voice_transposes_its_chord_symbols():
    read = abc.read(b'X:1\nT:A\nM:4/4\nL:1/4\nK:C transpose=-2\n"D"D "F#m7"E F G|\n', READ).parts[0]
    assert [symbol.harte for symbol in read.chords] == ["C:maj", "E:min7"]
    assert [symbol.text for symbol in read.chords] == ["D", "F#m7"]


def test_musicxml_harmony_has_its_onset_offset_bass_and_degrees():
    bass = "<bass><bass-step>E</bass-step></bass>"
    flat_nine = (
        "<degree><degree-value>9</degree-value><degree-alter>-1</degree-alter>"
        "<degree-type>add</degree-type></degree>"
    )
    read = part(
        harmony("C", inside=bass)
        + note("C4")
        + harmony("G", "dominant", flat_nine + "<offset>1</offset>", text="7(b9)")
        + note("D4", 3)
    )
    assert chords(read) == [(0, "C:maj/3"), (2, "G:7(b9)")]
    assert [symbol.text for symbol in read.chords] == ["C/E", "G7(b9)"]


def test_no_chord_of_musicxml():
    assert chords(part(harmony("C", "none") + note("C4", 4))) == [(0, "N")]


@pytest.mark.parametrize(
    "spoiled",
    [
        "<harmony><function>V</function><kind>major</kind></harmony>",
        "<harmony><root><root-step>H</root-step></root><kind>major</kind></harmony>",
        "<harmony><root><root-step>C</root-step><root-alter>x</root-alter></root><kind>major</kind></harmony>",
        "<harmony><root><root-step>C</root-step></root></harmony>",
        harmony("C", "Tristan"),
        harmony("C", inside="<degree><degree-value>many</degree-value></degree>"),
    ],
)
def test_a_harmony_that_is_not_understood_keeps_the_notes(spoiled):
    read = part(harmony("F") + note("C4", 2) + spoiled + note("D4", 2))
    assert chords(read) == [(0, "F:maj"), (2, "X")]
    assert read.n_bad_chords == 1
    assert read.pitch.tolist() == [60, 62]


def test_an_offset_that_is_no_number_is_none():
    assert chords(part(note("C4") + harmony("F", inside="<offset>x</offset>") + note("D4", 3))) == [
        (1, "F:maj")
    ]


def test_a_transposing_instrument_transposes_its_chord_symbols():
    attributes = (
        "<divisions>1</divisions><transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    )
    read = part(harmony("D", text="") + note("D4", 4), attributes=attributes)
    assert (chords(read), read.pitch.tolist()) == ([(0, "C:maj")], [60])
    assert read.chords[0].text == "D"


def test_several_chords_in_one_harmony_are_at_one_onset():
    two = harmony("C").replace(
        "</harmony>", "<root><root-step>G</root-step></root><kind>major</kind></harmony>"
    )
    read = part(two + note("C4", 4))
    assert (chords(read), read.n_bad_chords) == ([(0, "C:maj")], 1)


def test_played_repeats_of_musicxml_repeat_chord_symbols():
    repeat = '<barline location="right"><repeat direction="backward"/></barline>'
    first = f"<attributes><divisions>1</divisions></attributes>{harmony('C')}{note('C4', 4)}{repeat}"
    content = score(f"<measure>{first}</measure>")
    read = musicxml.read(content, PLAYED).parts[0]
    assert chords(read) == [(0, "C:maj"), (4, "C:maj")]


def test_kern_chord_symbols_of_musicxml_belong_to_the_part_on_their_left():
    piece = read_kern("**kern **kern **mxhm", "4c 4e C", "4d 4f .", "2e 2g G7/B", "*- *- *-")
    top, low = piece.parts
    assert chords(top) == [(0, "C:maj"), (2, "G:7/3")]
    assert low.chords == ()


def test_kern_tokens_with_spaces_are_roots_and_kinds():
    text = "**kern\t**mxhm\n4c\tC major\n4d\tB- minor-seventh/D-\n4e\t.\n*-\t*-\n"
    read = kern.read(text.encode(), READ).parts[0]
    assert chords(read) == [(0, "C:maj"), (1, "Bb:min7/b3")]


def test_roman_numerals_are_chords_in_the_key_of_their_spine():
    read = read_kern("**harm **kern", "*G: *", "I 4d", "V7b 4c", "*e: *", "V7b 4d#", "*- *-").parts[0]
    assert [(symbol.text, symbol.harte) for symbol in read.chords] == [
        ("I", "G:maj"),
        ("V7b", "D:7/3"),
        ("V7b", "B:7/3"),
    ]
    assert read.n_bad_chords == 0


def test_roman_numerals_without_a_key_take_that_of_the_notes():
    read = read_kern("**kern **harm", "*d: *", "4a V", "4d i", "*- *-").parts[0]
    assert chords(read) == [(0, "A:maj"), (1, "D:min")]


def test_roman_numerals_of_an_undefined_key_keep_their_text_and_are_counted():
    read = read_kern("**kern **harm", "*C: *C:", "4c I", "* *?:", "4d V7", "*- *-").parts[0]
    assert [(symbol.text, symbol.harte) for symbol in read.chords] == [("I", "C:maj"), ("V7", "X")]
    assert read.n_bad_chords == 1


def test_an_inversion_without_a_bass_counts_the_notes_in_thirds():
    inverted = "<inversion>{}</inversion>"
    read = part(
        harmony("C", inside=inverted.format(1))
        + note("E4")
        + harmony("G", "dominant", inverted.format(3))
        + note("F4")
        + harmony("C", inside=inverted.format(0))
        + note("E4")
        + harmony("C", inside=inverted.format(3))
        + note("C4")
    )
    assert chords(read) == [(0, "C:maj/3"), (1, "G:7/b7"), (2, "C:maj"), (3, "X")]


def test_a_bass_counts_more_than_an_inversion():
    bass = "<inversion>1</inversion><bass><bass-step>G</bass-step></bass>"
    assert chords(part(harmony("C", inside=bass) + note("C4", 4))) == [(0, "C:maj/5")]


def with_percussion(melody):
    hit = "<note><unpitched/><duration>4</duration></note>"
    drums = (
        "<part id='P2'><measure><attributes><divisions>1</divisions></attributes>"
        f"{harmony('C')}{hit}</measure></part>"
    )
    attributes = "<attributes><divisions>1</divisions></attributes>"
    first = score(f"<measure>{attributes}{melody}</measure>").decode()
    return musicxml.read(first.replace("</score-partwise>", f"{drums}</score-partwise>").encode(), READ)


def test_symbols_of_a_part_that_is_left_out_go_to_a_melody_without_symbols():
    read = with_percussion(note("E4", 4))
    assert [rule for _, rule in read.left_out] == ["percussion"]
    assert (chords(read.parts[0]), read.parts[0].n_bad_chords) == ([(0, "C:maj")], 0)


def test_symbols_of_a_part_that_is_left_out_are_counted_where_the_melody_has_its_own():
    read = with_percussion(harmony("A", "minor") + note("E4", 4))
    assert (chords(read.parts[0]), read.parts[0].n_bad_chords) == ([(0, "A:min")], 1)
