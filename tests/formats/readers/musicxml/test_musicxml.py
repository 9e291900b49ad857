"""The rules of MusicXML, one tiny score per rule."""

import io
import zipfile

import pytest

from pipeline.core.music import Meter
from pipeline.formats.readers import musicxml
from pipeline.formats.readers.base.source import ReadError
from tests.helpers.musicxml_text import (
    QUARTER,
    TIME_4_4,
    archive,
    measure,
    note,
    part,
    quarters,
    score,
    triples,
)
from tests.helpers.reading import READ

TRIPLET = (
    "<type>eighth</type><time-modification><actual-notes>3</actual-notes>"
    "<normal-notes>2</normal-notes></time-modification>"
)
TIE_START, TIE_STOP = '<tie type="start"/>', '<tie type="stop"/>'
FERMATA = "<notations><fermata/></notations>"


class TestNotes:
    def test_pitch_onset_and_duration(self) -> None:
        read = part(note("C4", 2) + note("F#4") + note("Bb3"))
        assert read.pitch.tolist() == [60, 66, 58]
        assert quarters(read.onset) == [0, 2, 3]
        assert quarters(read.duration) == [2, 1, 1]

    def test_a_chord_sign_without_a_note_before_it_in_the_measure_means_nothing(self) -> None:
        alone = "<note><chord/>" + note("E4").removeprefix("<note>")
        read = part(note("C4", 2) + note("D4", 2), alone + note("F4", 3))
        assert (quarters(read.onset), read.pitch.tolist()) == ([0, 2, 4, 5], [60, 62, 64, 65])

    def test_a_rest_is_a_gap_and_counts_at_the_end(self) -> None:
        read = part(note("C4") + note("r") + note("D4") + note("r"))
        assert quarters(read.onset) == [0, 2]
        assert read.end == 4 * QUARTER

    def test_chords_fall(self) -> None:
        read = part(note("C4", 4) + note("E4", 4, before="<chord/>") + note("G4", 4, before="<chord/>"))
        assert read.pitch.tolist() == [67, 64, 60]
        assert quarters(read.onset) == [0, 0, 0]

    def test_two_voices_in_one_staff_are_one_part(self) -> None:
        read = part(note("E5", 4) + "<backup><duration>4</duration></backup>" + note("C4", 2) + note("D4", 2))
        assert read.pitch.tolist() == [76, 60, 62]
        assert quarters(read.onset) == [0, 0, 2]

    def test_forward_moves_on(self) -> None:
        assert quarters(part("<forward><duration>3</duration></forward>" + note("C4")).onset) == [3]

    def test_each_staff_is_a_part(self) -> None:
        right = note("E5", 4, "<staff>1</staff>") + "<backup><duration>4</duration></backup>"
        content = score(
            measure(right + note("C3", 4, "<staff>2</staff>"), "<divisions>1</divisions><staves>2</staves>")
        )
        assert [read.pitch.tolist() for read in musicxml.read(content, READ).parts] == [[76], [48]]

    def test_a_tuplet_is_exact_where_the_divisions_are_not(self) -> None:
        read = part("".join(note("C4", n, TRIPLET) for n in (3, 3, 2)), attributes="<divisions>8</divisions>")
        assert read.onset.tolist() == [0, 3360, 6720]
        assert read.n_inexact == 0

    def test_a_time_below_the_tick_is_rounded_and_counted(self) -> None:
        read = part(note("C4") + note("D4"), attributes="<divisions>11</divisions>")
        assert read.onset.tolist() == [0, 916]
        assert read.n_inexact == 3

    def test_grace_notes_are_counted_and_cue_notes_silent(self) -> None:
        read = part(
            "<note><grace/><pitch><step>B</step><octave>4</octave></pitch></note>"
            + note("C5", 2)
            + note("D5", 2, before="<cue/>")
        )
        assert read.pitch.tolist() == [72]
        assert read.n_grace_dropped == 1
        assert read.end == 4 * QUARTER

    def test_a_clarinet_sounds_lower_than_written(self) -> None:
        b_flat = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
        attributes = f"<divisions>1</divisions><key><fifths>2</fifths></key>{b_flat}"
        read = part(note("D5", 4), attributes=attributes)
        assert read.pitch.tolist() == [72]
        assert read.key_fifths == 0

    def test_a_staff_of_cellos_and_basses_sounds_in_two_octaves(self) -> None:
        octave_lower = "<transpose><chromatic>0</chromatic><double/></transpose>"
        attributes = f"<divisions>1</divisions>{octave_lower}"
        read = part(note("D3", 4, TIE_START), note("D3", 4, TIE_STOP), attributes=attributes)
        assert triples(read) == [(0, 8, 50), (0, 8, 38)]

    def test_a_staff_of_flutes_and_piccolo_has_its_lyrics_on_the_upper_octave(self) -> None:
        octave_higher = '<transpose><chromatic>0</chromatic><double above="yes"/></transpose>'
        lyric = "<lyric><text>la</text></lyric>"
        read = part(note("D5", 4, lyric), attributes=f"<divisions>1</divisions>{octave_higher}")
        assert (read.pitch.tolist(), read.lyrics) == ([86, 74], ("la", None))

    def test_a_fermata_ends_a_phrase(self) -> None:
        assert part(note("C4", 2) + note("D4", 2, FERMATA)).phrase_end.tolist() == [False, True]

    def test_a_fermata_over_a_chord_is_on_all_its_notes(self) -> None:
        read = part(note("C4", 4, FERMATA) + note("E4", 4, before="<chord/>"))
        assert read.phrase_end.tolist() == [True, True]


class TestTies:
    def test_a_tie_merges_over_bars(self) -> None:
        read = part(note("C4", 4, TIE_START), note("C4", 4, TIE_STOP + TIE_START), note("C4", 2, TIE_STOP))
        assert quarters(read.duration) == [10]

    def test_a_tie_to_another_pitch_is_dropped_and_counted(self) -> None:
        read = part(note("C4", 2, TIE_START) + note("D4", 2, TIE_STOP))
        assert read.pitch.tolist() == [60, 62]
        assert read.n_broken_ties == 1

    def test_a_repeated_note_is_not_tied(self) -> None:
        assert quarters(part(note("C4", 2) + note("C4", 2)).duration) == [2, 2]

    def test_in_unison_the_tie_ends_where_it_is_written_to_end(self) -> None:
        voices = (
            note("C4", 4, TIE_START),
            note("C4", 2) + "<backup><duration>2</duration></backup>" + note("C4", 4, TIE_STOP),
        )
        read = part(*voices)
        assert sorted(zip(quarters(read.onset), quarters(read.duration), strict=True)) == [(0, 8), (4, 2)]


class TestBars:
    def test_an_upbeat_begins_no_bar(self) -> None:
        assert quarters(part(note("G4"), note("C5", 4), note("D5", 4)).bar_onsets) == [1, 5]

    def test_a_repeat_sign_inside_a_bar_begins_none(self) -> None:
        repeat = '<barline location="right"><repeat direction="backward"/></barline>'
        assert quarters(
            part(note("C5", 4), note("D5", 3) + repeat, note("G4"), note("C5", 4)).bar_onsets
        ) == [0, 4, 8]

    @pytest.mark.parametrize("how", ['implicit="yes"', 'number="4a"', 'number="X1"'])
    def test_a_bar_that_continues_in_another_measure(self, how: str) -> None:
        rest = f"<measure {how}>{note('G4', 2)}</measure>"
        assert quarters(part(note("C5", 4), note("D5", 2), rest, note("C5", 4)).bar_onsets) == [0, 4, 8]

    def test_parts_stay_together_where_one_leaves_a_bar_short(self) -> None:
        upper = measure(note("C5", 4), f"<divisions>1</divisions>{TIME_4_4}") + measure(note("D5", 4))
        lower = measure(note("C4", 1), f"<divisions>1</divisions>{TIME_4_4}") + measure(note("D4", 4))
        parts = musicxml.read(score(upper, lower), READ).parts
        assert [quarters(part.onset) for part in parts] == [
            [0, 4],
            [0, 4],
        ]

    def test_a_part_that_rests_does_not_lengthen_an_upbeat(self) -> None:
        upper = measure(note("G4", 1), f"<divisions>1</divisions>{TIME_4_4}") + measure(note("C5", 4))
        lower = measure(note("r", 4), f"<divisions>1</divisions>{TIME_4_4}") + measure(note("C4", 4))
        parts = musicxml.read(score(upper, lower), READ).parts
        assert [quarters(part.onset) for part in parts] == [
            [0, 1],
            [1],
        ]

    def test_an_empty_measure_is_a_bar_of_silence(self) -> None:
        assert quarters(part(note("C4", 4), "", note("D4", 4)).onset) == [0, 8]

    def test_meters_are_as_written(self) -> None:
        change = measure(note("D4", 3), "<time><beats>3</beats><beat-type>4</beat-type></time>")
        assert part(note("C4", 4), change).meters == (Meter(0, 4, 4), Meter(4 * QUARTER, 3, 4))

    def test_an_additive_meter(self) -> None:
        attributes = "<divisions>1</divisions><time><beats>3+2</beats><beat-type>8</beat-type></time>"
        assert part(note("C4", 4), attributes=attributes).meters == (Meter(0, 5, 8),)


class TestFiles:
    GOOD = score(measure(note("C4", 4)), names=("Sopr\r\n  ano",))

    def test_names_are_cleaned(self) -> None:
        assert musicxml.read(self.GOOD, READ).parts[0].name == "Sopr ano"

    def test_title_and_composer(self) -> None:
        head = (
            "<work><work-title>x.mxl</work-title></work><movement-title>Air</movement-title>"
            "<identification><creator type='composer'>Anon</creator></identification>"
        )
        piece = musicxml.read(score(measure(note("C4", 4)), head=head), READ)
        assert (piece.title, piece.composer) == ("Air", "Anon")

    def test_keys(self) -> None:
        changed = measure(note("C4", 4), "<key><fifths>-3</fifths></key>")
        read = part(note("C4", 4), changed, attributes="<key><fifths>1</fifths><mode>major</mode></key>")
        assert (read.key_fifths, read.key_mode, read.n_key_changes) == (1, "major", 1)

    def test_timewise(self) -> None:
        body = "".join(f'<measure><part id="P0">{note(name, 4)}</part></measure>' for name in ("C4", "D4"))
        content = f"<score-timewise><part-list/>{body}</score-timewise>".encode()
        assert quarters(musicxml.read(content, READ).parts[0].onset) == [0, 4]

    def test_utf_16(self) -> None:
        content = self.GOOD.decode().replace("UTF-8", "UTF-16").encode("utf-16")
        assert musicxml.matches(content)
        assert musicxml.read(content, READ).parts[0].pitch.tolist() == [60]

    @pytest.mark.parametrize("container", [True, False])
    def test_compressed(self, container: bool) -> None:
        source = musicxml.split(archive(self.GOOD, container))[0]
        assert musicxml.read(source.content, READ).parts[0].pitch.tolist() == [60]


class TestRefusals:
    def refused(self, content: bytes) -> str:
        with pytest.raises(ReadError) as caught:
            musicxml.read(musicxml.split(content)[0].content, READ)
        return caught.value.rule

    def test_percussion(self) -> None:
        drum = "<note><unpitched/><duration>1</duration></note>"
        assert self.refused(score(measure(drum))) == "percussion"

    def test_no_note(self) -> None:
        assert self.refused(score(measure(note("r", 4)))) == "no_notes"

    def test_truncated_xml(self) -> None:
        assert self.refused(TestFiles.GOOD[:-40]) == "unreadable"

    def test_a_truncated_archive(self) -> None:
        assert self.refused(archive(TestFiles.GOOD)[:-40]) == "unreadable"

    def test_an_entity_bomb(self) -> None:
        bomb = b'<!DOCTYPE score-partwise [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><score-partwise/>'
        assert self.refused(bomb) == "entities"
        assert self.refused(bomb.decode().encode("utf-16")) == "entities"

    def test_an_archive_without_a_score(self) -> None:
        empty = io.BytesIO()
        zipfile.ZipFile(empty, "w").close()
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as packed:
            packed.writestr("readme.txt", "nothing")
        assert self.refused(file.getvalue()) == "unreadable"

    @pytest.mark.parametrize("text", ["1e999999999", "9" * 5000, "inf", ""])
    def test_a_duration_that_is_no_number(self, text: str) -> None:
        assert self.refused(score(measure(note("C4").replace(">1<", f">{text}<")))) == "bad_duration"

    def test_no_divisions(self) -> None:
        assert self.refused(score(measure(note("C4"), "<divisions>0</divisions>"))) == "bad_duration"

    def test_a_note_without_duration(self) -> None:
        assert self.refused(score(measure(note("C4", 0)))) == "bad_duration"
        assert self.refused(score(measure(note("C4", -1)))) == "bad_duration"

    def test_a_microtone(self) -> None:
        assert self.refused(score(measure(note("C4").replace("<alter>0", "<alter>0.5")))) == "microtone"

    def test_a_note_outside_the_midi_range(self) -> None:
        assert (
            self.refused(score(measure(note("C4").replace("<octave>4", "<octave>-1"))))
            == "pitch_out_of_range"
        )

    def test_a_time_beyond_the_largest_tick(self) -> None:
        assert self.refused(score(measure(note("C4", 10**9)))) == "too_long"
