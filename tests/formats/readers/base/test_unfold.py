"""Unfolded repeats: tunes of named phrases and their playing order."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.music import Part
from pipeline.formats import readers
from pipeline.formats.readers import ReadError, abc, kern, musicxml
from pipeline.formats.readers.base.repeat_signs import RANK, Sign
from pipeline.formats.readers.base.unfold import plan
from tests.helpers.reading import PLAYED, READ

NAMES = dict(zip((60, 62, 64, 65, 67, 69, 71), "CDEFGAB", strict=True))


def letters(part: Part) -> str:
    return "".join(NAMES[pitch] for pitch in part.pitch.tolist())


def abc_part(music: str, header: str = "") -> Part:
    return abc.read(f"X:1\n{header}M:4/4\nL:1/1\nK:C\n{music}\n".encode(), PLAYED).parts[0]


@pytest.mark.parametrize(
    ("music", "played"),
    [
        ("|: C | D :|", "CDCD"),
        ("C | D :|", "CDCD"),
        ("C |: D :| E", "CDDE"),
        ("C :: D :| E", "CCDDE"),
        ("C :|: D :| E", "CCDDE"),
        ("C :|] D [|]:| E", "CCDDE"),
        ("C :| D :| E", "CCDDE"),
        ("C || D :| E", "CDDE"),
        ("|: C || D :| E", "CDCDE"),
        ("|:: C ::| D", "CCCD"),
        ("C |: D | E", "CDE"),
        ("C | D |]", "CD"),
        ("|: C :|1 D || E |]", "CCE"),
        ("|: C :|1 D |2 E |]", "CCE"),  # the close right before the endings is theirs: they have no other
        ("|: C |1 D :|2 E |: F :| G", "CDCEFFG"),
        ("|: C |1 D |: E :|2 F |]", "CDEECF"),
        ("|: C |1 D !fine! :|2 E | F !D.C.! |]", "CDCEFCD"),  # Fine lies in the first ending
    ],
)
def test_a_repeat_sign_goes_back_to_where_its_section_begins(music: str, played: str) -> None:
    assert letters(abc_part(music)) == played


@pytest.mark.parametrize(
    ("music", "played"),
    [
        ("|: C |1 D :|2 E |]", "CDCE"),
        ("C |1 D :|2 E :|", "CDCE"),
        ("C |[1 D :|[2 E |]", "CDCE"),
        ("C |1 D |2 E |]", "CDCE"),
        ("|: C |1,3 D :|2 E :|4 F |]", "CDCECDCF"),
        ("|: C |1-3 D :|4 E |]", "CDCDCDCE"),
        ("|: C |1 D :| E |]", "CDCE"),
        ("|: C :|2,4 D :|", "CCDCCD"),
        ("C |1 D :|2 E || F |1 G :|2 A |]", "CDCEFGFA"),
        ("C |1 D :|2 E |: F |1 G :|2 A :|", "CDCEFGFA"),
        ("C |1 D | D :|2 E | E || F", "CDDCEEF"),
        ("C |\n1 D :|\n2 E |]", "CDCE"),
        ("C |2 D |]", "CD"),
    ],
)
def test_endings_are_played_in_their_passes(music: str, played: str) -> None:
    assert letters(abc_part(music)) == played


@pytest.mark.parametrize(
    ("order", "played"),
    [
        ("AABB", "CCDD"),
        ("A(AB)2", "CCDCD"),
        ("ABA", "CDC"),
        ("(A.B)2 A", "CDCDC"),
        ("A2B", "CCD"),
        ("A", "CD"),
    ],
)
def test_parts_are_played_in_the_order_of_the_header(order: str, played: str) -> None:
    assert letters(abc_part("P:A\nC |]\nP:B\nD |]", header=f"P:{order}\n")) == played


def test_repeats_inside_a_part_are_played_whenever_it_is() -> None:
    assert letters(abc_part("P:A\n|: C :|\nP:B\nD |]", header="P:ABA\n")) == "CCDCC"


@pytest.mark.parametrize(
    ("order", "close", "played"),
    [
        ("A2B", ":|", "CDCEF"),
        ("ABA", "|", "CDFCE"),
        ("ABA", ":|", "CDCEFCDCE"),  # visits apart from each other: the close is a repeat of the part
        ("AB", ":|", "CDCEF"),
    ],
)
def test_each_visit_plays_one_ending_or_the_repeat_of_the_part(order: str, close: str, played: str) -> None:
    music = f"P:A\nC |1 D {close}[2 E |]\nP:B\nF |]"
    assert letters(abc_part(music, header=f"P:{order}\n")) == played


def test_a_header_that_names_parts_no_tune_has_is_passed_over() -> None:
    assert letters(abc_part("C :| D |]", header="P:AABB\n")) == "CCD"


def refusal(music: str, header: str = "") -> str:
    with pytest.raises(ReadError) as refused:
        abc_part(music, header)
    assert refused.value.rule == "bad_repeats"
    return str(refused.value)


def test_repeats_that_cannot_be_played_are_an_error() -> None:
    parts = "P:A\nC |]\nP:B\nD |]"
    assert refusal(parts, "P:ABX\n") == "section 'X' is to be played; there are A, B"
    assert "bracket" in refusal(parts, "P:(AB\n")
    assert "bracket" in refusal(parts, "P:AB)2\n")
    assert "more than 1000 parts" in refusal(parts, "P:((((A99)99)99)99)99\n")
    assert "64 times as long" in refusal(parts, "P:A99B99\n")


def test_a_tie_over_the_repeat_sign_holds_into_what_is_played_next() -> None:
    part = abc_part("C | D- |1 D | E :|2 D | F |]")
    assert part.pitch.tolist() == [60, 62, 64, 60, 62, 65]
    assert (part.duration // 40320).tolist() == [1, 2, 1, 1, 2, 1]
    assert part.n_broken_ties == 0


def with_tie_to_the_beginning(begins: str) -> Part:
    """C4 tied over a repeat sign, in **kern; ``begins`` is its first token."""
    return kern.read(f"**kern\n{begins}\n=:|!\n1c]\n*-\n".encode(), PLAYED).parts[0]


def test_a_tie_leads_over_a_jump_back_only_to_a_note_that_ends_one() -> None:
    struck, tied = with_tie_to_the_beginning("[1c"), with_tie_to_the_beginning("1c_")
    assert (struck.duration // 40320).tolist() == [1, 2]
    assert struck.n_broken_ties == 1
    assert (tied.duration // 40320).tolist() == [3]
    assert (abc_part("C- :| C").duration // 40320).tolist() == [1, 2]


def test_bars_are_right_through_repeats_and_pickups() -> None:
    part = abc.read(b"X:1\nM:3/4\nL:1/4\nK:C\nC | DEF | GA :: B | CDE | FG :|", PLAYED).parts[0]
    upbeat = 10080
    assert part.bar_onsets == tuple(upbeat + 30240 * bar for bar in range(8))
    assert part.end == 8 * 30240


def test_a_full_bar_begins_at_the_beginning_that_is_played_again() -> None:
    assert abc_part("C | D :|").bar_onsets == (0, 40320, 80640, 120960)


def test_meters_and_keys_come_back_with_their_music() -> None:
    part = abc_part("|: C | [M:2/4] [K:G] D/ :| E/ |]")
    assert [(meter.onset // 20160, meter.numerator) for meter in part.meters] == [
        (0, 4),
        (2, 2),
        (3, 4),
        (5, 2),
    ]
    assert (part.key_fifths, part.n_key_changes) == (0, 3)


def test_a_note_that_crosses_a_jump_is_cut_and_counted() -> None:
    tune = b"X:1\nM:4/4\nL:1/1\nV:1\nV:2\nK:C\n[V:1] C :| D |]\n[V:2] E2 |]\n"
    upper, lower = abc.read(tune, PLAYED).parts
    assert letters(upper) == "CCD"
    assert (lower.onset // 40320).tolist() == [0, 1]
    assert (lower.duration // 40320).tolist() == [1, 2]
    assert lower.n_broken_ties == 1


def test_all_voices_follow_the_signs_of_any() -> None:
    tune = b"X:1\nM:4/4\nL:1/1\nV:1\nV:2\nK:C\n[V:1] |: C | D :| E |]\n[V:2] E | F | G |]\n"
    assert [letters(part) for part in abc.read(tune, PLAYED).parts] == ["CDCDE", "EFEFG"]


def test_a_voice_that_ends_early_ends_early() -> None:
    tune = b"X:1\nP:ABA\nM:4/4\nL:1/1\nV:1\nV:2\nV:3\nK:C\n[V:1] [P:A] C | [P:B] D |]\n[V:2] E |]\n"
    parts = abc.read(tune, PLAYED).parts
    assert [(letters(part), part.end // 40320) for part in parts] == [("CDC", 3), ("EE", 3)]
    tune = b"X:1\nM:4/4\nL:1/1\nV:1\nV:2\nK:C\n[V:1] C :| D |]\n[V:2] E |]\n"
    assert [part.end // 40320 for part in abc.read(tune, PLAYED).parts] == [3, 2]


def test_phrase_ends_are_played_again() -> None:
    part = abc.read(b"X:1\nL:1/1\nK:C\nC|HD:|E", PLAYED).parts[0]
    assert part.phrase_end.tolist() == [False, True, False, True, False]


def score(*bars: str) -> Part:
    """A part of whole notes: a letter, then what else the measure holds."""
    measures = []
    for bar in bars:
        head, _, rest = bar.partition(" ")
        note = f"<note><pitch><step>{head}</step><octave>4</octave></pitch><duration>4</duration></note>"
        left = "".join(
            f"<barline location='left'>{MARKS[mark]}</barline>" for mark in rest.split() if mark in LEFT
        )
        right = "".join(MARKS[mark] for mark in rest.split() if mark in RIGHT)
        sound = "".join(f"<direction><sound {mark}/></direction>" for mark in rest.split() if "=" in mark)
        measures.append(f"<measure>{left}{sound}{note}<barline location='right'>{right}</barline></measure>")
    xml = (
        "<score-partwise><part-list><score-part id='P'/></part-list><part id='P'>"
        + "".join(measures).replace("<note>", "<attributes><divisions>1</divisions></attributes><note>", 1)
        + "</part></score-partwise>"
    )
    return musicxml.read(xml.encode(), PLAYED).parts[0]


LEFT = ("|:", "[1", "[2", "[1,2", "[3")
RIGHT = (":|", ":|x3", ":|again", ":|blank", "]1", "]2", "]3", "]open")
MARKS = {
    "|:": "<repeat direction='forward'/>",
    ":|": "<repeat direction='backward'/>",
    ":|x3": "<repeat direction='backward' times='3'/>",
    ":|again": "<repeat direction='backward' after-jump='yes'/>",
    ":|blank": "<repeat direction='backward' times=''/>",
    **{f"[{numbers}": f"<ending number='{numbers}' type='start'/>" for numbers in ("1", "2", "1,2", "3")},
    **{f"]{number}": f"<ending number='{number}' type='stop'/>" for number in "123"},
    "]open": "<ending number='3' type='discontinue'/>",
}


@pytest.mark.parametrize(
    ("bars", "played"),
    [
        (("C", "D |: :|", "E"), "CDDE"),
        (("C", "D :|", "E"), "CDCDE"),
        (("C :|x3", "D"), "CCCD"),
        (("C :|blank", "D"), "CCD"),
        (("C", "D [1 ]1 :|", "E [2 ]2", "F"), "CDCEF"),
        (("C", "D [1,2 ]1 :|", "E [3 ]3"), "CDCDCE"),
        (("C", "D fine='yes'", "E", "F dacapo='yes'"), "CDEFCD"),
        (("C :|", "D fine='yes'", "E dacapo='yes'"), "CCDECD"),
        (("C :|again", "D fine='yes'", "E dacapo='yes'"), "CCDECCD"),
        (("C", "D [1 ]1 :|", "E [2 ]2 fine='yes'", "F dacapo='yes'"), "CDCEFCE"),
        (("C", "D segno='s'", "E dalsegno='s'", "F"), "CDEDEF"),
        (
            ("C", "D segno='s'", "E tocoda='c'", "F dalsegno='s'", "G coda='c'"),
            "CDEFDEG",
        ),
        (("C dacapo='yes'",), "CC"),
        (("C", "D forward-repeat='yes'", "E :|", "F"), "CDEDEF"),
        (("C forward-repeat='yes'", "D |: :|", "E"), "CDDE"),
    ],
)
def test_musicxml_in_playing_order(bars: tuple[str, ...], played: str) -> None:
    assert letters(score(*bars)) == played


@pytest.mark.parametrize(
    ("bars", "played"),
    [
        (("C |:", "D", "E [1 ]1", "F :|", "G [2 ]2"), "CDEFCDG"),
        (("C |:", "D [1 ]1", "E", "F", "G :|", "A [2 ]2", "B"), "CDEFGCAB"),
        (("C |:", "D [1 ]1", "E :|", "F [2 ]2", "G :|", "A [3 ]3"), "CDECFGCA"),
        (("C", "D [1 ]1", "E :|", "F [2 ]2", "G :|", "A"), "CDECFGGA"),
        (("C |:", "D [1 ]1", "E :|", "F"), "CDECEF"),
        (("C |: [1", "D ]1 :|", "E [2", "F ]2"), "CDEF"),
    ],
)
def test_an_ending_whose_bracket_ends_before_the_repeat_sign(bars: tuple[str, ...], played: str) -> None:
    assert letters(score(*bars)) == played


@pytest.mark.parametrize(
    ("bars", "played"),
    [
        (("C |:", "D [1 ]1 :|", "E [1 ]1"), "CDCE"),
        (("C |:", "D [2 ]2 :|", "E [2 ]2"), "CDCE"),
        (("C |:", "D [1 ]1 :|", "E [3 ]3"), "CDCE"),
        (("C |:", "D [1,2 ]1 :|", "E [3 ]3"), "CDCDCE"),
        (("C |:", "D [1 ]1", "E [3 ]3 :|", "F"), "CDCEF"),
    ],
)
def test_an_ending_with_a_wrong_number_is_the_next_one(bars: tuple[str, ...], played: str) -> None:
    assert letters(score(*bars)) == played


@pytest.mark.parametrize(
    ("bars", "played"),
    [
        (("C |:", "D [1", "E |: :|", "F ]1 :|", "G [2 ]2"), "CDEEFCG"),
        (("C |:", "D [1", "E |: :|x3", "F ]1 :|", "G [2 ]2"), "CDEEEFCG"),
        (("C |:", "D [1", "E |: ]1 :|", "G [2 ]2"), "CDEECG"),
        (("C |:", "D [1 ]1 :|", "E [2", "F |: :|", "G ]2", "A"), "CDCEFFGA"),
        (("C |:", "D [1 ]1 :|", "E [2 ]2", "F |: :|", "G"), "CDCEFFG"),
        (("C |:", "D [1", "E |: :|", "F ]1 :|", "G [2 ]2 dacapo='yes'", "A"), "CDEEFCGCGA"),
    ],
)
def test_a_repeat_inside_an_ending(bars: tuple[str, ...], played: str) -> None:
    assert letters(score(*bars)) == played


def test_music_first_played_after_a_jump_has_its_repeats() -> None:
    assert letters(score("C :|", "D dacapo='yes'", "E |: :|", "F")) == "CCDCDEEF"
    coda = ("C tocoda='c'", "D dacapo='yes'", "E |: coda='c'", "F [1 ]1 :|", "G [2 ]2")
    assert letters(score(*coda)) == "CDCEFEG"


def test_dal_segno_without_a_segno_is_refused() -> None:
    with pytest.raises(ReadError, match="D.S. without a segno") as refused:
        score("C", "D dalsegno='s'")
    assert refused.value.rule == "bad_repeats"


@pytest.mark.parametrize(
    ("bars", "played", "n_ignored"),
    [
        (("C tocoda='c'", "D dacapo='yes'", "E"), "CDCDE", 1),
        (
            ("C coda='c'", "D tocoda='c'", "E dacapo='yes'", "F"),
            "CDECDEF",
            2,
        ),  # the coda is behind the way to it
        (("C segno='s'", "D coda='c'", "E"), "CDE", 2),
        (("C", "D fine='yes'", "E tocoda='c'"), "CDE", 2),
        (("C segno='s'", "D segno='t'", "E dalsegno='s'", "F"), "CDECDEF", 1),
        (("C", "D tocoda='c'", "E dacapo='yes'", "F coda='c'"), "CDECDF", 0),
        (("C", "D fine='yes'", "E dacapo='yes'"), "CDECD", 0),
        (("C :|", "D"), "CCD", 0),
    ],
)
def test_a_sign_without_a_target_is_ignored_and_counted(
    bars: tuple[str, ...], played: str, n_ignored: int
) -> None:
    found = score(*bars)
    assert (letters(found), found.n_ignored_jumps) == (played, n_ignored)


@pytest.mark.parametrize(
    ("music", "played", "n_ignored"),
    [
        ("C | D !dacoda! | E !D.C.! |]", "CDECDE", 1),
        ("C | !segno! D | !coda! E | F !fine! |]", "CDEF", 3),
        ('C | D | E "D.C." |]', "CDE", 1),  # words alone: how far one plays is not clear
        ("C | D !dacoda! | E !D.C.! |] !coda! F |]", "CDECDF", 0),
    ],
)
def test_abc_counts_the_jumps_that_are_passed_over(music: str, played: str, n_ignored: int) -> None:
    found = abc_part(music)
    assert (letters(found), found.n_ignored_jumps) == (played, n_ignored)


def test_all_voices_have_the_number_of_ignored_jumps() -> None:
    tune = b"X:1\nM:4/4\nL:1/1\nV:1\nV:2\nK:C\n[V:1] C !fine! | D |]\n[V:2] E !fine! | F |]\n"
    assert [found.n_ignored_jumps for found in abc.read(tune, PLAYED).parts] == [1, 1]
    assert [found.n_ignored_jumps for found in abc.read(tune, READ).parts] == [0, 0]


@pytest.mark.parametrize(
    ("bars", "played"),
    [
        (("C |:", "D [1 ]1", "E [2 ]2", "F [1 ]1 :|", "G [2 ]2 :|", "A"), "CDFCEGA"),
        (("C |:", "D [1 ]1", "E [2 ]2", "F [3 ]3", "G", "A [1 ]1 :|", "B [2 ]2 :|"), "CDGACEGBCFG"),
        (("C |:", "D [1 ]1", "E [2 ]2", "F [3 ]open", "G", "A [1 ]1 :|", "B [2 ]2 :|"), "CDACEBCFG"),
        (("C |:", "D [1 ]1", "E [2 ]2", "F |:", "G [1 ]1 :|", "A [2 ]2"), "CDCEFGFA"),
    ],
)
def test_endings_without_a_close_and_those_with_one_behind_them_share_the_passes(
    bars: tuple[str, ...], played: str
) -> None:
    assert letters(score(*bars)) == played


def kern_letters(*lines: str) -> str:
    return letters(kern.read("\n".join(("**kern", *lines, "*-")).encode(), PLAYED).parts[0])


def test_kern_follows_its_list_of_sections() -> None:
    piece = ("*>[A,A,B]", "*>norep[A,B]", "*>A", "1c", "=:|!", "*>B", "1d", "=:|!")
    assert kern_letters(*piece) == "CCD"
    assert kern_letters("*>[A,B,A]", "1e", "*>A", "1c", "*>B", "1d") == "ECDC"


def test_kern_without_a_list_follows_its_repeat_signs() -> None:
    assert kern_letters("1c", "=:|!|:", "1d", "=:|!", "1e", "==") == "CCDDE"
    assert kern_letters("*>norep[A]", "*>A", "1c", "=!|:", "1d", "=:|!") == "CDD"
    assert kern_letters("*>[]", "*>A", "1c", "=!|:", "1d", "=:|!") == "CDD"


def test_signs_that_several_staves_write_count_once() -> None:
    twice = [Sign(4, "close"), Sign(4, "close"), Sign(8, "close")]
    assert plan(twice, 12).segments == ((0, 4), (0, 8), (4, 12))


def test_an_endless_loop_of_signs_is_refused() -> None:
    with pytest.raises(ReadError, match="64 times as long"):
        plan([Sign(4, "close", times=900)], 4)
    with pytest.raises(ReadError, match="endless loop"):
        plan([Sign(4, "close", times=100_000)], 4)


def signs_of(kinds: tuple[str, ...]) -> st.SearchStrategy[list[Sign]]:
    numbers = st.lists(st.integers(1, 4), min_size=1, max_size=2, unique=True).map(sorted).map(tuple)
    sign = st.builds(
        Sign, st.integers(0, 6), st.sampled_from(kinds), numbers, st.integers(0, 3), st.sampled_from("AB")
    )
    return st.lists(sign, max_size=9)


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(signs_of(tuple(RANK)), st.sampled_from(((), ("A", "B", "A"))))
def test_any_signs_are_played_or_refused(signs: list[Sign], order: tuple[str, ...]) -> None:
    rule, segments = "", ((0, 6),)
    try:
        segments = plan(signs, 6, order).segments
    except ReadError as error:
        rule = error.rule
    assert rule in ("", "bad_repeats")
    assert segments
    assert all(0 <= begin < end <= 6 for begin, end in segments)


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(signs_of(("open", "close", "start")))
def test_repeat_signs_alone_leave_nothing_out(signs: list[Sign]) -> None:
    played_steps = {step for begin, end in plan(signs, 6).segments for step in range(int(begin), int(end))}
    assert played_steps == set(range(6))


def test_a_corpus_sets_whether_repeats_are_unfolded() -> None:
    source = readers.split("a.abc", b"X:1\nM:4/4\nL:1/1\nK:C\nC | D :| E | F |\n")[0]
    assert letters(readers.read(source, READ).parts[0]) == "CDEF"
    for reader in ("auto", "music21"):
        played = PLAYED.model_copy(update={"reader": reader})
        part = readers.read(source, played).parts[0]
        assert letters(part) == "CDCDEF"
        assert np.array_equal(part.onset // 40320, [0, 1, 2, 3, 4, 5])


def test_music21_raises_if_it_cannot_repeat() -> None:
    played = PLAYED.model_copy(update={"reader": "music21"})
    short = readers.split("a.abc", b"X:1\nM:4/4\nL:1/1\nK:C\nC | D |\n")[0]
    assert letters(readers.read(short, played).parts[0]) == "CD"
    repeated = readers.split("a.abc", b"X:1\nM:4/4\nL:1/1\nK:C\nC | D :|\n")[0]
    with pytest.raises(ReadError, match="so short a tune"):
        readers.read(repeated, played)
