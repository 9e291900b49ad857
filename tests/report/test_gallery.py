"""Scores in the page: what is drawn is what is played, and what was said."""

import json
import re
from pathlib import Path

from pipeline.core.vocabulary import START, STOP, decode
from pipeline.formats.writers import WRITERS
from pipeline.formats.writers.layout import Layout
from pipeline.report import page
from pipeline.report.engraving import Engraver
from tests.helpers.melodies import ENTCHEN
from tests.helpers.report import PARAMS, VERSIONS

COMMON = Layout(steps_per_quarter=1, steps_per_bar=4, title="Ente")


def score(tokens: list[int], voices: int = 1) -> str:
    return WRITERS["musicxml"](decode(tokens, voices), COMMON).decode()


def test_notes_are_played_as_they_are_written() -> None:
    engraved = Engraver().engrave(score([START, 60, 188, 62, 0, 64, STOP]), "tune", "a tune")
    assert [(note.pitch, note.begin, note.end) for note in engraved.notes] == [
        (60, 0.0, 2.0),
        (62, 2.0, 3.0),
        (64, 4.0, 5.0),
    ]
    drawn = re.findall(r'id="(tune-\d+)" class="note"', engraved.svg)
    assert drawn == [name for note in engraved.notes for name in note.names]


def test_a_note_tied_over_bars_is_played_once_and_drawn_in_each() -> None:
    engraved = Engraver().engrave(score([START, 60, *[188] * 8, 62, STOP]), "tune", "a tune")
    held, last = engraved.notes
    assert (held.begin, held.end, len(held.names)) == (0.0, 9.0, 3)
    assert (last.begin, last.pitch) == (9.0, 62)


def test_all_voices_are_played() -> None:
    engraved = Engraver().engrave(score([START, 64, 60, 192, 59, STOP], voices=2), "duet", "a duet")
    assert sorted((note.pitch, note.begin, note.end) for note in engraved.notes) == [
        (59, 1.0, 2.0),
        (60, 0.0, 1.0),
        (64, 0.0, 2.0),
    ]


def test_staves_are_named_where_there_are_several() -> None:
    alone, duet = (
        Engraver().engrave(score([START, *symbols, STOP], voices=voices), "tune", "a tune").svg
        for symbols, voices in (([64, 60], 1), ([64, 60], 2))
    )
    assert 'class="label"' in alone  # which the page hides
    assert 'class="label"' not in duet
    assert "Voice 2" in duet


def test_drawings_share_their_glyphs_and_are_the_same_every_time() -> None:
    first, again = (Engraver().engrave(score(ENTCHEN), "ente", "Ente") for _ in range(2))
    assert first == again
    assert "<defs" not in first.svg
    used = set(re.findall(r'href="#(E[0-9A-F]+)"', first.svg))
    assert used == set(first.glyphs)


def test_the_page_tells_the_first_half_from_what_was_said(data: Path) -> None:
    html = page(data, PARAMS, VERSIONS)
    assert "Ente &amp; &lt;Enterich&gt;" in html
    assert html.count('class="play"') == 7
    figure = html[html.index('<figure class="wide playable" id="first-1-sampled">') :]
    said = figure[: figure.index("</figure>")].count('class="note said"')
    assert said == 3  # the note held for five quarters goes over a bar line


def test_what_a_button_plays_is_in_the_drawing_beside_it(data: Path) -> None:
    html = page(data, PARAMS, VERSIONS)
    for told in re.findall(r'data-notes="([^"]+)"', html):
        for begin, end, pitch, names in json.loads(told.replace("&#34;", '"')):
            assert 0 <= begin < end
            assert 0 < pitch < 128
            assert all(html.count(f'id="{name}"') == 1 for name in names)


def test_a_rejected_piece_is_seen_with_its_reason(data: Path) -> None:
    html = page(data, PARAMS, VERSIONS)
    words = "rejected by the filter of tunes: too few notes, found 3, the limit is 8"
    assert f"songs/&lt;bad&gt;, {words}" in html
    figure = html[html.index('id="rejected-1"') :]
    assert figure[: figure.index("</figure>")].count('class="note"') == 3
