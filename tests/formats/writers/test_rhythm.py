"""Note values, ties, tuplets and beams of a bar, written as words."""

from pipeline.core.vocabulary import START, STOP, decode
from pipeline.formats.writers.layout import Layout, sounds
from pipeline.formats.writers.rhythm import NotatedNote, Rhythm

BEAMS = {"begin": "[", "continue": "-", "end": "]", "forward hook": ">", "backward hook": "<"}


def word(note: NotatedNote) -> str:
    """The name of a note, "r" before a rest, "." for a dot, "~" for a tie, its beams, its tuplet's edges."""
    tie = "~" if note.to_tie else ""
    dot = "." if note.value.dotted else ""
    beams = "".join(BEAMS[beam] for beam in note.beams)
    ratio = f"({note.value.actual}:{note.value.normal}" if "start" in note.edges else ""
    end = ")" if "stop" in note.edges else ""
    return f"{ratio}{'' if note.pitch else 'r'}{note.value.name}{dot}{beams}{tie}{end}"


def bars(durations: str, layout: Layout) -> list[str]:
    """The bars of a melody given by its durations in steps, "r" before a rest."""
    tokens: list[int] = []
    for place, duration in enumerate(durations.split()):
        length = int(duration.lstrip("r"))
        pitch = 0 if duration[0] == "r" else 60 + place
        tokens += [pitch, *[pitch + 128] * (length - 1)]
    grid = decode([START, *tokens, STOP], 1)
    written = Rhythm(layout, grid.n_steps).bars(sounds(grid, 0))
    return [" ".join(word(note) for note in bar) for bar in written]


def test_notes_are_tied_over_bar_lines_and_where_no_value_fits() -> None:
    assert bars("3 5", Layout(1, 4)) == ["half. quarter~", "whole"]


def test_eighths_are_beamed_by_beats() -> None:
    assert bars("1 1 1 1 2 1 1", Layout(2, 8)) == ["eighth[ eighth] eighth[ eighth] quarter eighth[ eighth]"]
    assert bars("1 1 1 1 1 1", Layout(2, 6)) == ["eighth[ eighth] eighth[ eighth] eighth[ eighth]"]


def test_eighths_of_compound_meters_are_beamed_by_three() -> None:
    layout = Layout(2, 6, time_signature="6/8")
    assert bars("1 1 1 1 1 1", layout) == ["eighth[ eighth- eighth] eighth[ eighth- eighth]"]
    assert bars("2 1 2 1", layout) == ["quarter eighth quarter eighth"]


def test_half_notes_as_beats_carry_four_eighths() -> None:
    layout = Layout(2, 8, time_signature="2/2")
    assert bars("1 1 1 1 1 1 1 1", layout) == [" ".join(["eighth[ eighth- eighth- eighth]"] * 2)]


def test_rests_and_longer_notes_break_beams() -> None:
    assert bars("1 r1 1 1", Layout(4, 4)) == ["16th r16th 16th[[ 16th]]"]
    assert bars("1 2 1", Layout(2, 4)) == ["eighth quarter eighth"]


def test_shorter_notes_have_more_beams_and_hooks() -> None:
    assert bars("3 1", Layout(4, 4)) == ["eighth.[ 16th]<"]
    assert bars("1 3", Layout(4, 4)) == ["16th[> eighth.]"]
    assert bars("1 1 2", Layout(4, 4)) == ["16th[[ 16th-] eighth]"]
    assert bars("1 2 1", Layout(4, 4)) == ["16th[> eighth- 16th]<"]


def test_the_beats_of_an_upbeat_end_with_it() -> None:
    layout = Layout(2, 6, first_bar=4, time_signature="6/8")
    assert bars("1 1 1 1 3 3", layout) == ["eighth eighth[ eighth- eighth]", "quarter. quarter."]


def test_a_quarter_that_plain_notes_miss_is_a_tuplet() -> None:
    assert bars("1 1 1 3", Layout(3, 6)) == ["(3:2eighth[ eighth- eighth]) quarter"]
    assert bars("2 1 3", Layout(3, 6)) == ["(3:2quarter eighth) quarter"]
    assert bars("6 6 4 4 4", Layout(12, 24)) == ["eighth[ eighth] (3:2eighth[ eighth- eighth])"]
    assert bars("1 1 1 1 1", Layout(5, 5)) == ["(5:416th[[ 16th-- 16th-- 16th-- 16th]])"]


def test_notes_are_tied_into_and_out_of_tuplets() -> None:
    assert bars("4 1 1", Layout(3, 6)) == ["quarter~ (3:2eighth[ eighth- eighth])"]
    assert bars("1 4 1", Layout(3, 6)) == ["(3:2eighth quarter~) (3:2quarter eighth)"]


def test_a_note_is_cut_at_the_mark() -> None:
    assert bars("8", Layout(2, 8, mark=3)) == ["quarter.~ half~ eighth"]
