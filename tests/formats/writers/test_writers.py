"""Scores are written without libraries; music21, as an independent reader, must read the same music."""

from fractions import Fraction
from pathlib import Path

import music21
import numpy as np
import pytest

from pipeline.core.music import Grid
from pipeline.core.vocabulary import START, STOP, decode
from pipeline.formats.writers.layout import Layout, ScoreError, transposed
from pipeline.formats.writers.midi import as_midi
from pipeline.formats.writers.musicxml import as_musicxml

WALTZ = [67, 195, 195, 64, 0, 128, 60, 188, 188, 188, 62, 190, 190, 190, 190, 190, 190, 190, 190, 61]


def grid(*tokens: int, voices: int = 1) -> Grid:
    return decode([START, *tokens, STOP], voices)


def opened(content: bytes, suffix: str, folder: Path) -> music21.stream.Score:
    path = folder / f"score{suffix}"
    path.write_bytes(content)
    kwargs = {"quantizePost": False} if suffix == ".mid" else {}
    score = music21.converter.parse(path, forceSource=True, **kwargs)
    assert isinstance(score, music21.stream.Score)
    return score


def read_back(part: music21.stream.Part, steps_per_quarter: int) -> list[tuple[Fraction, Fraction, int]]:
    """(onset, duration, pitch) of the notes in steps, ties merged."""
    notes = part.stripTies().flatten().notes
    times = [
        (Fraction(n.offset).limit_denominator(64), Fraction(n.quarterLength).limit_denominator(64))
        for n in notes
    ]
    pitches = [n.pitch.midi for n in notes]
    return [
        (o * steps_per_quarter, d * steps_per_quarter, p) for (o, d), p in zip(times, pitches, strict=True)
    ]


def written(grid: Grid, voice: int) -> list[tuple[int, int, int]]:
    found = []
    for step in range(grid.n_steps):
        pitch, tied = int(grid.pitch[step, voice]), bool(grid.tied[step, voice])
        if tied and pitch:
            found[-1] = (found[-1][0], found[-1][1] + 1, pitch)
        elif pitch:
            found.append((step, 1, pitch))
    return found


def random_grid(rng: np.random.Generator, voices: int) -> Grid:
    lines = []
    for _ in range(voices):
        line: list[int] = []
        while len(line) < 40:
            silent = rng.random() < 0.15 and (not line or line[-1] % 128)
            pitch = 0 if silent else int(rng.integers(40, 90))
            line += [pitch, *[pitch + 128] * int(rng.integers(0, 9))]
        lines.append(line[:40])
    return grid(*np.array(lines).T.ravel().tolist(), voices=voices)


@pytest.mark.parametrize("write", [(as_midi, ".mid"), (as_musicxml, ".musicxml")])
@pytest.mark.parametrize(
    "layout", [Layout(1), Layout(2, 6), Layout(4, 16, 4, -3, mark=13), Layout(3, 9), Layout(12)]
)
@pytest.mark.parametrize("voices", [1, 4])
def test_music21_reads_back_the_same_notes(write, layout: Layout, voices: int, tmp_path: Path) -> None:
    music = random_grid(np.random.default_rng(layout.steps_per_quarter), voices)
    score = opened(write[0](music, layout), write[1], tmp_path)
    assert len(score.parts) == voices
    for voice, part in enumerate(score.parts):
        assert read_back(part, layout.steps_per_quarter) == written(music, voice)


def test_a_waltz_has_bars_rests_and_ties_over_the_bar_lines(tmp_path: Path) -> None:
    layout = Layout(2, steps_per_bar=6, first_bar=3, key_fifths=2, title="Länd\rler <&>", mark=10)
    score = opened(as_musicxml(grid(*WALTZ), layout), ".musicxml", tmp_path)
    part = score.parts[0]
    bars = list(part.getElementsByClass(music21.stream.Measure))
    assert [(bar.number, bar.offset) for bar in bars] == [(0, 0.0), (1, 1.5), (2, 4.5), (3, 7.5)]
    assert part.flatten().timeSignature.ratioString == "3/4"
    assert part.flatten().keySignature.sharps == 2
    assert score.metadata.title == "Länd ler <&>"
    assert [
        (r.getOffsetInHierarchy(part), r.quarterLength) for r in part.recurse().getElementsByClass("Rest")
    ] == [(2, 1)]
    marks = [
        (t.content, t.getOffsetInHierarchy(part)) for t in part.recurse().getElementsByClass("TextExpression")
    ]
    assert marks == [("continuation", 5.0)]
    assert part.flatten().notes[-1].pitch.nameWithOctave == "C#4"


def test_a_midi_file_has_its_metre_key_and_mark(tmp_path: Path) -> None:
    layout = Layout(2, steps_per_bar=6, key_fifths=-1, title="Ländler", mark=6)
    content = as_midi(grid(*WALTZ), layout)
    assert b"\x06\x0ccontinuation" in content
    flat = opened(content, ".mid", tmp_path).flatten()
    assert flat.getElementsByClass("TimeSignature")[0].ratioString == "3/4"
    assert flat.getElementsByClass("KeySignature")[0].sharps == -1


def test_a_silence_at_the_end_keeps_its_time() -> None:
    longer, shorter = (as_midi(grid(60, *[0, *[128] * n]), Layout(1)) for n in (200, 100))
    assert longer != shorter


def test_the_same_grid_gives_the_same_bytes() -> None:
    layout = Layout(4, 16, 0, 1, "A tune")
    assert as_midi(grid(*WALTZ), layout) == as_midi(grid(*WALTZ), layout)
    text = as_musicxml(grid(*WALTZ), layout)
    assert text == as_musicxml(grid(*WALTZ), layout)
    assert b"encoding-date" not in text


def test_a_metre_that_no_signature_can_write_is_left_out(tmp_path: Path) -> None:
    assert Layout(3, steps_per_bar=4).meter is None
    assert (Layout(4, 12).meter, Layout(1, 2).meter, Layout(4, 10).meter) == ((3, 4), (2, 4), (5, 8))
    opened(as_musicxml(grid(*WALTZ), Layout(3, steps_per_bar=4)), ".musicxml", tmp_path)


def test_notes_move_and_silence_stays() -> None:
    assert transposed(grid(60, 0, 62), -2).pitch.ravel().tolist() == [58, 0, 60]
    assert transposed(grid(3, 131, 125), -5).pitch.ravel().tolist() == [10, 10, 120]
    assert transposed(grid(125), 5).pitch.ravel().tolist() == [118]


def test_a_grid_too_fine_for_notation_is_refused() -> None:
    with pytest.raises(ScoreError, match="100 steps per quarter: a score allows 1 to 64"):
        Layout(100)
