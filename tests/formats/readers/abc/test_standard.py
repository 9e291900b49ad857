"""Clauses of the ABC standard 2.1 that matter in real files, one tiny tune per clause."""

import pytest

from pipeline.core.music import Part, Piece
from pipeline.formats.readers import ReadError, abc
from tests.helpers.reading import PLAYED, READ

NAMES = dict(zip((60, 62, 64, 65, 67, 69, 71), "CDEFGAB", strict=True))


def piece(body: str, key: str = "C", header: str = "") -> Piece:
    return abc.read(f"X:1\nT:A tune\nM:4/4\nL:1/4\n{header}K:{key}\n{body}\n".encode(), READ)


def part(body: str, **header: str) -> Part:
    return piece(body, **header).parts[0]


def pitches(body: str, **header: str) -> list[int]:
    return part(body, **header).pitch.tolist()


def notes(body: str, **header: str) -> list[tuple[float, int]]:
    """Onset in quarters and note number."""
    read = part(body, **header)
    return list(zip((read.onset / 10080).tolist(), read.pitch.tolist(), strict=True))


def played(body: str) -> str:
    """The names of the notes as they are played; a bar is one note."""
    read = abc.read(f"X:1\nM:4/4\nL:1/1\nK:C\n{body}\n".encode(), PLAYED).parts[0]
    return "".join(NAMES[pitch] for pitch in read.pitch.tolist())


def rule(body: str, **header: str) -> str:
    with pytest.raises(ReadError) as refused:
        piece(body, **header)
    return refused.value.rule


class TestFields:
    def test_the_tune_overrides_the_file_and_the_later_field_the_earlier(self) -> None:
        file = b"L:1/16\nC:File\nO:Ireland\n\nX:1\nT:One\nT:Other name\nL:1/8\nL:1/4\nC:Tune\nK:C\nC"
        read = abc.read(abc.split(file)[0].content, READ)
        assert (read.title, read.composer, read.origin) == ("One", "Tune", "Ireland")
        assert read.parts[0].duration.tolist() == [10080]

    def test_free_text_after_the_file_header_sets_nothing(self) -> None:
        assert part_of(b"L:1/4\n\nL: as in the book\n\nX:1\nK:C\nC").duration.tolist() == [10080]

    @pytest.mark.parametrize(
        ("key", "sounding"),
        [
            ("D", [66]), ("D clef=bass", [66]), ("D bass middle=d", [66]), ("D m=d", [66]), ("D alto1", [66]),
            ("D stafflines=1", [66]), ("D clef=unheard", [66]), ("D unheard", [66]), ("bass", [65]),
            ("clef = alto", [65]), ("D treble+8", [78]), ("D clef=treble-8", [54]), ("D treble^8", [66]),
            ("D bass+15", [90]), ("D octave=-1", [54]), ("D t=-2", [64]), ("D transpose=2", [68]),
            ("D treble-8 octave=1 t=1", [67]), ('D name="treble-8"', [66]), ("D mozart:note=drum", [66]),
            ("C ^f_b", [66]), ("^f", [66]), ("exp ^f", [66]), ("D exp _b", [65]), ("Dmix=f", [65]),
        ],
    )  # fmt: skip
    def test_specifiers_of_a_key(self, key: str, sounding: list[int]) -> None:
        assert pitches("F", key=key) == sounding
        assert pitches(f"[K:{key}]F") == sounding

    def test_a_clef_alone_leaves_the_key(self) -> None:
        read = part("F [K:bass] F [K:clef=treble stafflines=4] F", key="D")
        assert (read.pitch.tolist(), read.n_key_changes) == ([66, 66, 66], 0)

    def test_a_key_alone_leaves_clef_and_octave(self) -> None:
        assert pitches("F [K:G] F [K:treble] F", key="D treble-8 octave=2") == [78, 78, 90]

    def test_a_voice_overrides_the_tune_and_is_changed_where_it_is_taken_up(self) -> None:
        read = piece("V:1\nC\nV:2\nC\nV:2 octave=1\nC", key="C treble-8", header="V:1 treble\nV:2\n")
        assert [part.pitch.tolist() for part in read.parts] == [[60], [48, 60]]

    def test_a_name_in_quotes_is_a_name(self) -> None:
        read = piece("V:1\nC", header='V:1 name="clef=perc t=2 -8"\n').parts[0]
        assert (read.name, read.pitch.tolist()) == ("clef=perc t=2 -8", [60])

    def test_notes_before_any_voice_are_of_voice_1(self) -> None:
        assert [part.pitch.tolist() for part in piece("C\nV:2\nD\nV:1\nE").parts] == [[60, 64], [62]]

    def test_playback_directives_transpose(self) -> None:
        assert pitches("C\n%%MIDI transpose 2\nC") == [60, 62]


def part_of(content: bytes) -> Part:
    return abc.read(abc.split(content)[0].content, READ).parts[0]


class TestText:
    @pytest.mark.parametrize(
        "text",
        [
            "%%begintext\nA bad egg | A\n\nX:2\nK:G\n%%endtext",
            "%%beginps\nA B\n%%endps",
            "%%text A B C",
            "%%center A | B",
            "o: A bad | egg",
            "z:A",
            "w:a b c",
            "% A B",
            "[r:A B][o:A]",
        ],
    )
    def test_text_is_no_music(self, text: str) -> None:
        (source,) = abc.split(f"X:1\nL:1/4\nK:C\nC\n{text}\nD\n".encode())
        assert abc.read(source.content, READ).parts[0].pitch.tolist() == [60, 62]

    @pytest.mark.parametrize("text", ["A bad egg", "A | bad | egg", "Bed | age |", "V:2\nA|B|", "K:G\n| A |"])
    def test_free_text_after_a_tune_is_no_music(self, text: str) -> None:
        assert pitches(f"C4|D4|\n\n{text}") == [60, 62]

    def test_an_empty_line_inside_music_is_none(self) -> None:
        assert pitches("C4|D4|\n\nE4|F4|") == [60, 62, 64, 65]

    def test_a_block_without_an_end_is_refused(self) -> None:
        assert rule("C\n%%begintext\nA B") == "bad_syntax"

    def test_decorations_in_a_chord_are_no_notes(self) -> None:
        assert pitches('[+accent+c!trill!e"fed"g]') == [79, 76, 72]

    @pytest.mark.parametrize("chord", ["[c%e]", "[ceX]", "[c=]", "[c2 5e]", "[+ce]", '"ce'])
    def test_what_is_no_sign_is_refused_in_a_chord_too(self, chord: str) -> None:
        assert rule(chord) == "bad_syntax"

    @pytest.mark.parametrize("chord", ["+ceg+", "+c e g+", "+c-e-g-+", "+(c.eg)+", "+c/e/g/+2"])
    def test_chords_of_old_files(self, chord: str) -> None:
        assert pitches(chord) == [79, 76, 72]

    def test_a_rest_in_a_chord_is_silent(self) -> None:
        assert notes("[C2z2] D") == [(0, 60), (2, 62)]


class TestOverlays:
    @pytest.mark.parametrize(
        ("body", "read"),
        [
            ("c4 & e4 | f4|", [(0, 76), (0, 72), (4, 77)]),
            ("c4|d4|&& C4|D4|e4|", [(0, 72), (0, 60), (4, 74), (4, 62), (8, 76)]),
            ("c4|d4 && C4|D4|e4|", [(0, 72), (0, 60), (4, 74), (4, 62), (8, 76)]),
            ("(& c4|d4 & C4|D4 &) | e4|", [(0, 72), (0, 60), (4, 74), (4, 62), (8, 76)]),
            ("c4-|c4 & E4-|f4 & E4|", [(0, 72), (4, 64), (8, 77)]),
            ("^F4 & F4 |", [(0, 66), (0, 65)]),
        ],
    )
    def test_layers_sound_together(self, body: str, read: list[tuple[float, int]]) -> None:
        assert notes(body) == read

    def test_a_tie_to_another_note_finds_none_in_the_other_layer(self) -> None:
        read = part("c2- d2 & z2 c2|")
        assert (read.duration.tolist(), read.n_broken_ties) == ([2 * 10080] * 3, 1)

    @pytest.mark.parametrize("body", ["&& C4", "C4|&&& D4", "C &) D"])
    def test_an_overlay_that_leads_nowhere_is_refused(self, body: str) -> None:
        assert rule(body) == "bad_syntax"


class TestInvisibleRests:
    @pytest.mark.parametrize(
        ("body", "onset"),
        [("C3 x||D4|", 4), ("C4 x||D4|", 4), ("C3 x||D|C4|", 3), ("C2 x2||D4|", 4), ("C3 x|D4|", 4)],
    )
    def test_an_x_takes_time_unless_the_bar_is_full(self, body: str, onset: int) -> None:
        assert {pitch: onset for onset, pitch in notes(body)}[62] == onset


class TestFaultyVoices:
    @pytest.mark.parametrize(
        ("voice", "fault"),
        [
            ("V:2 clef=perc\nC4", "percussion"), ("V:2 perc stafflines=1\nC4", "percussion"),
            ("V:2\n[K:perc]C4", "percussion"), ("V:2\n%%MIDI channel 10\nC4", "percussion"),
            ("V:2\nI:MIDI channel 10\nC4", "percussion"), ("V:2\n^/C4", "microtone"),
            ("V:2\n_3/2C4", "microtone"), ("V:2\n[K:C _/b]B4", "microtone"),
            ("V:2\nC,,,,,4", "pitch_out_of_range"), ("V:2\nC0", "bad_value"), ("V:2\nC/0", "bad_value"),
            ("V:2\n(0CDE", "bad_value"), ("V:2\n^_C4", "bad_value"), ("V:2\n[L:0]C4", "bad_value"),
        ],
    )  # fmt: skip
    def test_an_unreadable_voice_does_not_reject_the_tune(self, voice: str, fault: str) -> None:
        read = piece(f"V:1\nc4\n{voice}")
        assert [part.pitch.tolist() for part in read.parts] == [[72]]
        assert read.left_out == (("2", fault),)

    def test_a_declared_voice_may_be_on_the_channel_of_drums(self) -> None:
        header = "V:1\nV:2\n%%MIDI channel 10\n"
        assert piece("V:1\nc4\nV:2\nC4", header=header).left_out == (("2", "percussion"),)

    @pytest.mark.parametrize(
        "voice", ["V:2\nC2[K:perc]C2", "V:2\nC2\n%%MIDI channel 10\nC2", "V:2 clef=perc\nC2[K:treble]C2"]
    )
    def test_a_voice_keeps_its_notes_when_percussion_is_left_out(self, voice: str) -> None:
        read = piece(f"V:1\nc4\n{voice}")
        assert [part.pitch.tolist() for part in read.parts] == [[72], [60]]
        assert read.left_out == (("2, percussion", "percussion"),)

    def test_percussion_alone_is_refused(self) -> None:
        assert rule("C", key="perc") == "percussion"
        assert rule("C", header="%%MIDI channel 10\n") == "percussion"


@pytest.mark.parametrize(
    ("body", "order"),
    [
        ("C|D!fine!|E!D.C.!|]", "CDECD"),
        ("C|!fine!D|!dacapo!E|]", "CDECD"),
        ("|:C:|D!fine!|E!D.C.!|]", "CCDECD"),
        ("C|!segno!D|E!fine!|F!D.S.!|]", "CDEFDE"),
        ("C|SD|E!fine!|F!D.S.alfine!|]", "CDEFDE"),
        ("C|D!coda!|E!D.C.!|!coda!F|]", "CDECDF"),
        ("C|D!dacoda!|E!D.C.alcoda!|!coda!F|]", "CDECDF"),
        ("C|!segno!D!coda!|E!D.S.!|OF|]", "CDEDF"),
        ('C|D"^Fine"|E"^D.C. al Fine"|]', "CDECD"),
        ('C|"Fine"D|"D.C."E|]', "CDECD"),
        ('C|"^Segno"D|"^Fine"E|"^Dal Segno al Fine"F|]', "CDEFDE"),
        ('C|D"^To Coda"|E"_D.C. al Coda"|"^Coda"F|]', "CDECDF"),
        ("C|D!D.C.!|]", "CDCD"),
        ('C|D"^D.C."|]', "CD"),  # the end of the repeat is ambiguous
        ('C|"^Fine"D|E"^D.S."|]', "CDE"),  # so is its beginning
        ('C|D"^Fine"|]', "CD"),
        ("U:n=!D.C.!\nC|D!fine!|En|]", "CDECD"),
        ("C||1 D:|2 E|]", "CDCE"),
        ("C|D||[1 E:|[2 F|]", "CDECDF"),
        ("C|:|||:D:|", "CDD"),
        ("C||:|D|]", "CCD"),
        ("C|D|:|", "CDCD"),
        ("C|::D::|", "CDDD"),
    ],
)
def test_jump_signs_are_followed(body: str, order: str) -> None:
    assert played(body) == order
