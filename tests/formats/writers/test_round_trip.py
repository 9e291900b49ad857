"""Written scores read back: notes, bar lines with the upbeat, time signature and key are the same."""

from pathlib import Path

import pytest

from pipeline.core.music import Grid
from pipeline.core.vocabulary import START, STOP, decode
from pipeline.formats.writers.layout import Layout
from tests.helpers.bundled_rows import scores_of, spread
from tests.helpers.comparison import bundled
from tests.helpers.round_trip import KINDS, read_by_music21, read_by_us, written

Score = tuple[str, Grid, Layout]


@pytest.fixture(scope="module")
def scores() -> list[Score]:
    """Melodies of all bundled corpora, and choirs."""
    pieces = list(bundled())
    choirs = [unread for unread in pieces if unread.name.startswith("bach/")]
    return [*scores_of(spread(pieces, 12), 4), *scores_of(spread(choirs, 4), 4, voices=4)]


@pytest.mark.parametrize("kind", KINDS)
def test_our_readers_read_back_the_written_score(scores: list[Score], kind: str) -> None:
    differing = {
        name: found
        for name, *score in scores
        if (found := written(*score, kind).differs(read_by_us(*score, kind)))
    }
    assert (len(scores) >= 50, differing) == (True, {})


@pytest.mark.parametrize("kind", KINDS)
def test_music21_reads_back_the_written_score(scores: list[Score], kind: str, tmp_path: Path) -> None:
    differing = {
        name: found
        for name, *score in scores[::5]
        if (found := written(*score, kind).differs(read_by_music21(*score, kind, tmp_path)))
    }
    assert differing == {}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("signature", ["6/8", "12/8", "3/2", "2/2", "9/16", "5/8", "2/1"])
def test_a_time_signature_survives(kind: str, signature: str, tmp_path: Path) -> None:
    numerator, denominator = map(int, signature.split("/"))
    bar = 16 * numerator // denominator
    layout = Layout(4, bar, 1, -2, time_signature=signature, key_mode="minor")
    grid = decode([START, *range(60, 60 + 2 * bar), STOP], 1)
    expected = written(grid, layout, kind)
    assert expected.signature == signature
    assert expected.differs(read_by_us(grid, layout, kind)) == []
    assert expected.differs(read_by_music21(grid, layout, kind, tmp_path)) == []
