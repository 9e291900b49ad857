"""Notes to grid to tokens to grid to notes: nothing that fits the grid is lost."""

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.core.music import SILENCE, TICKS_PER_QUARTER, Grid
from pipeline.core.vocabulary import decode, encode
from pipeline.datasets.quantize import quantize
from tests.helpers.notes_text import columns_of, notes_table, part
from tests.helpers.random_music import GRIDS, Music, Note, as_written, exhaustive, music, quantizing

Voices = list[list[Note]]


def sung(grid: Grid) -> Voices:
    """The notes of every voice of a grid, read step by step."""
    voices: Voices = [[] for _ in range(grid.voices)]
    for step, voice in np.ndindex(grid.pitch.shape):
        pitch = int(grid.pitch[step, voice])
        if pitch == SILENCE:
            continue
        if grid.tied[step, voice]:
            onset, _, held = voices[voice].pop()
            voices[voice].append((onset, step + 1, held))
        else:
            voices[voice].append((step, step + 1, pitch))
    return voices


def grid_of(row: dict[str, Any]) -> Grid:
    cells = (np.array(row[name]).reshape(-1, row["voices"]) for name in ("pitch", "tied"))
    pitch, tied = cells
    return Grid(pitch.astype(np.uint8), tied.astype(bool))


def notes_of_grids(grids: pa.Table) -> list[Voices]:
    """The notes of every grid, by way of its tokens; both encoders must write the same ones."""
    rows = zip(grids.to_pylist(), as_written(grids)["tokens"].to_pylist(), strict=True)
    read = []
    for row, tokens in rows:
        grid = decode(tokens, row["voices"])
        assert grid == grid_of(row)
        assert encode(grid).tolist() == tokens
        read.append(sung(grid))
    return read


def first_onset(piece: Music) -> int:
    return min(notes[0][0] for notes in piece.voices)


def last_end(piece: Music) -> int:
    return max(notes[-1][1] for notes in piece.voices)


def earlier(voices: Any, steps: int) -> Voices:
    return [[(a - steps, b - steps, pitch) for a, b, pitch in notes] for notes in voices]


@exhaustive
@given(piece=music())
def test_music_that_fits_the_grid_is_restored_note_by_note(piece: Music) -> None:
    made = quantize(piece.table(), piece.settings())
    assert notes_of_grids(made.grids) == [earlier(piece.voices, 0)]
    assert made.grids["n_steps"].to_pylist() == [max(piece.ends)]


@exhaustive
@given(piece=music())
def test_trimming_removes_only_leading_and_trailing_rests(piece: Music) -> None:
    made = quantize(piece.table(), piece.settings(edge_silence="trim"))
    assert notes_of_grids(made.grids) == [earlier(piece.voices, first_onset(piece))]
    assert made.grids["n_steps"].to_pylist() == [last_end(piece) - first_onset(piece)]


@exhaustive
@given(piece=music())
def test_an_extended_note_lasts_until_the_next(piece: Music) -> None:
    held = [
        [(a, following[0], pitch) for (a, _, pitch), following in pairwise(notes)] + [notes[-1]]
        for notes in piece.voices
    ]
    assert notes_of_grids(quantize(piece.table(), piece.settings(rests="extend")).grids) == [held]


@exhaustive
@given(piece=music(), min_rest=st.integers(1, 4))
def test_phrases_together_contain_every_note(piece: Music, min_rest: int) -> None:
    made = quantize(piece.table(), piece.settings(rests="split", min_rest=min_rest, edge_silence="trim"))
    sounding = {step for notes in piece.voices for a, b, _ in notes for step in range(a, b)}
    begins = [first_onset(piece)]
    for note in sorted(note for voice in piece.voices for note in voice):
        if note[0] > begins[-1] and sounding.isdisjoint(range(note[0] - min_rest, note[0])):
            begins.append(note[0])
    numbers = [int(name.rpartition(":")[2]) for name in made.grids["piece_id"].to_pylist()]
    phrases = [phrase for _, phrase in sorted(zip(numbers, notes_of_grids(made.grids), strict=True))]
    assert len(phrases) == len(begins)
    together: Voices = [[] for _ in piece.voices]
    for begin, phrase in zip(begins, phrases, strict=True):
        for voice, notes in enumerate(earlier(phrase, -begin)):
            together[voice] += notes
    assert together == earlier(piece.voices, 0)


@exhaustive
@given(piece=st.booleans().flatmap(music))
def test_if_rests_are_refused_kept_pieces_have_none(piece: Music) -> None:
    rests = any(
        sum(b - a for a, b, _ in notes) < last_end(piece) - first_onset(piece) for notes in piece.voices
    )
    made = quantize(piece.table(), piece.settings(rests="reject", edge_silence="trim"))
    assert [rejection.rule for rejection in made.rejections] == ["rest"] * rests
    assert notes_of_grids(made.grids) == ([] if rests else [earlier(piece.voices, first_onset(piece))])


@exhaustive
@given(
    chord_notes=st.lists(
        st.tuples(st.integers(0, 12), st.integers(1, 5), st.integers(1, 127)), min_size=1, max_size=12
    ),
    chords=st.sampled_from(["top", "reject"]),
)
def test_of_chords_the_skyline_is_kept_or_the_piece_refused(chord_notes: list[Note], chords: str) -> None:
    notes = sorted({(a, a + length, pitch) for a, length, pitch in chord_notes}, key=lambda n: (n[0], -n[2]))
    times = [(a * TICKS_PER_QUARTER, (b - a) * TICKS_PER_QUARTER, p, False) for a, b, p in notes]
    end = max(b for _, b, _ in notes)
    columns = columns_of(times, end * TICKS_PER_QUARTER)
    made = quantize(notes_table(part("a/1", name="Soprano", **columns)), quantizing(1, 1, chords=chords))
    top = skyline(notes)
    overlapping = sum(b - a for a, b, _ in notes) != len({s for a, b, _ in notes for s in range(a, b)})
    if chords == "reject" and overlapping:
        assert [rejection.rule for rejection in made.rejections] == ["chord"]
    else:
        assert notes_of_grids(made.grids) == [[top]]


def skyline(notes: list[Note]) -> list[Note]:
    """Note by note: a higher note that still sounds wins over a lower new one."""
    line: list[Note] = []
    for onset in sorted({a for a, _, _ in notes}):
        _, end, pitch = max((n for n in notes if n[0] == onset), key=lambda n: (n[2], n[1]))
        if line and line[-1][1] > onset:
            if line[-1][2] > pitch:
                continue
            line[-1] = (line[-1][0], onset, line[-1][2])
        line.append((onset, end, pitch))
    return line


@exhaustive
@given(piece=music(), coarse=st.sampled_from(GRIDS))
def test_on_a_grid_that_does_not_fit_the_length_is_kept_within_a_step_and_a_half(
    piece: Music, coarse: int
) -> None:
    made = quantize(piece.table(), quantizing(len(piece.voices), coarse))
    (n_steps,) = made.grids["n_steps"].to_pylist()
    # a last note may begin half a step late, and is then held for a whole step
    steps_off = Fraction(max(piece.ends) * coarse, piece.steps_per_quarter) - n_steps
    assert abs(steps_off) <= Fraction(3, 2)
    assert len(notes_of_grids(made.grids)) == 1


@exhaustive
@given(piece=music(), coarse=st.sampled_from(GRIDS))
def test_inexact_music_is_refused_if_rounding_is(piece: Music, coarse: int) -> None:
    fits = all(
        time * coarse % piece.steps_per_quarter == 0 for v in piece.voices for a, b, _ in v for time in (a, b)
    )
    made = quantize(piece.table(), quantizing(len(piece.voices), coarse, on_inexact="reject"))
    assert [rejection.rule for rejection in made.rejections] == ([] if fits else ["inexact"])


@exhaustive
@given(piece=music(), semitones=st.integers(-24, 24))
def test_transposed_music_gives_transposed_tokens(piece: Music, semitones: int) -> None:
    pitches = [pitch + semitones for notes in piece.voices for _, _, pitch in notes]
    assume(min(pitches) >= 1 and max(pitches) <= 127)
    plain, moved = (
        np.array(as_written(quantize(piece.table(by), piece.settings()).grids)["tokens"].to_pylist()[0])
        for by in (0, semitones)
    )
    sounding = (plain < 256) & (plain % 128 != SILENCE)
    assert (moved == np.where(sounding, plain + semitones, plain)).all()


@exhaustive
@given(piece=music())
def test_bars_are_counted_from_the_upbeat(piece: Music) -> None:
    row = quantize(piece.table(), piece.settings()).grids.to_pylist()[0]
    bar = 2 * piece.steps_per_quarter
    full = [(step - piece.upbeat) % bar for step in range(piece.upbeat, piece.ends[0])]
    assert row["step_in_bar"][piece.upbeat : piece.ends[0]] == full
    assert row["meter"] == "2/4"
