"""The rules of ABC notation, one tiny tune per rule."""

from fractions import Fraction

import pytest

from pipeline.core.music import Meter, Part
from pipeline.formats.readers.abc import text
from pipeline.formats.readers.abc import tune as abc
from pipeline.formats.readers.base.source import ReadError

QUARTER = 10080
EIGHTH = QUARTER // 2


def tune(body: str, key: str = "C", meter: str = "4/4", unit: str = "1/4", fields: str = "") -> bytes:
    return f"X:1\nT:A tune\nM:{meter}\nL:{unit}\n{fields}K:{key}\n{body}\n".encode()


def part(body: str, **header: str) -> Part:
    return abc.read_tune(tune(body, **header)).parts[0]


def quarters(times: object) -> list[Fraction]:
    return [Fraction(int(time), QUARTER) for time in times]  # type: ignore[attr-defined]


def pitches(body: str, **header: str) -> list[int]:
    return part(body, **header).pitch.tolist()


def durations(body: str, **header: str) -> list[Fraction]:
    return quarters(part(body, **header).duration)


def bars(body: str, **header: str) -> list[Fraction] | None:
    onsets = part(body, **header).bar_onsets
    return None if onsets is None else quarters(onsets)


class TestPitch:
    def test_capitals_begin_at_middle_c_and_marks_move_by_octaves(self) -> None:
        assert pitches("C, C c c'") == [48, 60, 72, 84]

    def test_the_signature_alters(self) -> None:
        assert pitches("F C", key="D") == [66, 61]

    def test_an_accidental_lasts_to_the_bars_end(self) -> None:
        assert pitches("^F F | F") == [66, 66, 65]

    def test_an_accidental_holds_in_all_octaves(self) -> None:
        assert pitches("^F f | f") == [66, 78, 77]

    def test_an_accidental_may_hold_in_its_octave_alone(self) -> None:
        assert abc.read_tune(tune("^F f"), carry="octave").parts[0].pitch.tolist() == [66, 77]

    def test_a_tune_may_set_the_scope_of_its_accidentals(self) -> None:
        assert pitches("^F F", fields="%%propagate-accidentals not\n") == [66, 65]

    def test_a_natural_undoes_the_signature(self) -> None:
        assert pitches("=F F | F", key="G") == [65, 65, 66]

    def test_a_tie_carries_an_accidental_over_the_bar_line(self) -> None:
        assert pitches("^F4- | F2 F2") == [66, 65]

    def test_the_accidental_of_a_grace_note_lasts(self) -> None:
        assert pitches("{^F}G F") == [67, 66]

    def test_a_transposing_voice_sounds(self) -> None:
        assert pitches("D", key="D transpose=-2") == [60]

    def test_an_octave_clef_sounds_lower(self) -> None:
        assert pitches("C", key="C clef=treble-8") == [48]


class TestKey:
    @pytest.mark.parametrize(
        ("name", "fifths", "mode"),
        [
            ("G", 1, "major"), ("H", 5, "major"), ("Es", -3, "major"), ("As", -4, "major"),
            ("Fis", 6, "major"),
            ("Gm", -2, "minor"), ("A Mixolydian", 2, "mixolydian"), ("Ador", 1, "dorian"),
            ("EDorian", 2, "dorian"), ("F#m", 3, "minor"),
            ("Bb", -2, "major"), ("A Minor", 0, "minor"), ("Dmix=c", 1, "mixolydian"),
            ("Hp", 2, ""), ("none", 0, ""), ("D exp _b", -1, ""), ("Eb bass", -3, "major"),
        ],
    )  # fmt: skip
    def test_names(self, name: str, fifths: int, mode: str) -> None:
        read = part("C", key=name)
        assert (read.key_fifths, read.key_mode) == (fifths, mode)

    def test_a_signature_that_is_no_row_of_fifths(self) -> None:
        read = part("F G A B", key="Am ^g")
        assert read.key_fifths is None
        assert read.pitch.tolist() == [65, 68, 69, 71]

    def test_changes_are_counted(self) -> None:
        assert part("C | [K:G] C | [K:G] C | [K:C] C").n_key_changes == 2

    @pytest.mark.parametrize("name", ["Bn", "G#", "Dfoo", "X", "12"])
    def test_a_key_that_cannot_be_is_unknown_and_counted(self, name: str) -> None:
        read = part("F | [K:G] F", key=name)
        assert (read.key_fifths, read.key_mode, read.n_bad_keys) == (None, "", 1)
        assert read.pitch.tolist() == [65, 66]


class TestTime:
    def test_lengths_multiply_the_unit(self) -> None:
        assert durations("C2 C3/2 C/ C// C/4 C3/") == [
            2,
            Fraction(3, 2),
            Fraction(1, 2),
            *[Fraction(1, 4)] * 2,
            Fraction(3, 2),
        ]

    def test_without_a_unit_the_meter_gives_it(self) -> None:
        assert abc.read_tune(b"X:1\nM:2/4\nK:C\nC").parts[0].duration.tolist() == [QUARTER // 4]
        assert abc.read_tune(b"X:1\nM:3/4\nK:C\nC").parts[0].duration.tolist() == [EIGHTH]

    def test_a_triplet_is_exact(self) -> None:
        assert part("(3CDE F").onset.tolist() == [0, 6720, 13440, 20160]

    def test_a_tuplet_of_any_shape(self) -> None:
        assert sum(durations("(5:4:5CDEFG")) == 4
        assert durations("(3:2:2C2D E")[-1] == 1

    def test_in_compound_time_five_take_the_time_of_three(self) -> None:
        assert sum(durations("(5CDEFG", meter="6/8", unit="1/8")) == Fraction(3, 2)

    def test_a_seventh_of_an_eleventh_is_rounded_and_counted(self) -> None:
        assert part("(11:8:11CDEFGABcdef").n_inexact > 0

    def test_broken_rhythm(self) -> None:
        assert durations("C>D E<F G>>A") == [Fraction(n, 4) for n in (6, 2, 2, 6, 7, 1)]

    def test_a_dot_reaches_over_slurs_graces_and_chord_symbols(self) -> None:
        assert durations('C>(D E)>"Am"{c}F') == [Fraction(n, 4) for n in (6, 2, 6, 2)]

    def test_a_dot_before_a_bar_line_has_no_second_note(self) -> None:
        assert durations("C> || D") == [1, 1]

    def test_a_rest_is_a_gap(self) -> None:
        read = part("C z2 D z")
        assert quarters(read.onset) == [0, 3]
        assert read.end == 5 * QUARTER

    def test_a_rest_of_bars(self) -> None:
        assert quarters(part("Z2 | C", meter="3/4").onset) == [6]

    def test_a_rest_of_bars_inside_a_bar_is_a_slip_for_a_rest(self) -> None:
        assert quarters(part("C2 Z2 | D").onset) == [0, 4]

    def test_a_rest_of_a_bar_in_free_time_is_a_whole_note(self) -> None:
        assert quarters(part("Z2 | C", meter="none").onset) == [8]

    def test_spacers_take_no_time(self) -> None:
        assert quarters(part("C y3 D").onset) == [0, 1]

    def test_meters_are_as_written(self) -> None:
        assert part("C4 | [M:3/4] C3 |\nM:C|\nC4").meters == (
            Meter(0, 4, 4), Meter(4 * QUARTER, 3, 4), Meter(7 * QUARTER, 2, 2),
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("written", "meter"), [("C", (4, 4)), ("C|", (2, 2)), ("2+3/8", (5, 8)), ("FREI4/4", (4, 4))]
    )
    def test_names_of_meters(self, written: str, meter: tuple[int, int]) -> None:
        assert part("C", meter=written).meters == (Meter(0, *meter),)

    def test_free_time_has_no_meter(self) -> None:
        assert part("C", meter="none").meters == ()

    @pytest.mark.parametrize("written", ["fast", "4/5", "0/4"])
    def test_a_meter_that_cannot_be_is_unknown_and_counted(self, written: str) -> None:
        read = part("C4 | [M:3/4] C3", meter=written)
        assert (read.meters, read.n_bad_meters) == ((Meter(4 * QUARTER, 3, 4),), 1)


class TestTies:
    def test_a_tie_merges_over_a_bar_line(self) -> None:
        read = part("C2 D2- | D2 E2")
        assert quarters(read.duration) == [2, 4, 2]
        assert read.n_broken_ties == 0

    def test_a_tie_between_pitches_is_a_slur(self) -> None:
        read = part("C-D")
        assert read.pitch.tolist() == [60, 62]
        assert read.n_broken_ties == 1

    def test_a_tie_over_a_rest_is_broken(self) -> None:
        assert part("C- z C").n_broken_ties == 1

    def test_a_tied_chord(self) -> None:
        read = part("[CEG]- [CEG]")
        assert quarters(read.duration) == [2, 2, 2]

    def test_one_note_of_a_chord_may_be_tied(self) -> None:
        read = part("[C-E] [CF]")
        assert sorted(zip(read.pitch.tolist(), quarters(read.duration), strict=True)) == [
            (60, 2),
            (64, 1),
            (65, 1),
        ]


class TestWhatIsLeftOut:
    def test_grace_notes_are_counted(self) -> None:
        read = part("{cde}C {/f}D")
        assert read.pitch.tolist() == [60, 62]
        assert read.n_grace_dropped == 4

    def test_chord_symbols_decorations_and_slurs_are_passed_over(self) -> None:
        assert pitches('"Am7"C !trill!D ~E (.F vG) "^Segno"A') == [60, 62, 64, 65, 67, 69]

    def test_lyrics_and_comments_are_no_music(self) -> None:
        assert pitches("C D % E F\nw: a b c\n% G\nE") == [60, 62, 64]

    def test_free_text_after_the_tune_is_no_music(self) -> None:
        assert pitches("C D |\n\nA deaf bee.") == [60, 62]

    def test_the_number_of_an_ending_may_begin_a_line(self) -> None:
        assert pitches("|: C4 |\n1 D4 :|\n2E4 |]") == [60, 62, 64]

    def test_repeats_are_not_played_out(self) -> None:
        assert pitches("|: C4 |1 D4 :|2 E4 |]") == [60, 62, 64]


class TestVoices:
    def test_chords_fall(self) -> None:
        read = part("[CEG]2")
        assert read.pitch.tolist() == [67, 64, 60]
        assert quarters(read.duration) == [2, 2, 2]

    def test_the_first_note_of_a_chord_gives_its_length(self) -> None:
        assert durations("[C2E]3") == [6, 6]

    def test_the_chords_of_old_files(self) -> None:
        assert pitches("+CE+ +DF+2 !trill!G +trill+A") == [64, 60, 65, 62, 67, 69]

    def test_each_voice_is_a_part(self) -> None:
        piece = abc.read_tune(
            tune("V:1\nc4 |\nV:2\nC4 |\nV:1\nd4 |\nV:2\nD4 |", fields='V:1 name="Flute"\nV:2\n')
        )
        assert [read.name for read in piece.parts] == ["Flute", ""]
        assert [read.pitch.tolist() for read in piece.parts] == [[72, 74], [60, 62]]
        assert quarters(piece.parts[1].onset) == [0, 4]

    def test_voices_may_change_inside_a_line(self) -> None:
        piece = abc.read_tune(tune("[V:1] c2 [V:2] C2\n[V:1] d2 [V:2] D2"))
        assert [read.pitch.tolist() for read in piece.parts] == [[72, 74], [60, 62]]

    def test_an_overlay_begins_again_at_the_bar(self) -> None:
        read = part("C4 | c4 & E2 F2 | G4")
        assert quarters(read.onset) == [0, 4, 4, 6, 8]
        assert read.pitch.tolist() == [60, 72, 64, 65, 67]


class TestBars:
    def test_an_upbeat_begins_no_bar(self) -> None:
        assert bars("G | c4 | d4 |]") == [1, 5]

    def test_a_whole_first_bar_begins_one(self) -> None:
        assert bars("c4 | d4 |]") == [0, 4]

    def test_a_repeat_sign_inside_a_bar_begins_none(self) -> None:
        assert bars("G | c4 | d3 :| G | c4 |]") == [1, 5, 9]

    def test_a_repeat_sign_after_a_short_bar_begins_one_before_a_full_bar(self) -> None:
        assert bars("G | c4 | d3 :: c4 |]") == [1, 5, 8]

    def test_an_x_before_a_double_bar_is_the_anchor_of_its_fermata(self) -> None:
        read = part("G | c4 | d3 Hx || G | c4 |]")
        assert quarters(read.bar_onsets) == [1, 5, 9]
        assert read.phrase_end.tolist() == [False, False, True, False, False]

    def test_an_x_in_an_upbeat_is_a_rest(self) -> None:
        assert quarters(part("x |: c4 | d4 :|").onset) == [1, 5]

    def test_without_bar_lines_the_bars_are_unknown(self) -> None:
        assert bars("C D E F G") is None

    def test_in_free_time_every_written_line_counts(self) -> None:
        assert bars("C3 | D5 || E", meter="none") == [0, 3, 8]

    def test_where_lines_end_phrases_a_full_bar_needs_no_bar_line(self) -> None:
        read = abc.read_tune(tune("C4 | D4\nE4 | F2\nG2 | A4"), phrases=True).parts[0]
        assert quarters(read.bar_onsets) == [0, 4, 8, 12, 16]
        assert read.phrase_end.tolist() == [False, True, False, True, False, True]


class TestPhrases:
    def test_a_fermata_ends_a_phrase(self) -> None:
        assert part("C !fermata!D HE F").phrase_end.tolist() == [False, True, True, False]

    def test_the_end_of_a_line_is_layout_unless_asked_for(self) -> None:
        assert not part("C D\nE F").phrase_end.any()

    def test_a_continued_line_ends_no_phrase(self) -> None:
        read = abc.read_tune(tune("C D \\\nE F"), phrases=True).parts[0]
        assert read.phrase_end.tolist() == [False, False, False, True]

    def test_a_rest_at_the_lines_end_leaves_the_phrase_end_on_the_note(self) -> None:
        read = abc.read_tune(tune("C D z\nE F"), phrases=True).parts[0]
        assert read.phrase_end.tolist() == [False, True, False, True]


class TestFiles:
    def test_title_composer_and_origin(self) -> None:
        piece = abc.read_tune(tune("C", fields="T:Other name\nC:Trad.\nO:Ireland\n"))
        assert (piece.title, piece.composer, piece.origin) == ("A tune", "Trad.", "Ireland")

    def test_tunes_are_named_by_their_numbers(self) -> None:
        content = b"X:0007\nK:C\nC\n\nX: 8\nK:C\nD\n\nX:7\nK:C\nE\n"
        assert [source.name for source in text.split_tunes(content)] == ["7", "8", "7.2"]
        assert abc.read_tune(text.split_tunes(content)[2].content).parts[0].pitch.tolist() == [64]

    def test_the_tune_of_a_file_with_one_tune_has_no_name(self) -> None:
        assert [source.name for source in text.split_tunes(tune("C"))] == [""]

    def test_fields_before_the_first_tune_apply_to_all_tunes(self) -> None:
        tunes = text.split_tunes(b"L:1/2\n\nX:1\nK:C\nC\n\nX:2\nK:C\nD\n")
        assert [quarters(abc.read_tune(source.content).parts[0].duration) for source in tunes] == [[2], [2]]

    def test_windows_line_ends(self) -> None:
        assert abc.read_tune(tune("C D |\nE").replace(b"\n", b"\r\n")).parts[0].pitch.tolist() == [60, 62, 64]

    @pytest.mark.parametrize("name", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
    def test_unicode_of_any_width(self, name: str) -> None:
        content = tune("C D | E").decode().encode(name)
        assert text.matches(content)
        assert abc.read_tune(text.split_tunes(content)[0].content).parts[0].pitch.tolist() == [60, 62, 64]

    @pytest.mark.parametrize("content", [tune("C\0D | E"), tune("C D | E") + b"\0" * 64])
    def test_zeros_are_blanks(self, content: bytes) -> None:
        assert text.matches(content)
        assert abc.read_tune(content).parts[0].pitch.tolist() == [60, 62, 64]

    def test_zeros_everywhere_are_no_text(self) -> None:
        assert not text.matches(b"X:1\0\0\1\0\nK:C\0\0\0\0\0\2")

    def test_latin_1(self) -> None:
        assert abc.read_tune("X:1\nT:Grüße\nK:C\nC".encode("latin-1")).title == "Grüße"

    def test_quoted_printable_encoding_is_undone(self) -> None:
        assert pitches("C D | =20\nE =3DF =\nG", key="G") == [60, 62, 64, 65, 67]

    def test_no_note(self) -> None:
        with pytest.raises(ReadError, match="the tune holds no note") as caught:
            part("z4 |]")
        assert caught.value.rule == "no_notes"

    def test_numbers_that_no_score_writes_are_refused(self) -> None:
        for body in ("C" + 5000 * "1", "(" + 5000 * "9" + "CDE", "+C" + 50 * "1/" + " D"):
            with pytest.raises(ReadError):
                part(body)

    def test_a_number_without_a_note_is_refused(self) -> None:
        with pytest.raises(ReadError, match="line 6 of the tune: a number without a note"):
            part("C | 22G")


def test_the_identifier_of_a_tune_has_a_bounded_length() -> None:
    names = [
        source.name
        for source in text.split_tunes(f"X:{'a' * 1000}\nK:C\nC\n\nX:{'a' * 999}\nK:C\nC\n".encode())
    ]
    assert names == ["a" * 100, f"{'a' * 100}.2"]
