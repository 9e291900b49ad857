"""Small inputs based on public bug reports and real files, each with its correct notes.

``cases/expected.json`` lists for each file the kind of fault, the clause that decides
(``by``), where people met it (``reported_in``), and either its notes or why it is
``rejected``; reading a rejected file to its ``or_notes`` is right, too. A note is onset
and duration in quarters, MIDI pitch and the number of the part; a file of several pieces
has a list of such lists. ``settings`` are those of ``corpora.KEY.read`` that differ from
the defaults, ``also`` are fields of the first part.
"""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from pipeline.core.music import TICKS_PER_QUARTER, Piece
from pipeline.formats import readers
from pipeline.formats.readers import ReadError
from tests.helpers.reading import LIMITS, READ

CASES = Path(__file__).parent / "cases"
EXPECTED: list[dict[str, Any]] = json.loads((CASES / "expected.json").read_text())
LISTED = {case["file"] for case in EXPECTED}

Note = tuple[Fraction, Fraction, int, int]


def read(case: dict[str, Any]) -> list[Piece]:
    """All pieces of a case's file."""
    settings = READ.model_copy(update=case.get("settings", {}))
    sources = readers.split(case["file"], (CASES / case["file"]).read_bytes(), LIMITS)
    return [readers.read(source, settings, LIMITS) for source in sources]


def notes(piece: Piece) -> list[Note]:
    """Onset and duration in quarters, pitch, part; by part, onset and falling pitch."""
    return [
        (Fraction(onset, TICKS_PER_QUARTER), Fraction(duration, TICKS_PER_QUARTER), pitch, number)
        for number, part in enumerate(piece.parts)
        for onset, duration, pitch in zip(
            part.onset.tolist(), part.duration.tolist(), part.pitch.tolist(), strict=True
        )
    ]


def in_order(listed: list[list[Any]]) -> list[Note]:
    """The notes of ``expected.json``, ordered as those of a piece."""
    exact = [(Fraction(onset), Fraction(duration), pitch, part) for onset, duration, pitch, part in listed]
    return sorted(exact, key=lambda note: (note[3], note[0], -note[2]))


def in_test(case: dict[str, Any]) -> Any:
    """A case as a parameter of a test."""
    return pytest.param(case, id=case["file"])


@pytest.mark.parametrize("case", [in_test(case) for case in EXPECTED if "notes" in case])
def test_a_case_has_its_notes(case: dict[str, Any]) -> None:
    pieces = read(case)
    several = isinstance(case["notes"][0][0], list)
    expected = case["notes"] if several else [case["notes"]]
    # a case with one list of notes may be a file of several pieces: its first is meant
    read_notes = [sorted(notes(piece), key=lambda note: (note[3], note[0], -note[2])) for piece in pieces]
    assert read_notes[: len(expected)] == [in_order(listed) for listed in expected]
    first = pieces[0].parts[0]
    assert {name: getattr(first, name) for name in case.get("also", {})} == case.get("also", {})


@pytest.mark.parametrize("case", [in_test(case) for case in EXPECTED if "rejected" in case])
def test_a_case_that_cannot_be_read_is_rejected(case: dict[str, Any]) -> None:
    try:
        pieces = read(case)
    except ReadError:
        return
    assert notes(pieces[0]) == in_order(case.get("or_notes", []))


def test_every_file_is_listed_once() -> None:
    files = {path.name for path in CASES.iterdir()} - {"expected.json", ".gitattributes"}
    assert files == LISTED
    assert len(EXPECTED) == len(LISTED)
