from dataclasses import fields

import pytest

from pipeline.decoding.voice_leading.keys import WrittenKey
from pipeline.evaluation.metrics.voice_leading import VoiceLeading, total, voice_leading
from tests.helpers.chords import chords


def counted(*columns: str, transposition: int = 0, leading_note: int | None = None) -> dict[str, int]:
    """All counts that are not 0."""
    found = voice_leading(chords(*columns), WrittenKey(transposition, leading_note))
    return {field.name: value for field in fields(found) if (value := getattr(found, field.name))}


def test_good_part_writing_breaks_no_rule() -> None:
    assert counted("e5 g4 c4 c3", "d5 g4 b3 g3", "c5 g4 e4 c3") == {"chords": 3}


def test_fifths_and_octaves_in_the_same_direction_are_parallel() -> None:
    assert counted("g4 c4", "a4 d4") == {"chords": 2, "parallel_fifths": 1}
    assert counted("g5 c4", "a5 d4") == {"chords": 2, "parallel_fifths": 1}  # an octave between
    assert counted("c5 c4", "d5 d4") == {"chords": 2, "parallel_octaves": 1}
    assert counted("c4 c4", "d4 d4")["parallel_octaves"] == 1


def test_between_crossed_voices_a_fourth_is_no_fifth() -> None:
    assert "parallel_fifths" not in counted("c4 f4", "d4 g4")
    assert counted("c4 g4", "d4 a4")["parallel_fifths"] == 1


def test_oblique_and_contrary_motion_is_not_parallel() -> None:
    assert "parallel_fifths" not in counted("g4 c4", "g4! c4!")
    assert "parallel_octaves" not in counted("c5 c4", "c6 c3")
    assert "parallel_octaves" not in counted("c5 c4", "- -", "d5 d4")


def test_a_leap_into_a_perfect_interval_is_direct_and_a_step_is_not() -> None:
    assert counted("e4 a3", "a4 d4") == {"chords": 2, "parallel_fifths": 1}
    assert counted("f4 a3", "a4 d4") == {"chords": 2, "direct": 1}
    assert counted("g4 b3", "a4 d4") == {"chords": 2}


def test_voices_cross_in_a_chord_and_overlap_from_one_to_the_next() -> None:
    assert counted("c4 e4") == {"chords": 1, "crossings": 1}
    assert counted("g4 e4", "c5 a4") == {"chords": 2, "overlaps": 1}
    assert counted("g4 e4", "d4 b3") == {"chords": 2, "overlaps": 1}


def test_upper_neighbours_stay_within_an_octave_and_the_bass_need_not() -> None:
    assert counted("e5 c4 g3 c2", transposition=-12)["wide"] == 1
    assert "wide" not in counted("e5 g4 c4 c2", transposition=-12)


def test_ranges_are_those_of_the_piece_as_written() -> None:
    high = "b5 g4 d4 g3"
    assert counted(high) == {"chords": 1, "out_of_range": 1, "wide": 1}
    assert "out_of_range" not in counted(high, transposition=5)
    assert counted("b5 g4") == {"chords": 1}  # two voices have no names, and no ranges


def test_a_leap_is_larger_than_an_octave_also_across_silence() -> None:
    assert "leaps" not in counted("c4 c3", "c5 c3")
    assert counted("c4 c3", "- c3", "e5 c3")["leaps"] == 1


def test_two_voices_on_the_leading_note_double_it() -> None:
    assert counted("b4 g4 d4 b2", leading_note=11)["doubled_leading"] == 1
    assert "doubled_leading" not in counted("b4 g4 d4 g3", leading_note=11)
    assert "doubled_leading" not in counted("b4 g4 d4 b2")  # the key is unknown


@pytest.mark.parametrize(
    "chord", ["c5 g4 e4 c3", "d5 g4 b3 f3", "c5 a4 d#4 f#3", "b4 g4 e4 c3", "c5 g4 g4 c3"]
)
def test_triads_and_seventh_chords_whole_or_not_are_consonant(chord: str) -> None:
    assert "dissonant" not in counted(chord)


@pytest.mark.parametrize("chord", ["d5 f4 e4 c3", "c#5 g4 e4 c3", "c5 f4 d4 g3"])
def test_other_chords_are_dissonant(chord: str) -> None:
    assert counted(chord)["dissonant"] == 1


def test_a_chord_needs_all_voices_and_a_beginning() -> None:
    assert counted("e4 c4", "e4 c4", "e4 -", "e4 c4")["chords"] == 2


def test_counts_add_up_before_dividing() -> None:
    parallel, plain = (voice_leading(chords(*each)) for each in (("g4 c4", "a4 d4"), ("e4 c4",) * 2))
    both = total([parallel, plain])
    assert (both.chords, both.parallel_fifths) == (3, 1)
    assert both.per_hundred()["parallel_fifths"] == pytest.approx(100 / 3)
    assert VoiceLeading(*[0] * len(fields(VoiceLeading))).per_hundred()["leaps"] is None
