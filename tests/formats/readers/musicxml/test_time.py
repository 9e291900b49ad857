"""Time in MusicXML: hidden rests, rounded tuplets, bars of uneven length, whole-bar rests."""

from fractions import Fraction

import pytest

from pipeline.formats.readers import musicxml
from tests.helpers.musicxml_text import (
    TIME_4_4,
    backup,
    forward,
    measure,
    note,
    part,
    quarters,
    score,
    triples,
    whole_bar_rest,
)
from tests.helpers.reading import PLAYED, READ

TIME_3_4 = "<time><beats>3</beats><beat-type>4</beat-type></time>"
TIME_2_4 = "<time><beats>2</beats><beat-type>4</beat-type></time>"
FREE = "<time><senza-misura/></time>"
START = f"<divisions>1</divisions>{TIME_4_4}"


def tuplet(kind: str, actual: int, normal: int) -> str:
    return (
        f"<type>{kind}</type><time-modification><actual-notes>{actual}</actual-notes>"
        f"<normal-notes>{normal}</normal-notes></time-modification>"
    )


SEPTUPLET = tuplet("16th", 7, 4)


class TestHiddenRests:
    def test_a_forward_fills_the_bar(self) -> None:
        assert quarters(part(note("C4") + forward(3), note("D4", 4)).onset) == [0, 4]

    def test_a_forward_alone_fills_no_more_than_a_bar(self) -> None:
        assert quarters(part(note("C4") + forward(9), note("D4", 4)).onset) == [0, 4]

    def test_a_hidden_rest_after_the_last_note_is_left_out(self) -> None:
        assert part(note("C4", 4), note("D4", 3) + forward(1)).end == 7 * 10080

    def test_a_part_that_rests_fills_a_bar_that_another_leaves_short(self) -> None:
        upper = measure(note("C5", 4), START) + measure(note("D5")) + measure(note("E5", 4))
        lower = measure(note("C4", 4), START) + measure(whole_bar_rest(4)) + measure(note("E4", 4))
        parts = musicxml.read(score(upper, lower), READ).parts
        assert [quarters(read.onset) for read in parts] == [[0, 4, 8], [0, 8]]
        assert [read.n_uneven_bars for read in parts] == [1, 0]

    def test_an_upbeat_in_the_middle_is_not_filled_by_whole_bar_rests(self) -> None:
        double = "<barline location='right'><bar-style>light-light</bar-style></barline>"
        upper = measure(note("C5", 4) + double, START) + measure(note("D5")) + measure(note("E5", 4))
        lower = measure(note("C4", 4) + double, START) + measure(whole_bar_rest(4)) + measure(note("E4", 4))
        parts = musicxml.read(score(upper, lower), READ).parts
        assert [quarters(read.onset) for read in parts] == [[0, 4, 5], [0, 5]]

    def test_the_rest_of_another_voice_without_a_backup_lengthens_no_bar(self) -> None:
        assert quarters(part(note("C4", 4) + note("r", 4), note("D4", 4)).onset) == [0, 4]


class TestUnevenBars:
    def test_parts_stay_together_and_short_bars_are_counted(self) -> None:
        upper = measure(note("C5", 4), START) + measure(note("D5", 5)) + measure(note("E5", 4))
        lower = measure(note("C4", 3), START) + measure(note("D4", 4)) + measure(note("E4", 4))
        parts = musicxml.read(score(upper, lower), READ).parts
        assert [quarters(read.onset) for read in parts] == [[0, 4, 9], [0, 4, 9]]
        assert [read.n_uneven_bars for read in parts] == [0, 2]


class TestSeveralMetersAtOnce:
    """Measures whose left bar line no other part has (``non-controlling``)."""

    def own(self, content: str) -> str:
        return measure(content).replace("<measure>", '<measure number="X1" non-controlling="yes">')

    def minuet_and_contredanse(self) -> bytes:
        three, two = f"<divisions>1</divisions>{TIME_3_4}", f"<divisions>1</divisions>{TIME_2_4}"
        minuet = measure(note("C5", 3), three) + self.own(note("D5", 3)) + measure(note("E5", 6))
        contredanse = measure(note("C4", 2), two) + self.own(whole_bar_rest(2)) + self.own(note("E4", 2))
        return score(minuet, contredanse + measure(note("F4", 6)))

    def test_each_part_keeps_its_own_bars(self) -> None:
        parts = musicxml.read(self.minuet_and_contredanse(), READ).parts
        assert [quarters(read.onset) for read in parts] == [[0, 3, 6], [0, 4, 6]]
        assert [read.n_uneven_bars for read in parts] == [0, 0]

    def test_the_bar_lines_of_a_part_are_its_own(self) -> None:
        parts = musicxml.read(self.minuet_and_contredanse(), READ).parts
        assert [quarters(read.bar_onsets) for read in parts] == [[0, 3, 6], [0, 2, 4, 6]]

    def test_a_repeat_closes_where_it_is_written(self) -> None:
        repeat = '<barline><repeat direction="backward"/></barline>'
        content = score(measure(note("C5", 4) + repeat, START) + self.own(note("D5", 4)))
        assert quarters(musicxml.read(content, PLAYED).parts[0].onset) == [0, 4, 8]


class TestWholeBarRests:
    @pytest.mark.parametrize("duration", [1, 2, 4, 6])
    def test_a_rest_of_the_measure_is_as_long_as_the_bar(self, duration: int) -> None:
        attributes = f"<divisions>1</divisions>{TIME_3_4}"
        bars = (note("C4", 3), whole_bar_rest(duration), note("D4", 3))
        assert quarters(part(*bars, attributes=attributes).onset) == [0, 6]

    @pytest.mark.parametrize("kind", ["", "<type>whole</type>"])
    def test_a_rest_alone_of_no_type_or_a_whole_rest_is_one(self, kind: str) -> None:
        attributes = f"<divisions>1</divisions>{TIME_3_4}"
        bars = (note("C4", 3), note("r", 4, kind), note("D4", 3))
        assert quarters(part(*bars, attributes=attributes).onset) == [0, 6]

    def test_a_backup_after_it_goes_to_the_beginning_by_either_length(self) -> None:
        for length in (3, 4):
            bar = whole_bar_rest(4) + backup(length) + note("E4", 3)
            read = part(note("C4", 3), bar, note("D4", 3), attributes=f"<divisions>1</divisions>{TIME_3_4}")
            assert quarters(read.onset) == [0, 3, 6]

    def test_in_free_time_and_in_upbeats_its_duration_counts(self) -> None:
        free = part(whole_bar_rest(7), note("D4", 3), attributes=f"<divisions>1</divisions>{FREE}")
        assert quarters(free.onset) == [7]
        upbeat = measure(whole_bar_rest(1), START).replace("<measure>", '<measure number="0" implicit="yes">')
        read = musicxml.read(score(upbeat + measure(note("D4", 4))), READ).parts[0]
        assert quarters(read.onset) == [1]

    def test_two_halves_of_a_bar_with_whole_bar_rests(self) -> None:
        halves = measure(whole_bar_rest(2), START) + f'<measure number="X1">{whole_bar_rest(2)}</measure>'
        assert quarters(musicxml.read(score(halves + measure(note("D4", 4))), READ).parts[0].onset) == [4]


class TestRoundedTuplets:
    @pytest.mark.parametrize(
        ("durations", "compensation"),
        [
            ((69,) * 7, backup(3)),
            ((68,) * 7, forward(4)),
            ((69, 68, 69, 68, 69, 69, 68), ""),
            ((69,) * 7, ""),
        ],
    )
    def test_a_septuplet_fills_a_quarter_however_it_is_rounded(
        self, durations: tuple[int, ...], compensation: str
    ) -> None:
        notes = "".join(note("C4", duration, SEPTUPLET) for duration in durations)
        read = part(
            notes + compensation + note("D4", 480) + note("E4", 960),
            note("F4", 1920),
            attributes=f"<divisions>480</divisions>{TIME_4_4}",
        )
        sevenths = [Fraction(n, 7) for n in range(7)]
        assert quarters(read.onset) == [*sevenths, 1, 2, 4]
        assert quarters(read.duration) == [Fraction(1, 7)] * 7 + [1, 2, 4]

    def test_a_triplet_without_types_fills_a_quarter(self) -> None:
        signs = tuplet("", 3, 2).replace("<type></type>", "")
        notes = "".join(note("C4", 43, signs) for _ in range(3)) + backup(1) + note("D4", 128)
        read = part(notes, attributes=f"<divisions>128</divisions>{TIME_4_4}")
        assert quarters(read.onset) == [0, Fraction(1, 3), Fraction(2, 3), 1]
        assert read.n_inexact == 0

    @pytest.mark.parametrize(
        "back", [backup(483 + 1440), backup(1920)], ids=["by the sum as written", "by the bar"]
    )
    def test_a_second_voice_begins_with_the_bar(self, back: str) -> None:
        upper = "".join(note("C5", 69, SEPTUPLET) for _ in range(7)) + note("D5", 1440)
        read = part(upper + back + note("C4", 1920), attributes=f"<divisions>480</divisions>{TIME_4_4}")
        assert (0, 4, 60) in triples(read)
        assert read.end == 4 * 10080

    def test_a_second_voice_begins_inside_a_tuplet(self) -> None:
        upper = "".join(note("C5", 69, SEPTUPLET) for _ in range(7)) + backup(3) + note("D5", 480)
        lower = backup(960 - 138) + note("C4", 69, SEPTUPLET)
        read = part(upper + lower, attributes=f"<divisions>480</divisions>{TIME_4_4}")
        assert (Fraction(2, 7), Fraction(1, 7), 60) in triples(read)

    def test_a_hidden_rest_inside_a_tuplet(self) -> None:
        first, last = (note(name, 69, SEPTUPLET) for name in ("C4", "D4"))
        read = part(
            first * 3 + forward(69) + last * 3 + backup(3) + note("E4", 480),
            attributes=f"<divisions>480</divisions>{TIME_4_4}",
        )
        assert quarters(read.onset) == [*(Fraction(n, 7) for n in (0, 1, 2, 4, 5, 6)), 1]

    def test_triplets_of_few_divisions(self) -> None:
        triplet = tuplet("eighth", 3, 2)
        bar = note("C4", 1, triplet) * 3 + forward(1) + note("D4", 4)
        read = part(bar, attributes="<divisions>4</divisions>")
        assert quarters(read.onset) == [0, Fraction(1, 3), Fraction(2, 3), 1]


class TestDivisions:
    @pytest.mark.parametrize(("divisions", "quarter"), [("480.0", "480"), ("0.5", "0.5"), ("2.5", "2.5")])
    def test_they_are_decimals(self, divisions: str, quarter: str) -> None:
        content = score(
            measure(note("C4").replace(">1<", f">{quarter}<") * 4, f"<divisions>{divisions}</divisions>")
        )
        assert quarters(musicxml.read(content, READ).parts[0].onset) == [0, 1, 2, 3]

    def test_they_change_inside_a_bar(self) -> None:
        change = "<attributes><divisions>4</divisions></attributes>"
        read = part(note("C4", 2) + change + note("D4", 8) + backup(8) + note("E4", 4))
        assert triples(read) == [(0, 2, 60), (2, 1, 64), (2, 2, 62)]


class TestTies:
    def test_a_tie_leads_to_the_other_staff(self) -> None:
        start, stop = '<tie type="start"/>', '<tie type="stop"/>'
        upper = note("G4", 4, f"{start}<staff>1</staff>")
        lower = note("r", 4, "<staff>1</staff>") + backup(4) + note("G4", 4, f"{stop}<staff>2</staff>")
        content = score(measure(upper, f"{START}<staves>2</staves>") + measure(lower))
        first, second = musicxml.read(content, READ).parts
        assert triples(first) == [(0, 8, 67)]
        assert triples(second) == []
        assert first.n_broken_ties == 0

    def test_a_tie_stays_in_its_staff_where_both_staves_have_the_note(self) -> None:
        start, stop = '<tie type="start"/>', '<tie type="stop"/>'
        bars = [
            note("G4", 4, f"{tie}<staff>1</staff>") + backup(4) + note("G4", 4, f"{tie}<staff>2</staff>")
            for tie in (start, stop)
        ]
        content = score(measure(bars[0], f"{START}<staves>2</staves>") + measure(bars[1]))
        assert [triples(read) for read in musicxml.read(content, READ).parts] == [[(0, 8, 67)], [(0, 8, 67)]]

    def test_a_note_that_rings_on_is_tied_to_nothing(self) -> None:
        ring = '<tie type="start"/><notations><tied type="let-ring"/></notations>'
        read = part(note("C4", 2, ring) + note("C4", 2))
        assert quarters(read.duration) == [2, 2]
        assert read.n_broken_ties == 0
